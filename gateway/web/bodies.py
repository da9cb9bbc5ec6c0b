"""Strict bodies: checked before any route sees them, since an error raised while a framework reads is swallowed.

JSON with a duplicate name, NaN or an infinity is refused (RFC 8259 leaves open what it means: two readers could read
two things). A body is read up to a limit and not beyond, under `/v1/` of nobody who is not known, and elsewhere only
where one is wanted: a stranger's would hold memory and a connection for as long as it pleases to come.
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import jiter

from gateway.deadline import Deadline
from gateway.errors import GatewayError, InvalidRequest
from gateway.web.errors import BodyTooLarge, MalformedJson, NoSuchRoute, WrongContentType
from gateway.web.faults import CALLER
from gateway.web.problems import rendered

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_OF_ANYBODY = "/oauth/token"
MOST_BYTES = 256 * 1024
MOST_SECONDS = 15.0
"""From the head to the end of the body: whoever sends slower holds memory and a connection."""


class BodyTooSlow(InvalidRequest):
    """Not whole in time."""

    code = "body-too-slow"
    status = 408
    title = "The body did not come in time"
    explanation = "Send the whole body at once; the connection is closed. Nothing was done."


class HungUp(Exception):  # not an error of ours
    """The caller went away while sending."""


def check_json(body: bytes) -> None:
    """Raise `MalformedJson` where the body is not JSON that has one meaning."""
    try:
        jiter.from_json(body, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="none")
    except ValueError as error:
        said = str(error)
        duplicate = "uplicate" in said
        detail = "an object has the same name twice" if duplicate else "it cannot be parsed"
        where = said.rpartition(" at ")[2] if " at line" in said else ""
        raise MalformedJson(f"{detail}{' at ' + where if where else ''}") from None


async def read_body(receive: Receive, deadline: Deadline, most: int = MOST_BYTES) -> bytes:
    """The whole body, after `check_length`; `BodyTooLarge` as soon as that is clear, `BodyTooSlow`, `HungUp` where
    the caller left. `deadline` is the app's, shared by all its bodies."""
    task = deadline.begin(MOST_SECONDS)
    try:
        return await _read(receive, most)
    except asyncio.CancelledError:
        if not deadline.passed(task):
            raise
        raise BodyTooSlow(headers={"Connection": "close"}) from None
    finally:
        deadline.end(task)


def check_length(scope: Scope, most: int = MOST_BYTES) -> None:
    """Raise `BodyTooLarge` where the head says so already."""
    for name, value in scope["headers"]:
        if name == b"content-length" and (not value.isdigit() or len(value) > 18 or int(value) > most):
            raise BodyTooLarge(f"at most {most} bytes are taken")


async def _read(receive: Receive, most: int) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        if len(body) > most:
            raise BodyTooLarge(f"at most {most} bytes are taken")
        return body
    chunks: list[bytes] = []
    size = 0
    while True:
        if message["type"] == "http.disconnect":
            raise HungUp
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise BodyTooLarge(f"at most {most} bytes are taken")
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)
        message = await receive()


def check_content_type(scope: Scope) -> None:
    """Raise `WrongContentType` unless the body says once that it is JSON, in UTF-8 (RFC 8259, section 8.1), as is."""
    kind = None
    for name, value in scope["headers"]:
        if name == b"content-type":
            if kind is not None:
                raise WrongContentType("send one Content-Type field")
            kind = value
        elif name == b"content-encoding":
            check_encoding(value)
    if kind == b"application/json":  # as nearly everybody says it
        return
    media, *parameters = (kind or b"").split(b";")
    if media.strip().lower() != b"application/json":
        raise WrongContentType
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name.strip().lower() == b"charset" and value.strip().strip(b'"').lower() != b"utf-8":
            raise WrongContentType("the only charset of JSON is utf-8")


def check_encoding(coding: bytes) -> None:
    """Raise `WrongContentType` for a body that would have to be unpacked first: it could be of any size."""
    if coding.strip().lower() not in (b"", b"identity"):
        raise WrongContentType(
            "no Content-Encoding is taken: send the body as it is", headers={"Accept-Encoding": "identity"}
        )


class StrictBodies:
    """ASGI middleware: JSON bodies are read, checked and handed on. `/oauth/*` has rules of its own (RFC 6749).

    `authenticate` is asked before a body under `/v1/` is read, and raises where the caller is not known: whatever
    writes there needs one. At the token endpoint the body itself is the authentication. Nothing else takes a body
    (both held by `tests/web/test_caller_before_body.py`), so that none is awaited before its 404 or 405.

    U+0000 in a URL is refused here for all rooms: no id holds one, and PostgreSQL cannot look one up.
    """

    def __init__(
        self, app: App, base_url: str, authenticate: Callable[[Scope], Awaitable[object]], most: int = MOST_BYTES
    ) -> None:
        self.app = app
        self.base_url = base_url
        self.authenticate = authenticate
        self.most = most
        self._deadline = Deadline()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            error = NoSuchRoute() if "\0" in scope["path"] else InvalidRequest("the fault lies in the query")
            await send_problem(scope, send, error, self.base_url)
            return
        of_api = scope["path"].startswith("/v1/")
        if scope["method"] in ("GET", "HEAD", "OPTIONS") or not (of_api or scope["path"] == _OF_ANYBODY):
            await self.app(scope, receive, send)
            return
        try:
            check_length(scope, self.most)
            if of_api:
                scope[CALLER] = await self.authenticate(scope)
            body = await read_body(receive, self._deadline, self.most)
            if body and of_api:
                check_content_type(scope)
                check_json(body)
        except HungUp:
            return
        except GatewayError as error:
            await send_problem(scope, send, error, self.base_url)
            return
        await self.app(scope, _replay(body, receive), send)


def _replay(body: bytes, receive: Receive) -> Receive:
    handed = False

    async def again() -> Message:
        nonlocal handed
        if not handed:
            handed = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again


async def send_problem(scope: Scope, send: Send, error: GatewayError, base_url: str) -> None:
    """Answer with a problem, from plain ASGI."""
    status, body, headers = rendered(scope["path"], error, base_url, scope.get("threekeys.request_id", ""))
    headers["content-length"] = str(len(body))
    fields = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})
