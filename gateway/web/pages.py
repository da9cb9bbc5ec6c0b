"""Pages for problem types: what went wrong, and what to do. Plain HTML, no script, nothing from elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from gateway.errors import GatewayError
from gateway.web.declared import problems
from gateway.web.errors import NoSuchProblemType

_TEMPLATES = Environment(
    loader=FileSystemLoader(FilePath(__file__).parent / "templates"), autoescape=select_autoescape(default=True)
)
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_HEADERS = {
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_LONGEST = 100
"""Characters of a mistyped code that are compared: to compare costs with their square."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One problem type. `missing_key`: law, agreement, person or None."""

    code: str
    status: int
    title: str
    explanation: str
    missing_key: str | None = None
    where: str | None = None
    of_connector: bool = False
    """Given by the caller's own connector, never by a gateway."""


def router(types: Mapping[str, ProblemType], places: Mapping[str, str]) -> APIRouter:
    """`/problems` and `/problems/{code}`: where the `type` of a problem leads. `places`: see `gateway.document`."""
    routes = APIRouter(prefix="/problems", tags=["public"])

    @routes.get(
        "", response_class=HTMLResponse, response_description="A page for people", summary="All problem types"
    )
    async def index() -> HTMLResponse:
        """By status, each with a link to its page."""
        groups: dict[int, list[ProblemType]] = {}
        for kind in sorted(types.values(), key=lambda kind: (kind.status, kind.code)):
            groups.setdefault(kind.status, []).append(kind)
        return page("problems.html", groups=groups)

    @routes.get(
        "/{code}",
        response_class=HTMLResponse,
        response_description="A page for people",
        responses=problems(NoSuchProblemType),
        summary="One problem type",
    )
    async def one(code: Annotated[str, Path(description="`code` of a problem")]) -> HTMLResponse:
        """What it means and what to do: where the `type` of a problem leads. Who prefers `text/html` is told
        by a page too that there is no such type."""
        kind = types.get(code)
        if kind is None:
            raise NoSuchProblemType(next(iter(get_close_matches(code[:_LONGEST], types, 1)), None))
        return page("problem.html", up="../", kind=kind, place=places.get(kind.where or ""))

    return routes


def missing(path: str, error: GatewayError) -> HTMLResponse:
    """The page of an error, for who asked by this path for a page that there is not. Nothing of the path is on it."""
    up = "../" * (path.count("/") - 1) or "./"
    headers = {**_HEADERS, "Cache-Control": "no-store", "Vary": "Accept"}
    found = page("missing.html", up=up, headers=headers, error=error, nearest=getattr(error, "nearest", None))
    found.status_code = error.status
    return found


def page(template: str, *, up: str = "./", headers: Mapping[str, str] = _HEADERS, **context: object) -> HTMLResponse:
    """A page of a template. `up` leads from its address to the root, since no page names a host."""
    text = _TEMPLATES.get_template(template).render(up=up, phrases=_PHRASES, **context)
    return HTMLResponse(text, headers=dict(headers))
