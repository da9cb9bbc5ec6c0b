"""What stands under every exchange: the server alone, and the server with one fetch from the source.

No gateway is in them: they answer the same POST with as many bytes, under the same uvicorn. What the gateway costs is
the rest.
"""

from typing import Any

from adapters.base import Query
from gateway.deadline import Deadline
from gateway.web.bodies import Receive, Scope, Send, read_body
from tests.bench.adapter import DirectAdapter, DirectSettings

_ANSWER = b'{"nothing":"' + b"x" * 2000 + b'"}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(_ANSWER)).encode())]


class Floor:
    """Pure ASGI before the gateway's own: POST /v1/exchanges is answered here, all else goes on."""

    def __init__(self, app: Any, source: str = "") -> None:
        self._app = app
        self._source = source
        self._deadline = Deadline()
        self._adapter: DirectAdapter | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/v1/exchanges":
            await self._app(scope, receive, send)
            return
        await read_body(receive, self._deadline)
        if self._source:
            if self._adapter is None:
                self._adapter = DirectAdapter(DirectSettings(base_url=self._source))
            await self._adapter.fetch(Query({"nino": "ZZ000001A"}, frozenset(), "e", 5.0))
        await send({"type": "http.response.start", "status": 201, "headers": _HEADERS})
        await send({"type": "http.response.body", "body": _ANSWER})
