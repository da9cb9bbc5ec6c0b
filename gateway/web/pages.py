"""Pages for problem types: what went wrong, and what to do. Plain HTML, no script, nothing from elsewhere."""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path as FilePath
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, select_autoescape

from gateway.errors import NotFound
from gateway.web.declared import problems

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


@dataclass(frozen=True, slots=True)
class ProblemType:
    """One problem type. `missing_key`: law, agreement, person or None."""

    code: str
    status: int
    title: str
    explanation: str
    missing_key: str | None = None
    where: str | None = None


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
        responses=problems(NotFound),
        summary="One problem type",
    )
    async def one(code: Annotated[str, Path(description="`code` of a problem")]) -> HTMLResponse:
        """What it means and what to do: where the `type` of a problem leads."""
        kind = types.get(code)
        if kind is None:
            raise NotFound
        return page("problem.html", up="../", kind=kind, place=places.get(kind.where or ""))

    return routes


def page(template: str, *, up: str = "./", headers: Mapping[str, str] = _HEADERS, **context: object) -> HTMLResponse:
    """A page of a template. `up` leads from its address to the root, since no page names a host."""
    text = _TEMPLATES.get_template(template).render(up=up, phrases=_PHRASES, **context)
    return HTMLResponse(text, headers=dict(headers))
