"""`ThreekeysAuth`: an `httpx.Auth` for Python callers.

auth = ThreekeysAuth("sandbox.benefits.casework", "casework.jwk", "https://gateway.example")
async with httpx.AsyncClient(auth=auth, base_url="https://gateway.example") as client: …
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import httpx

from gateway.clock import Clock, SystemClock
from gateway.connector.errors import NotAGateway
from gateway.connector.keys import ClientKey
from gateway.connector.proofs import ProofMaker
from gateway.connector.reaching import gateway_url
from gateway.connector.token import PATH, Token


class ThreekeysAuth(httpx.Auth):
    """Gets and keeps a DPoP-bound token, signs a proof a request, and tries once more where the token is refused.

    `base_url` is the gateway's own, as its metadata says it: proofs are made for it. A request to any other origin is
    refused (`NotAGateway`), so that a token never leaves for a stranger. Raises `connector.errors`. Whom TLS
    trusts is for the client to say: `verify=trusted("authority.pem")` (`connector.reaching`) for a private authority.
    """

    requires_request_body = False

    def __init__(
        self,
        client_id: str,
        key: ClientKey | Path | str,
        base_url: str,
        *,
        scope: str | None = None,
        clock: Clock | None = None,
    ) -> None:
        clock = clock or SystemClock()
        self._base_url = gateway_url(base_url)
        key = key if isinstance(key, ClientKey) else ClientKey.load(key)
        self._maker = ProofMaker(client_id, key, base_url.rstrip("/"), clock)
        self._token = Token(clock, scope)
        self._lock = asyncio.Lock()

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Async only: there is one API."""
        raise NotImplementedError("use ThreekeysAuth with httpx.AsyncClient")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign; where the gateway says `invalid_token`, get a new one and try once more."""
        self._keep_at_home(request)
        for attempt in range(2):
            if not self._token.usable:
                async with self._lock:
                    if not self._token.usable:
                        answer = yield self._token_request()
                        self._token.take(answer.status_code, await _json(answer))
            text = self._token.text
            path = request.url.raw_path.partition(b"?")[0].decode("ascii")
            request.headers["Authorization"] = f"DPoP {text}"
            request.headers["DPoP"] = self._maker.proof(request.method, path, text)
            answer = yield request
            if attempt or not refuses_token(answer.status_code, answer.headers.get("www-authenticate", "")):
                return
            self._token.drop(text)

    async def obtain(self, client: httpx.AsyncClient) -> None:
        """Have a token: what stands in its way shows before the first request. Raises `httpx.HTTPError` too."""
        async with self._lock:
            if not self._token.usable:
                answer = await client.send(self._token_request(), auth=None)
                self._token.take(answer.status_code, await _json(answer))

    def _token_request(self) -> httpx.Request:
        return httpx.Request(
            "POST",
            f"{self._maker.base_url}{PATH}",
            data=self._token.form(self._maker),
            headers={"DPoP": self._maker.proof("POST", PATH)},
        )

    def _keep_at_home(self, request: httpx.Request) -> None:
        home = self._base_url
        if (request.url.scheme, request.url.host, request.url.port) != (home.scheme, home.host, home.port):
            raise NotAGateway("this request is not for the gateway that the client is registered with")


def refuses_token(status: int, challenge: str) -> bool:
    """Whether a new token may help: 401 with `invalid_token` (RFC 6750, section 3.1)."""
    return status == 401 and 'error="invalid_token"' in challenge


async def _json(answer: httpx.Response) -> object:
    try:
        return json.loads(await answer.aread())
    except ValueError:
        return None
