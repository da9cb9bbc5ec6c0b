"""OAuth 2.0 client credentials (RFC 6749, section 4.4): one token, kept until shortly before it dies."""

import asyncio
import ssl
import time
from base64 import b64encode
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field

from adapters.base import AdapterSettings, Secret, secret
from adapters.errors import Misconfigured, Permanent
from adapters.http import HttpClient

_EARLY: Final = 10.0  # seconds before its end from which a token is no longer used
_SECONDS: Final = 300.0  # where the server does not say how long it lives


class OAuthSettings(AdapterSettings):
    """The source's token endpoint, whole or as a path of `baseUrl`, and our credentials there."""

    token_url: str = Field(min_length=1)
    client_id: str
    client_secret: Secret
    scope: str | None = None
    method: Literal["basic", "post"] = "basic"  # client_secret_basic or client_secret_post


class ClientCredentials:
    """A token when it is needed. Concurrent callers share one request for it.

    `tls` says whom to trust at a token endpoint elsewhere; one of the source itself is called through `client`.
    """

    def __init__(self, settings: OAuthSettings, client: HttpClient, tls: ssl.SSLContext | None = None) -> None:
        self.settings = settings
        parts = urlsplit(settings.token_url)
        self._own: HttpClient | None = None
        if parts.scheme:
            self._own = HttpClient(f"{parts.scheme}://{parts.netloc}", tls=tls)
            self._path = parts.path + (f"?{parts.query}" if parts.query else "")
        elif settings.token_url.startswith("/"):
            self._path = settings.token_url
        else:
            raise Misconfigured("`oauth.tokenUrl` is an http(s) URL, or a path from /")
        self._client = self._own or client
        self._address = self._client.origin.text + self._client.prefix + self._path.partition("?")[0]
        self._secret = secret(settings.client_secret)
        self._token: str | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def token(self, seconds: float) -> str:
        """The access token. Raises `Misconfigured` where our credentials are refused."""
        if self._token is not None and time.monotonic() < self._until:
            return self._token
        started = time.monotonic()
        async with self._lock:
            if self._token is not None and time.monotonic() < self._until:
                return self._token
            return await self._fetch(max(seconds - (time.monotonic() - started), 0.001))

    def forget(self, token: str | None) -> None:
        """The source refused this token: the next call gets another, unless one has come meanwhile."""
        if token is not None and token == self._token:
            self._token = None

    async def aclose(self) -> None:
        """Close the connections to a token endpoint elsewhere."""
        if self._own is not None:
            await self._own.aclose()

    async def _fetch(self, seconds: float) -> str:
        settings = self.settings
        form = {"grant_type": "client_credentials"}
        headers = {}
        if settings.scope:
            form["scope"] = settings.scope
        if settings.method == "basic":
            # Both parts are form-encoded first (RFC 6749, section 2.3.1).
            pair = f"{quote(settings.client_id, safe='')}:{quote(self._secret, safe='')}"
            headers["authorization"] = "Basic " + b64encode(pair.encode()).decode()
        else:
            form |= {"client_id": settings.client_id, "client_secret": self._secret}
        response = await self._client.post(self._path, form=form, headers=headers, deadline=seconds, idempotent=True)
        if 400 <= response.status < 500 and response.status not in (408, 425, 429):
            # Never `NotFound`, which would read as a record that is not held.
            raise Misconfigured(
                f"the token endpoint {self._address} answered {response.status}:"
                " check `oauth.tokenUrl`, `clientId`, `clientSecret` and `scope`"
            )
        answer = response.raise_for_source().json()
        token = answer.get("access_token") if isinstance(answer, dict) else None
        if not isinstance(token, str) or str(answer.get("token_type", "")).lower() != "bearer":
            raise Permanent(f"the token endpoint {self._address} answered without a Bearer token")
        lifetime = answer.get("expires_in", _SECONDS)
        seconds_left = float(lifetime) if isinstance(lifetime, int | float) else _SECONDS
        self._token = token
        self._until = time.monotonic() + max(seconds_left - _EARLY, seconds_left / 2)
        return token
