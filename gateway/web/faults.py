"""Every fault of a body at once, by JSON Pointer (RFC 6901), none with a value: those of its shape, which pydantic
finds, and those of its values, which only the room can find that knows what they name.

A room writes its checks as *rules*: generators of faults over a body, each for itself. They are run over the whole
body as part of the room's work; and, once a body has failed by its shape, over what is sound of it, where a rule that
needs a part that is not there says nothing.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from gateway.errors import Unavailable
from gateway.web.sound import sound
from schemas.members import known_at
from schemas.texts import WORDS

Fault = dict[str, str]
"""`pointer` and `detail`."""
Rules = Iterable[Iterator[Fault]]
CALLER = "threekeys.known"
"""Where the caller stands in a scope, once known."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Stands in the annotation of a route's body: the rules of its room, for a caller's body that is not whole.

    The body is of the route's model, but a part that is not sound is no attribute of it.
    """

    rules: Callable[[Any, Any], Awaitable[Rules]]


def fault(at: Sequence[str | int], detail: str) -> Fault:
    """One fault, at this place."""
    pointer = "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in at)
    return {"pointer": pointer, "detail": detail}


def of_shape(errors: Iterable[Mapping[str, Any]], model: type[BaseModel] | None = None) -> list[Fault]:
    """Pydantic's errors. An unknown member is told by its parent, with those that `model` knows there."""
    found: list[Fault] = []
    for error in errors:
        if error["type"] == "extra_forbidden":
            parent = error["loc"][:-1]
            known = ", ".join(known_at(model, parent))
            told = fault(parent, "an unknown member stands here" + (f"; known are: {known}" if known else ""))
        else:
            told = fault(error["loc"], _said(error))
        if told not in found:
            found.append(told)
    return found


def _said(error: Mapping[str, Any]) -> str:
    """What pydantic says, in words that know nothing of it."""
    about = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch" and about.get("pattern") in WORDS:
        return WORDS[about["pattern"]]
    if error["type"] == "too_short":
        return f"at least {about['min_length']} must stand here"
    if error["type"] == "too_long":
        return f"at most {about['max_length']} may stand here"
    return str(error["msg"]).removeprefix("Value error, ")


def of_values(rules: Rules) -> list[Fault]:
    """What the rules find in a body that is whole."""
    return [found for rule in rules for found in rule]


async def of_body(
    model: type[BaseModel] | None,
    body: object,
    errors: Sequence[Mapping[str, Any]],
    rules: Callable[[Any], Awaitable[Rules]] | None,
) -> list[Fault]:
    """Every fault of a body whose shape has failed by these errors of pydantic's."""
    found = of_shape(errors, model)
    if model is None or rules is None:
        return found
    part = sound(model, body, {error["loc"] for error in errors})
    if part is None:
        return found
    with suppress(Unavailable):  # the shape's faults are true without the database
        for one in _of_part(await rules(part.body)):
            told = {**one, "pointer": part.pointer(one["pointer"])}
            if told not in found:
                found.append(told)
    return found


def _of_part(rules: Rules) -> list[Fault]:
    found: list[Fault] = []
    with suppress(AttributeError):  # a part that is not sound is no attribute
        for rule in rules:
            with suppress(AttributeError):
                found.extend(rule)
    return found
