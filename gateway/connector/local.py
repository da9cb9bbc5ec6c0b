"""`threekeys connect`: plain HTTP on loopback in, signed requests to the gateway out, the answer shown untouched."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from gateway.clock import Clock
from gateway.connector import problems
from gateway.connector.auth import ThreekeysAuth
from gateway.connector.errors import ConnectorError, NotAGateway, NotTrusted, TokenRefused
from gateway.connector.keys import ClientKey
from gateway.connector.loopback import turned_away
from gateway.connector.problems import Kind
from gateway.connector.reaching import gateway_url, told, trusted
from gateway.loopback import is_loopback

if TYPE_CHECKING:
    import uvicorn

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

LARGEST = 32 * 1024 * 1024
_FIRST = 10.0  # seconds for a first token
_FORWARDED = frozenset(
    {b"content-type", b"idempotency-key", b"accept", b"accept-encoding", b"accept-language", b"if-none-match"}
)
_HOP_BY_HOP = frozenset(
    {b"connection", b"keep-alive", b"proxy-authenticate", b"te", b"trailer", b"transfer-encoding", b"upgrade"}
)


class _HungUp(Exception):
    """The caller went away before its body was whole."""


class LocalConnector:
    """An ASGI app. `clients`: id -> key (or its file); the first is used unless `Threekeys-Client` names one.

    `ca_file`: PEM of authorities to trust, beside the machine's. `timeout` in seconds. Raises `connector.errors`.
    """

    def __init__(
        self,
        base_url: str,
        clients: Mapping[str, ClientKey | Path | str],
        *,
        ca_file: Path | str | None = None,
        clock: Clock | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._base = gateway_url(base_url)
        if not clients:
            raise ConnectorError("the connector needs at least one client and its key")
        self._auths = {
            client_id: ThreekeysAuth(client_id, key, str(self._base), clock=clock)
            for client_id, key in clients.items()
        }
        self._default = next(iter(clients))
        limits = httpx.Limits(max_connections=256, max_keepalive_connections=64)
        self._tls = trusted(ca_file)
        self._client = httpx.AsyncClient(
            limits=limits, timeout=timeout, verify=self._tls, trust_env=False, follow_redirects=False
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the lifespan."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def first_tokens(self) -> None:
        """Have a token for each client before the first request. Raises `ConnectorError`, for the first that fails.

        Its connection is its own and closed again, so that it may run before the loop that serves.
        """
        async with httpx.AsyncClient(verify=self._tls, timeout=_FIRST, trust_env=False) as client:
            for auth in self._auths.values():
                try:
                    await auth.obtain(client)
                except httpx.HTTPError as error:
                    raise await told(error, self._base) from None

    async def aclose(self) -> None:
        """Close the connections to the gateway."""
        await self._client.aclose()

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: list[tuple[bytes, bytes]] = list(scope["headers"])
        peer = scope["client"][0] if scope.get("client") else None
        turned = turned_away(headers, peer) or self._unfit(headers)
        if turned is not None:
            return await self._problem(send, turned)
        named = dict(headers).get(b"threekeys-client", b"").decode("latin-1") or self._default
        auth = self._auths.get(named)
        if auth is None:
            known = ", ".join(self._auths)
            remedy = f"Threekeys-Client names one of {known}; without the header it is {self._default}."
            return await self._problem(send, problems.CLIENT_NOT_HELD, remedy)
        try:
            body = await _body(receive)
        except _HungUp:
            return None
        if body is None:
            return await self._problem(send, problems.TOO_LARGE)
        request = self._outward(scope, headers, body)
        try:
            answer = await self._client.send(request, auth=auth, stream=True)
        except httpx.TimeoutException:
            return await self._problem(send, problems.SLOW)
        except httpx.HTTPError as error:
            return await self._failed(send, await told(error, self._base))
        except ConnectorError as error:
            return await self._failed(send, error)
        await _show(answer, send)

    async def _failed(self, send: Send, fault: ConnectorError) -> None:
        """What passes by itself is told from what somebody has to mend."""
        base = f"--gateway is the gateway's base URL: it is {self._base}"
        match fault:
            case TokenRefused(passing=False):
                remedy = "Check the client's id, its key file, and with the operator what is registered for it"
                await self._problem(send, problems.TOKEN_REFUSED, f"{fault}. {remedy}; {base}.")
            case NotTrusted():
                await self._problem(send, problems.NOT_TRUSTED, f"{fault}.")
            case NotAGateway():
                await self._problem(send, problems.NO_GATEWAY, f"{fault}. Check that {base}.")
            case _:
                remedy = f"Repeat the same body with the same Idempotency-Key. If it lasts, check that {base}."
                await self._problem(send, problems.UNREACHABLE, f"{fault}. {remedy}")

    def _unfit(self, headers: list[tuple[bytes, bytes]]) -> Kind | None:
        if any(name in (b"authorization", b"dpop") for name, _ in headers):
            return problems.SIGNS_ITSELF
        return None

    async def _problem(self, send: Send, kind: Kind, detail: str | None = None) -> None:
        body = problems.body(kind, str(self._base), detail)
        headers = [(b"content-type", b"application/problem+json"), (b"content-length", str(len(body)).encode())]
        if kind.status in (503, 504):
            headers.append((b"retry-after", b"1"))
        await send({"type": "http.response.start", "status": kind.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _outward(self, scope: Scope, headers: list[tuple[bytes, bytes]], body: bytes) -> httpx.Request:
        raw: bytes = (scope.get("raw_path") or scope["path"].encode()).partition(b"?")[0]
        query: bytes = scope["query_string"]
        url = self._base.copy_with(raw_path=raw + (b"?" + query if query else b""))
        kept = [(name, value) for name, value in headers if name in _FORWARDED]
        if all(name != b"accept-encoding" for name, _ in kept):
            kept.append((b"accept-encoding", b"identity"))
        return self._client.build_request(scope["method"], url, headers=kept, content=body or None)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self.aclose()
                return await send({"type": "lifespan.shutdown.complete"})


def server(connector: LocalConnector, host: str) -> "uvicorn.Server":
    """What serves it on a socket that is given. Raises `ConnectorError` for a host that is not loopback."""
    import uvicorn

    if not is_loopback(host):
        raise ConnectorError("the connector listens on loopback only: whoever reaches it speaks as the client")
    config = uvicorn.Config(
        connector,
        log_level="warning",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
    )
    return uvicorn.Server(config)


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None where it is too large. Raises `_HungUp` for what was cut off (RFC 9112, section 8): a
    piece of a request, or none of its body, may well be a whole request that nobody made."""
    pieces, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _HungUp
        piece = message.get("body", b"")
        size += len(piece)
        if size > LARGEST:
            return None
        pieces.append(piece)
        if not message.get("more_body"):
            return b"".join(pieces)


async def _show(answer: httpx.Response, send: Send) -> None:
    headers = [(name.lower(), value) for name, value in answer.headers.raw if name.lower() not in _HOP_BY_HOP]
    try:
        await send({"type": "http.response.start", "status": answer.status_code, "headers": headers})
        async for piece in answer.aiter_raw():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    finally:
        await answer.aclose()
