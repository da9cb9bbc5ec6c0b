"""Minimisation: validate the whole record, keep the permitted fields only.

Whatever a source hands over, a projection's answer holds no path outside its fields. The whole record is validated
first, so that a source of the wrong shape is found out even where the odd part would have been cut away. Absent
stays absent, null stays null, and identifiers come out in their canonical form.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from jiter import from_json
from pydantic import BaseModel, ValidationError

from schemas.members import members
from schemas.money import Money
from schemas.records.model import RecordModel
from schemas.records.paths import Tree, UnknownFields, field_paths, tree_of
from schemas.records.registry import record_model

_MOST_ERRORS: Final = 20
_DETAILS: Final[Mapping[str, str]] = {
    "day": "a date YYYY-MM-DD is expected",
    "extra_forbidden": "it has a member that the record type does not know",
    "greater_than_equal": "the number is too small",
    "int_type": "a whole number is expected",
    "less_than_equal": "the number is too large",
    "list_type": "a list is expected",
    "literal_error": "it is none of the values that the record type lists: {expected}",
    "model_type": "an object is expected",
    "string_pattern_mismatch": "the text does not have the form that the record type asks for: {pattern}",
    "string_too_long": "the text is longer than {max_length} characters",
    "string_type": "text is expected",
}
"""What stands in braces is the schema's own."""
_MONEY: Final = "money is expected, an object of amount and currency; a mapping makes it with `as: money`"


class RecordInvalid(ValueError):
    """A record is not of its record type. `errors`: [{"pointer": "/a/0/b", "detail": "…"}], never a value.

    The pointer (RFC 6901) of an unknown member names its parent only: a name that a source made up may be personal.
    """

    def __init__(self, record_type: str, errors: Sequence[Mapping[str, str]]) -> None:
        self.record_type = record_type
        self.errors = list(errors)
        first = self.errors[0]
        super().__init__(f"not a {record_type}: {first['detail']} at {first['pointer'] or 'the top'}")


class Projection:
    """A record type and the fields to keep. Thread-safe; make it by `projection`, which caches."""

    __slots__ = ("_include", "_serialise", "_validate", "fields", "record_type")

    def __init__(self, record_type: str, fields: frozenset[str]) -> None:
        """Raises `UnknownRecordType` and `UnknownFields`."""
        model = record_model(record_type)
        if unknown := fields - field_paths(record_type):
            raise UnknownFields(record_type, unknown)
        self.record_type = record_type
        self.fields = fields
        self._include = _include(model, tree_of(fields))
        # pydantic-core directly: on a hot path the methods of the model cost more than the work.
        self._validate = model.__pydantic_validator__.validate_python
        self._serialise = model.__pydantic_serializer__.to_python

    def apply(self, data: Mapping[str, Any] | bytes) -> dict[str, Any]:
        """The permitted part of a record, JSON-ready. Raises `RecordInvalid`."""
        if isinstance(data, bytes):
            try:
                data = from_json(data, allow_inf_nan=False, catch_duplicate_keys=True)
            except ValueError:  # its message may quote what it read
                raise RecordInvalid(self.record_type, [{"pointer": "", "detail": "it is not JSON"}]) from None
        try:
            record = self._validate(data)
        except ValidationError as error:
            raise RecordInvalid(self.record_type, _errors(error)) from None
        kept: dict[str, Any] = self._serialise(
            record, mode="json", by_alias=True, exclude_unset=True, include=self._include
        )
        return kept


@lru_cache(maxsize=1024)
def projection(record_type: str, fields: frozenset[str]) -> Projection:
    """The projection onto these fields; the last thousand are kept. Raises as `Projection` does."""
    return Projection(record_type, fields)


def project(record: RecordModel | Mapping[str, Any], fields: Iterable[str]) -> dict[str, Any]:
    """The permitted part of a record already known to be valid (a model, or its JSON), without validating again."""
    if isinstance(record, RecordModel):
        record = record.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return _prune(record, tree_of(fields))


def _prune(data: Mapping[str, Any], tree: Tree) -> dict[str, Any]:
    return {name: _keep(data[name], below) for name, below in tree.items() if name in data}


def _keep(value: Any, below: Tree) -> Any:
    if not below:
        return value
    if isinstance(value, Mapping):
        return _prune(value, below)
    if isinstance(value, list):
        return [_keep(item, below) for item in value if isinstance(item, (Mapping, type(None)))]
    return None  # a plain value has nothing below it that could be permitted


def _include(model: type[BaseModel], tree: Tree) -> dict[str, Any]:
    """The tree in pydantic's words: attribute names, `__all__` for the items of a list."""
    include: dict[str, Any] = {}
    for name, below in tree.items():
        member = members(model)[name]
        if not below or member.part is None:
            include[member.attribute] = True
        else:
            inner = _include(member.part, below)
            include[member.attribute] = {"__all__": inner} if member.many else inner
    return include


def _errors(error: ValidationError) -> list[dict[str, str]]:
    found = []
    for item in error.errors(include_url=False, include_input=False)[:_MOST_ERRORS]:
        kind = item["type"]
        place = item["loc"][:-1] if kind == "extra_forbidden" else item["loc"]
        if kind == "value_error":  # from the validators of this house, whose messages hold no value
            detail = str(item["ctx"]["error"])
        elif kind == "model_type" and item["ctx"]["class_name"] == Money.__name__:
            detail = _MONEY
        else:
            detail = _DETAILS.get(kind, "it does not have the shape of the record type")
            detail = detail.format_map(defaultdict(str, item.get("ctx", {})))
        found.append({"pointer": "".join(f"/{_escape(step)}" for step in place), "detail": detail})
    return found


def _escape(step: int | str) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")
