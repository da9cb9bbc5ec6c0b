"""What must hold of a record type before anything is released by it. Whoever writes one asks it in a test."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from schemas.identifiers import SCHEMES
from schemas.members import paths_of
from schemas.records.model import RecordModel

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*/v[1-9][0-9]*")
_SAID: dict[str, type] = {"record_type": str, "title": str, "description": str, "example": Mapping}
_KINDS: dict[str, type] = {
    **_SAID,
    "special_category": bool,
    "criminal_offence": bool,
    "confirmations": Mapping,
    "identifier_paths": Mapping,
}
_CONFIRMATIONS = ("dateOfBirth", "familyName", "postcode")


def faults_of(model: type[RecordModel]) -> Iterator[str]:
    """Every fault, a sentence each; none where the record type is sound."""
    missing = [name for name in _SAID if not getattr(model, name, None)]
    if missing:
        yield f"it does not say its {', '.join(missing)}"
        return
    wrong = [name for name, kind in _KINDS.items() if not isinstance(getattr(model, name), kind)]
    if wrong:
        yield f"what it says as its {', '.join(wrong)} is of another kind than RecordModel has it"
        return
    if _NAME.fullmatch(model.record_type) is None:
        yield "its record_type is no name and version, such as parking-permit/v1"
    required = sorted(_required(model, set()))
    if required:
        yield f"no field of a record may be required, or stand for itself: give {', '.join(required)} None"
    try:
        model.model_validate_json(to_json(model.example))
    except PydanticSerializationError:
        yield "its example is not JSON"
    except ValidationError as error:
        where = {".".join(str(part) for part in fault["loc"]) or "all of it" for fault in error.errors()}
        yield f"its example does not fit it: {', '.join(sorted(where))}"
    paths = set(paths_of(model))
    for what, named, known in (
        ("confirmation", model.confirmations, _CONFIRMATIONS),
        ("identifier", model.identifier_paths, SCHEMES),
    ):
        for name, path in named.items():
            if name not in known:
                yield f"there is no {what} {name!r}; there are {', '.join(known)}"
            if not isinstance(path, str) or path not in paths:
                yield f"the {what} {name!r} is said to stand at {path}, which is no field"


def _required(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[str]:
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        if field.get_default(call_default_factory=False) is not None or field.default_factory is not None:
            yield f"{model.__name__}.{name}"
        for part in _models(field.annotation):
            yield from _required(part, seen)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models(argument)
