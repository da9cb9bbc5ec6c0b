"""What a model holds, by the names of the wire: for whoever walks over a body or a record beside its model."""

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel


class Member(NamedTuple):
    """A field of a model: the attribute's name, its own model (None for a plain value), whether it is a list."""

    attribute: str
    part: type[BaseModel] | None
    many: bool


@cache
def members(model: type[BaseModel]) -> Mapping[str, Member]:
    """What a model holds, by the names of the wire."""
    return {
        field.alias or name: Member(name, *part_of(field.annotation)) for name, field in model.model_fields.items()
    }


def part_of(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    """The model within `X | None`, `list[X]` and `Annotated[X, …]`, and whether a list is about it."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, False
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return part_of(arguments[0])
    if origin is list:
        return part_of(arguments[0])[0], True
    if origin in (Union, UnionType):
        return max((part_of(argument) for argument in arguments), key=lambda found: (found[0] is not None, found[1]))
    return None, False
