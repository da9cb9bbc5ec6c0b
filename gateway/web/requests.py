"""Each request: an id that finds its log line, one log line, its metrics, and a count of those in flight."""

import asyncio
import re
import time
from collections.abc import Callable, Iterable

from pydantic_core import from_json

from gateway.clock import Clock, to_iso
from gateway.errors import GatewayError
from gateway.telemetry.log import access, logger, members, where
from gateway.telemetry.metrics import Metrics
from gateway.web.bodies import App, Message, Receive, Scope, Send, send_problem
from gateway.web.errors import NoSuchRoute, TooManyConnections

CROWDED = "threekeys.crowded"
"""Stands in a scope where the server has more connections, or requests under way, than it takes."""

CLAIMED = "threekeys.claimed"
"""A registered client that a token request which was refused said it was of; it did not prove it."""
_EXCHANGE = b"/v1/exchanges/"
_OUR_WORDS = frozenset({"invalid_client", "invalid_dpop_proof"})


class Requests:
    """ASGI middleware, outermost. A route may set `scope["threekeys.route"]`, `scope["threekeys.caller"]`, `CLAIMED`.

    The line has the code of a problem, and the id of an exchange that was made or refused: so a request's id leads to
    the exchange, and back.

    What the server marks as `CROWDED` is turned away here; not who asks whether the gateway lives, since whoever
    restarts those that do not would only make it worse. So is what `refused` gives an error for.

    A slash or backslash that is written encoded is none of a route: whoever stands before the gateway, and reads the
    path as it was sent, would take it for another one.
    """

    def __init__(
        self,
        app: App,
        clock: Clock,
        metrics: Metrics,
        base_url: str,
        refused: Callable[[Scope], GatewayError | None] = lambda _: None,
    ) -> None:
        self.app = app
        self.base_url = base_url
        self.clock = clock
        self.metrics = metrics
        self.refused = refused
        self.under_way = 0
        self.older = 0
        self._mark = 0
        metrics.in_flight.set_function(lambda: self.under_way)

    def mark(self) -> None:
        """From now on `older` counts what is under way by now, and nothing that begins later."""
        self._mark += 1
        self.older = self.under_way

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["threekeys.request_id"] = self.clock.new_id()
        header = (b"x-request-id", request_id.encode())
        started = time.perf_counter()
        self.under_way += 1
        mark = self._mark
        status = 0
        exchange_id = ""
        told = b""
        more = ""

        async def send_with_id(message: Message) -> None:
            nonlocal status, exchange_id, told
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message.get("headers", ())
                if status == 201:
                    exchange_id = _located(headers)
                message["headers"] = [*headers, header]
            elif status >= 400:
                told += message.get("body", b"")  # a problem, of our own making, and small
            await send(message)

        try:
            if CROWDED in scope and not scope["path"].startswith("/health/"):
                await send_problem(scope, send_with_id, TooManyConnections(), self.base_url)
            elif b"%" in (raw := scope.get("raw_path") or b"") and _SEPARATOR.search(raw):
                await send_problem(scope, send_with_id, NoSuchRoute("send / as it is in a path"), self.base_url)
            elif (error := self.refused(scope)) is not None:
                await send_problem(scope, send_with_id, error, self.base_url)
            else:
                await self.app(scope, receive, send_with_id)
        except asyncio.CancelledError:
            more, status = ',"cutOff":true', status or 503
            raise
        except Exception as unexpected:
            # Starlette raises again what its handler has answered and logged; a server would log the message too,
            # and messages of errors that nobody expected may hold anything.
            if not status:
                logger("web").error("unexpected", requestId=request_id, **where(unexpected))
        finally:
            self.under_way -= 1
            if mark != self._mark:
                self.older -= 1
            more += f',"exchangeId":"{exchange_id}"' if exchange_id else _told(told) if told else ""
            self._tell(scope, request_id, status or 500, time.perf_counter() - started, more)

    def _tell(self, scope: Scope, request_id: str, status: int, seconds: float, more: str) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = scope.get("threekeys.route") or getattr(scope.get("route"), "path", None) or "unmatched"
        self.metrics.request_ended(method, route, status, seconds)
        caller = scope.get("threekeys.caller", "")
        if CLAIMED in scope:
            more += members({"claimedClient": scope[CLAIMED]})
        access(to_iso(self.clock.now()), request_id, method, route, status, seconds * 1000, caller, more)


def _located(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The exchange that an answer made, by its Location."""
    for name, value in headers:
        if name == b"location" and value.startswith(_EXCHANGE):
            return value[len(_EXCHANGE) :].decode()
    return ""


def _told(body: bytes) -> str:
    """What a problem says that the log may: its code, the exchange; of an OAuth error (RFC 6749) why, where the text
    is one of ours whatever the caller sent."""
    try:
        said = from_json(body)
    except ValueError:  # a page for people
        return ""
    if not isinstance(said, dict):
        return ""
    error = said.get("error")
    code, exchange_id = said.get("code", error), said.get("exchangeId")
    why = said.get("error_description") if error in _OUR_WORDS else None
    found = {"code": code, "exchangeId": exchange_id, "why": why}
    return members({name: value for name, value in found.items() if isinstance(value, str)})


_SEPARATOR = re.compile(rb"%(?:2f|5c)", re.IGNORECASE)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
