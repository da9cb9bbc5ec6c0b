"""What is sound of a body that as a whole is not, as an instance of its model from which the rest is missing."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas.members import Member, members

Loc = tuple[str | int, ...]
"""Where an error of pydantic's lies, by the names of the wire."""


@dataclass(slots=True)
class Sound:
    """`body` is of the model. What was not sound in it is no attribute of it, and is left out of its lists."""

    body: Any
    kept: dict[str, list[int]] = field(default_factory=dict)

    def pointer(self, pointer: str) -> str:
        """The pointer into the body as it was sent, for one into the sound part of it."""
        head, found = "", []
        for part in pointer.split("/")[1:]:
            places = self.kept.get(head)
            found.append(str(places[int(part)]) if places is not None and part.isdigit() else part)
            head = f"{head}/{part}"
        return "".join(f"/{part}" for part in found)


def sound(model: type[BaseModel], body: object, wrong: Set[Loc]) -> Sound | None:
    """What is sound, where these places are wrong; None where the body is no object at all."""
    if not isinstance(body, Mapping):
        return None
    found = Sound(None)
    found.body = _object(model, body, wrong, (), "", found)
    return found


def _object(model: type[BaseModel], sent: object, wrong: Set[Loc], at: Loc, here: str, found: Sound) -> BaseModel:
    if not isinstance(sent, Mapping):
        return _nothing(model)
    values: dict[str, Any] = {}
    missing = []
    for name, member in members(model).items():
        if name not in sent:
            continue
        try:
            values[member.attribute] = _member(model, member, sent[name], wrong, (*at, name), f"{here}/{name}", found)
        except (ValidationError, _Unsound):
            missing.append(member.attribute)
    part = model.model_construct(**values)
    for attribute in missing:
        part.__dict__.pop(attribute, None)  # a default would say what nobody said
    return part


def _nothing(model: type[BaseModel]) -> BaseModel:
    part = model.model_construct()
    part.__dict__.clear()
    return part


class _Unsound(Exception):  # not an error of ours
    pass


def _member(
    model: type[BaseModel], member: Member, sent: Any, wrong: Set[Loc], at: Loc, here: str, found: Sound
) -> Any:
    if not _touches(wrong, at):
        return _adapter(model, member.attribute).validate_python(sent)
    if at in wrong:
        raise _Unsound
    if isinstance(sent, list):
        return _elements(member, sent, wrong, at, here, found)
    if member.part is not None:
        return _object(member.part, sent, wrong, at, here, found)
    raise _Unsound


def _elements(member: Member, sent: list[Any], wrong: Set[Loc], at: Loc, here: str, found: Sound) -> list[Any]:
    elements: list[Any] = []
    kept: list[int] = []
    for n, one in enumerate(sent):
        if member.part is not None:
            elements.append(_object(member.part, one, wrong, (*at, n), f"{here}/{n}", found))
        elif _touches(wrong, (*at, n)):
            continue
        else:
            elements.append(one)
        kept.append(n)
    found.kept[here] = kept
    return elements


def _touches(wrong: Set[Loc], at: Loc) -> bool:
    return any(loc[: len(at)] == at for loc in wrong)


@cache
def _adapter(model: type[BaseModel], attribute: str) -> TypeAdapter[Any]:
    return TypeAdapter(model.model_fields[attribute].rebuild_annotation())
