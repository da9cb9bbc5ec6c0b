"""RFC 9457: from an error of the tree to problem+json, and the handlers that FastAPI is given.

`/oauth/*` has a form of its own (RFC 6749, section 5.2), for what goes wrong before its endpoints or in none of them.
"""

import json
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from gateway.errors import GatewayError, InvalidRequest
from gateway.telemetry.log import logger, where
from gateway.web.accept import prefers_html
from gateway.web.errors import NoSuchRoute, WrongMethod
from gateway.web.faults import CALLER, Checked, of_body, of_shape
from gateway.web.pages import missing
from schemas.members import part_of

MEDIA_TYPE = "application/problem+json"
_OAUTH = "/oauth/"
_OAUTH_CODES = {500: "server_error", 503: "temporarily_unavailable"}


def problem(error: GatewayError, base_url: str, request_id: str) -> dict[str, Any]:
    """The members of the problem. Nothing of the request's values is in them."""
    body: dict[str, Any] = {
        "type": f"{base_url}/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
    }
    detail = error.detail or _remedy(error)
    if detail:
        body["detail"] = detail
    if request_id:  # a request that could not be read has none
        body["requestId"] = request_id
    return body | error.members


def _remedy(error: GatewayError) -> str | None:
    """What to do, where neither a detail nor what is listed says so."""
    return None if "errors" in error.members or "reasons" in error.members else error.explanation


def problem_bytes(error: GatewayError, base_url: str, request_id: str) -> bytes:
    """The problem as a body."""
    return json.dumps(problem(error, base_url, request_id), ensure_ascii=False, separators=(",", ":")).encode()


def rendered(path: str, error: GatewayError, base_url: str, request_id: str) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers that answer an error which a request of this path met."""
    if not path.startswith(_OAUTH):
        body = problem_bytes(error, base_url, request_id)
        return error.status, body, {"content-type": MEDIA_TYPE, **_lower(error.headers)}
    # RFC 6749 knows 400 for all bad input; that there is no such route or method is HTTP's to say.
    status = error.status if error.status in (404, 405) or error.status >= 500 else 400
    code = _OAUTH_CODES.get(status, "invalid_request")
    body = json.dumps({"error": code, "error_description": error.title}, separators=(",", ":")).encode()
    return status, body, {"content-type": "application/json", "cache-control": "no-store", **_lower(error.headers)}


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _is_page(path: str) -> bool:
    """Whether people look for a page there, and no program for an answer."""
    return not path.startswith(("/v1/", _OAUTH, "/.well-known/", "/health/"))


def install(app: FastAPI, base_url: str, rooms: Iterable[APIRouter] = ()) -> None:
    """Let FastAPI answer every error as a problem. `rooms`: where a path with a slash too many is looked for."""
    calls = [route for room in rooms for route in room.routes if isinstance(route, APIRoute)]

    def answer(request: Request, error: GatewayError) -> Response:
        if (
            error.status == 404
            and _is_page(request.scope["path"])
            and prefers_html(request.headers.getlist("accept"))
        ):
            return missing(request.scope["path"], error)
        request_id = request.scope.get("threekeys.request_id", "")
        status, body, headers = rendered(request.scope["path"], error, base_url, request_id)
        return Response(body, status, headers)

    async def gateway_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, GatewayError)
        return answer(request, error)

    async def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        where = error.errors()[0]["loc"][0]
        errors = [{**one, "loc": one["loc"][1:]} for one in error.errors()]
        if where != "body":
            return answer(request, InvalidRequest(f"the fault lies in the {where}", errors=of_shape(errors)))
        expected = request.scope["route"].body_field.field_info
        model, _ = part_of(expected.annotation)
        checked = next((one for one in expected.metadata if isinstance(one, Checked)), None)
        rules = partial(checked.rules, request.scope[CALLER]) if checked is not None else None
        return answer(request, InvalidRequest(errors=await of_body(model, error.body, errors, rules)))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if error.status_code == 405:
            return answer(request, WrongMethod(headers=error.headers))
        # No redirect: many a program follows one without its body, or as a GET.
        path, _, behind = request.scope["path"].rpartition("/")
        meant = next((call.path for call in calls if not behind and call.path_regex.match(path)), None)
        told = f"there is {meant}, without the slash at its end" if meant else None
        return answer(request, NoSuchRoute(told))

    async def unexpected(request: Request, error: Exception) -> Response:
        request_id = request.scope.get("threekeys.request_id", "")
        logger("web").error("unexpected", requestId=request_id, **where(error))
        return answer(request, GatewayError())

    app.add_exception_handler(GatewayError, gateway_error)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unexpected)
