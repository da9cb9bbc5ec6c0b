"""The same as an httpx transport: `httpx.AsyncClient(transport=HttpxTransport())`, for whoever prefers httpx."""

import ssl
from typing import Final

import httpx

from adapters.errors import Misconfigured
from adapters.http.connection import Limits
from adapters.http.errors import BadAnswer, Disconnected, NotConnected, TimedOut
from adapters.http.message import IDEMPOTENT, header_lines
from adapters.http.pool import Origin, Pool

# Set anew here, or of no use: bodies are sent whole, and nothing is decompressed.
_DROPPED: Final = frozenset({"connection", "accept-encoding", "transfer-encoding", "content-length"})


class HttpxTransport(httpx.AsyncBaseTransport):
    """One pool an origin. The largest of httpx's timeouts is the time for a whole call; none means an hour.

    Bodies are sent and read whole. Errors come as httpx's own: ConnectError, RemoteProtocolError, ReadTimeout.
    """

    def __init__(self, *, limits: Limits | None = None, tls: ssl.SSLContext | None = None) -> None:
        self._limits = limits or Limits()
        self._tls = tls
        self._pools: dict[str, Pool] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send it and give the whole answer."""
        body = await request.aread()
        named = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in request.headers.raw)
        try:
            lines = header_lines((name, value) for name, value in named if name not in _DROPPED)
        except Misconfigured as error:
            raise httpx.LocalProtocolError(str(error), request=request) from None
        if body or request.method in ("POST", "PUT", "PATCH"):
            lines += f"content-length: {len(body)}\r\n"
        head = b"%s %s HTTP/1.1\r\n" % (request.method.encode("ascii"), request.url.raw_path)
        try:
            answer = await self._pool(request.url).send(
                head + lines.encode("latin-1") + b"\r\n" + body,
                _seconds(request),
                repeatable=request.method in IDEMPOTENT,
                bodiless=request.method == "HEAD",
            )
        except TimedOut as error:
            raise httpx.ReadTimeout(str(error), request=request) from None
        except (NotConnected, Misconfigured) as error:
            raise httpx.ConnectError(str(error), request=request) from None
        except (Disconnected, BadAnswer) as error:
            raise httpx.RemoteProtocolError(str(error), request=request) from None
        return httpx.Response(answer.status, headers=answer.raw_headers, content=answer.body, request=request)

    async def aclose(self) -> None:
        """Close all connections."""
        for pool in self._pools.values():
            await pool.aclose()

    def _pool(self, url: httpx.URL) -> Pool:
        key = f"{url.scheme}://{url.netloc.decode('ascii')}"
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = Pool(Origin(key), self._limits, self._tls)
        return pool


def _seconds(request: httpx.Request) -> float:
    given = [value for value in request.extensions.get("timeout", {}).values() if value is not None]
    return max(given, default=3600.0)
