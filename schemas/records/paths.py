"""Field paths: dotted names into a record type, as agreements, consents and requests write them.

A name selects its subtree; lists are transparent (`categories.code` is the code of every category); there are no
wildcards. Names are those of the wire, camelCase.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from schemas.records.registry import record_model

WHOLE: Final[Mapping[str, Any]] = {}
"""The tree of a field that is kept with all below it."""
Tree = Mapping[str, Any]
"""Permitted fields as nested mappings, `WHOLE` at the leaves."""


class Member(NamedTuple):
    """A field of a model: the attribute's name, its own model (None for a plain value), whether it is a list."""

    attribute: str
    part: type[BaseModel] | None
    many: bool


class UnknownFields(ValueError):
    """Field paths that the record type has not. `fields` names them; they are names, never values."""

    def __init__(self, record_type: str, fields: Iterable[str]) -> None:
        self.record_type = record_type
        self.fields = tuple(sorted(fields))
        super().__init__(f"{record_type} has no field {', '.join(self.fields)}")


@cache
def field_paths(record_type: str) -> frozenset[str]:
    """Every valid path of a record type, subtrees and leaves. Raises `UnknownRecordType`."""
    return frozenset(_walk(record_model(record_type), ""))


def tree_of(fields: Iterable[str]) -> dict[str, Any]:
    """The paths as a tree. Where a name and something below it are both there, the name wins."""
    tree: dict[str, Any] = {}
    for path in sorted(fields):  # a name sorts before all below it
        *above, last = path.split(".")
        node = tree
        for name in above:
            if name in node and not node[name]:
                break  # kept whole already
            node = node.setdefault(name, {})
        else:
            node.setdefault(last, WHOLE)
    return tree


@cache
def members(model: type[BaseModel]) -> Mapping[str, Member]:
    """What a model holds, by the names of the wire."""
    return {field.alias or name: Member(name, *_part(field.annotation)) for name, field in model.model_fields.items()}


def _walk(model: type[BaseModel], prefix: str) -> Iterable[str]:
    for name, member in members(model).items():
        yield prefix + name
        if member.part is not None:
            yield from _walk(member.part, f"{prefix}{name}.")


def _part(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model within `X | None`, `list[X]` and `Annotated[X, …]`, and whether a list is about it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _part(arguments[0])
    if origin is list:
        return _part(arguments[0])[0], True
    if origin in (Union, UnionType):
        return max((_part(argument) for argument in arguments), key=lambda found: (found[0] is not None, found[1]))
    return None, False
