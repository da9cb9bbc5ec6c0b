"""Public keys of clients and of people's issuers: given in place, or fetched from a `jwks_uri` and kept.

A fetched set is fresh for ten minutes. An unknown `kid` fetches it again, at most once a minute, so that a rotation
is seen soon and nobody can make us hammer a host. Where the host does not answer, the set stands in for an hour.
"""

import asyncio
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import httpx
from jiter import from_json
from joserfc.errors import JoseError

from adapters.http import HttpxTransport
from gateway.agencies.errors import KeysNotAllowed
from gateway.agencies.keys import PublicKey, acceptable_uri, algorithms, public_keys, usable_keys
from gateway.clock import MICROSECONDS, Clock
from gateway.telemetry.log import logger

FRESH = 600 * MICROSECONDS
AGAIN = 60 * MICROSECONDS
STALE = 3600 * MICROSECONDS
_TIMEOUT = 3.0
_LARGEST = 64 * 1024


class KeysUnavailable(Exception):
    """The key set cannot be fetched, and none is kept that may stand in."""


@dataclass(slots=True)
class _Kept:
    keys: list[PublicKey] = field(default_factory=list)
    fetched_at: int = -STALE
    tried_at: int = -AGAIN
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class KeySets:
    """Finds a key by `kid` and algorithm."""

    def __init__(self, clock: Clock, tls: ssl.SSLContext | None = None) -> None:
        self._clock = clock
        self._tls = tls
        self._client: httpx.AsyncClient | None = None
        self._remote: dict[str, _Kept] = {}

    async def find(self, jwks: str, uri: str | None, kid: object, algorithm: object) -> PublicKey | None:
        """The key, from the inline set or from the URI. Raises `KeysUnavailable`."""
        if uri is None:
            return pick(_inline(jwks), kid, algorithm)
        kept = self._remote.setdefault(uri, _Kept())
        now = self._clock.now()
        if now - kept.fetched_at >= FRESH:
            await self._refresh(uri, kept)
        found = pick(kept.keys, kid, algorithm)
        if found is None and now - kept.tried_at >= AGAIN:
            await self._refresh(uri, kept)
            found = pick(kept.keys, kid, algorithm)
        if found is None and self._clock.now() - kept.fetched_at >= STALE:
            raise KeysUnavailable
        return found

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def _refresh(self, uri: str, kept: _Kept) -> None:
        asked = self._clock.now()
        async with kept.lock:
            if self._clock.now() - kept.tried_at < AGAIN or kept.fetched_at >= asked:
                return
            kept.tried_at = self._clock.now()
            try:
                kept.keys = usable_keys(await self._fetch(acceptable_uri(uri)))
                kept.fetched_at = kept.tried_at
            except (httpx.HTTPError, ValueError, KeysNotAllowed) as error:
                why = (error.detail or error.title) if isinstance(error, KeysNotAllowed) else str(error)
                logger("auth").warning("a key set cannot be fetched", uri=uri, why=why)
                if kept.tried_at - kept.fetched_at >= STALE:
                    kept.keys = []

    async def _fetch(self, uri: str) -> Mapping[str, Any]:
        if self._client is None:
            transport = HttpxTransport(tls=self._tls)  # its errors say what failed in words
            self._client = httpx.AsyncClient(
                timeout=_TIMEOUT, follow_redirects=False, trust_env=False, transport=transport
            )
        async with self._client.stream("GET", uri, headers={"Accept": "application/json"}) as answer:
            if answer.status_code != 200:
                raise ValueError(f"its host answered {answer.status_code}")
            body = b""
            async for piece in answer.aiter_bytes():
                body += piece
                if len(body) > _LARGEST:
                    raise ValueError("too large for a key set")
        document = from_json(body)
        if not isinstance(document, dict):
            raise ValueError("no JSON object")
        return document


def pick(keys: Iterable[PublicKey], kid: object, algorithm: object) -> PublicKey | None:
    """The key that this `kid` names, if it may verify this algorithm; without a `kid`, the only key that may."""
    fitting = [key for key in keys if algorithm in algorithms(key)]
    if kid is None:
        return fitting[0] if len(fitting) == 1 else None
    return next((key for key in fitting if kid == key.kid or kid == _thumbprint(key)), None)


def _thumbprint(key: PublicKey) -> str | None:
    try:
        return key.thumbprint()
    except JoseError:
        return None


@lru_cache(maxsize=1024)
def _inline(jwks: str) -> tuple[PublicKey, ...]:
    return tuple(public_keys(jwks))
