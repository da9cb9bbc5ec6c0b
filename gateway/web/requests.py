"""Each request: an id that finds its log line, one log line, its metrics, and a count of those in flight."""

import time

from gateway.clock import Clock, to_iso
from gateway.telemetry.log import access, logger, where
from gateway.telemetry.metrics import Metrics
from gateway.web.bodies import App, Message, Receive, Scope, Send


class Requests:
    """ASGI middleware, outermost. A route may set `scope["threekeys.route"]` and `scope["threekeys.caller"]`."""

    def __init__(self, app: App, clock: Clock, metrics: Metrics) -> None:
        self.app = app
        self.clock = clock
        self.metrics = metrics
        self.under_way = 0
        metrics.in_flight.set_function(lambda: self.under_way)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = scope["threekeys.request_id"] = self.clock.new_id()
        header = (b"x-request-id", request_id.encode())
        started = time.perf_counter()
        self.under_way += 1
        status = 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        try:
            await self.app(scope, receive, send_with_id)
        except Exception as error:
            # Starlette raises again what its handler has answered and logged; a server would log the message too,
            # and messages of errors that nobody expected may hold anything.
            if not status:
                logger("web").error("unexpected", requestId=request_id, **where(error))
        finally:
            self.under_way -= 1
            self._tell(scope, request_id, status or 500, time.perf_counter() - started)

    def _tell(self, scope: Scope, request_id: str, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        route = scope.get("threekeys.route") or getattr(scope.get("route"), "path", None) or "unmatched"
        self.metrics.request_ended(method, route, status, seconds)
        caller = scope.get("threekeys.caller", "")
        access(to_iso(self.clock.now()), request_id, method, route, status, seconds * 1000, caller)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
