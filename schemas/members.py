"""What a model holds, by the names of the wire: for whoever walks over a body, a record or settings by its model."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel, Tag


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


def known_at(annotation: Any, loc: Iterable[str | int]) -> list[str]:
    """The names that are known where an error of pydantic's lies within this type; none where it is no model."""
    for part in loc:
        annotation = _step(annotation, part)
    return [name for _, arm in _arms(annotation) if _is_model(arm) for name in members(arm)]


def unknown_setting(annotation: Any, loc: tuple[str | int, ...]) -> str:
    """What to say of a key of a configuration that pydantic does not know: the nearest, and all that are known."""
    known = known_at(annotation, loc[:-1])
    near = get_close_matches(str(loc[-1]), known, 1)
    nearest = f" the nearest is {near[0]};" if near else ""
    return (
        f"there is no such setting;{nearest} known are: {', '.join(known)}" if known else "there is no such setting"
    )


def paths_of(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Every dotted name in a model: members, and what lies below them; lists are transparent."""
    for name, member in members(model).items():
        yield prefix + name
        if member.part is not None:
            yield from paths_of(member.part, f"{prefix}{name}.")


def _step(annotation: Any, part: str | int) -> Any:
    for tag, arm in _arms(annotation):
        if tag is not None:
            if tag == part:
                return arm
        elif _is_model(arm):
            member = members(arm).get(str(part))
            if member is not None:
                return arm.model_fields[member.attribute].annotation
        elif get_origin(arm) is dict:
            return get_args(arm)[1]
        elif get_origin(arm) in (list, tuple):
            return get_args(arm)[0]
    return None


def _arms(annotation: Any, tag: str | None = None) -> Iterator[tuple[str | None, Any]]:
    """The types that a type may be, each with its tag where it has one."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        tag = next((one.tag for one in arguments[1:] if isinstance(one, Tag)), tag)
        yield from _arms(arguments[0], tag)
    elif origin in (Union, UnionType):
        for argument in arguments:
            yield from _arms(argument, tag)
    else:
        yield tag, annotation


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
