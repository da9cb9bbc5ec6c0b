"""`/docs`: the API's reference, Swagger UI from this machine's own packages; nothing comes from elsewhere.

Its addresses are relative: behind a proxy that ends TLS the page must not name another scheme or host, and no page
repeats the request's Host. Held by `tests/web/test_reference.py` and, in a real browser, by `make proof`.
"""

from functools import cache
from importlib import resources
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from gateway.web.pages import page

_HEADERS = {
    "Cache-Control": "public, max-age=300",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_PACKAGED = {"swagger-ui-bundle.js": "text/javascript", "swagger-ui.css": "text/css"}


def router() -> APIRouter:
    """`/`, `/docs` and what the page loads."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/")
    async def root() -> RedirectResponse:
        return RedirectResponse("docs", status_code=303)

    @routes.get("/docs")
    async def reference() -> HTMLResponse:
        return page("reference.html", headers=_HEADERS)

    @routes.get("/docs/")
    async def with_a_slash() -> RedirectResponse:
        return RedirectResponse("../docs", status_code=308)

    @routes.get("/docs/start.js")
    async def start() -> Response:
        return Response(_start(), media_type="text/javascript", headers=_HEADERS)

    @routes.get("/docs/swagger-ui-bundle.js")
    async def script() -> Response:
        return _packaged("swagger-ui-bundle.js")

    @routes.get("/docs/swagger-ui.css")
    async def style() -> Response:
        return _packaged("swagger-ui.css")

    return routes


@cache
def _start() -> bytes:
    return (Path(__file__).parent / "templates" / "reference.js").read_bytes()


@cache
def _content(name: str) -> bytes:
    return (resources.files("fastapi_swagger.resources") / name).read_bytes()


def _packaged(name: str) -> Response:
    return Response(_content(name), media_type=_PACKAGED[name], headers=_HEADERS)
