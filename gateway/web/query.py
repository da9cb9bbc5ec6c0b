"""The query of a call: a parameter that a route does not know is refused. Who mistypes `cursor` would otherwise read
the first page for ever, and who mistypes `dataset` would take the answer for a narrower one.

So it is under `/v1/`, and at `/oauth/token`, where a query is refused whole (a URL stands in logs). All else takes
any query and heeds none: monitors, crawlers and links put parameters of their own behind `/health/*`, `/metrics`,
`/docs`, `/problems` and `/.well-known/*`, and to refuse a monitor is to say that the gateway does not live.
"""

import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.dependencies.utils import get_flat_params
from fastapi.params import ParamTypes
from pydantic import BeforeValidator

from gateway.errors import InvalidRequest

_DIGITS = re.compile("0|[1-9][0-9]*")


def _whole(value: object) -> object:
    """A default is of its type already."""
    if isinstance(value, str) and _DIGITS.fullmatch(value) is None:
        raise ValueError(
            "a whole number in the digits 0-9 is expected, such as 20: no sign, blank, point or underscore"
        )
    return value


IN_DIGITS = BeforeValidator(_whole)
"""The last in the annotation of a number in a query or a path: Python alone would read `+1`, ` 1`, `1_0`, `1.0` and
the digits of every script."""


class UnknownParameter(InvalidRequest):
    """A parameter that the route does not know, or one that stands there twice."""

    code = "unknown-parameter"
    title = "The query holds a parameter that this call does not know"
    explanation = "Send the parameters that the detail names, each once at most, and no other; /docs describes them."

    def __init__(self, known: Iterable[str], *, twice: bool = False) -> None:
        names = ", ".join(sorted(known))
        wrong = "a parameter stands there twice" if twice else "a parameter is not known"
        super().__init__(f"{wrong}; known here are: {names}" if names else f"{wrong}: this call takes none")


async def known_query(request: Request) -> None:
    """A dependency, for a router. Raises `UnknownParameter`, which names those that are known and never what was
    sent: it may be anything."""
    raw = request.scope["query_string"]
    if not raw:
        return
    known = {
        field.alias
        for field in get_flat_params(request.scope["route"].dependant)
        if getattr(field.field_info, "in_", None) is ParamTypes.query
    }
    sent = [name for name, _ in parse_qsl(raw.decode("latin-1"), keep_blank_values=True)]
    if not known.issuperset(sent):
        raise UnknownParameter(known)
    if len(sent) > len(set(sent)):
        raise UnknownParameter(known, twice=True)
