"""Keys behind a `jwks_uri`: a real HTTP server, and time that the test moves."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.agencies.errors import KeysNotAllowed
from gateway.agencies.keys import acceptable_uri
from gateway.agencies.registration import UpdateClient
from gateway.auth.keysets import KeySets, KeysUnavailable
from gateway.connector.keys import ClientKey
from tests.auth.running import CASEWORK, MovedClock, running, served


class KeyHost:
    """Serves whatever it holds, and counts."""

    def __init__(self, *keys: ClientKey) -> None:
        self.status = 200
        self.asked = 0
        self.url = ""
        self.body = b""
        self.hold(*keys)

    def hold(self, *keys: ClientKey) -> None:
        self.body = json.dumps({"keys": [key.public_jwks()["keys"][0] for key in keys]}).encode()

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        if scope["type"] != "http":
            raise RuntimeError
        self.asked += 1
        headers = [(b"location", b"/elsewhere")] if self.status == 302 else []
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


def test_a_client_rotates_its_keys_at_its_jwks_uri_without_telling_anybody(tmp_path: Path) -> None:
    async def check() -> None:
        old, new = ClientKey.generate(), ClientKey.generate()
        host = KeyHost(old)
        async with served(host) as url, running(tmp_path) as gateway:
            await gateway.store.commit(UpdateClient(CASEWORK, jwks_uri=f"{url}/jwks.json"))

            async def asks(key: ClientKey) -> int:
                return (await gateway.ask(gateway.form(gateway.maker(key).assertion()))).status_code

            assert [await asks(old), await asks(old)] == [200, 200]
            assert host.asked == 1
            host.hold(new)
            assert await asks(new) == 401  # asked for a moment ago: not again within the minute
            gateway.clock.moved = 61
            assert [await asks(new), await asks(old)] == [200, 401]
            assert host.asked == 2

    asyncio.run(check())


def test_unknown_kids_cannot_make_the_gateway_hammer_a_host() -> None:
    async def check() -> None:
        key, clock = ClientKey.generate(), MovedClock()
        host, sets = KeyHost(key), KeySets(clock)
        async with served(host) as url:
            found = await asyncio.gather(*(sets.find("", url, f"unknown-{n}", "ES256") for n in range(50)))
            assert set(found) == {None}
            assert host.asked == 1
            clock.moved = 61
            await asyncio.gather(*(sets.find("", url, f"unknown-{n}", "ES256") for n in range(50)))
            assert host.asked == 2
            await sets.aclose()

    asyncio.run(check())


def test_a_key_taken_off_the_set_dies_within_ten_minutes() -> None:
    async def check() -> None:
        old, new, clock = ClientKey.generate(), ClientKey.generate(), MovedClock()
        host, sets = KeyHost(old), KeySets(clock)
        async with served(host) as url:
            assert await sets.find("", url, old.kid, "ES256") is not None
            host.hold(new)
            clock.moved = 599
            assert await sets.find("", url, old.kid, "ES256") is not None
            clock.moved = 601
            assert await sets.find("", url, old.kid, "ES256") is None
            await sets.aclose()

    asyncio.run(check())


def test_a_host_that_is_down_is_stood_in_for_an_hour_and_no_longer() -> None:
    async def check() -> None:
        key, clock = ClientKey.generate(), MovedClock()
        host, sets = KeyHost(key), KeySets(clock)
        async with served(host) as url:
            assert await sets.find("", url, key.kid, "ES256") is not None
            host.status = 503
            clock.moved = 3500
            assert await sets.find("", url, key.kid, "ES256") is not None
            clock.moved = 3700
            with pytest.raises(KeysUnavailable):
                await sets.find("", url, key.kid, "ES256")
            host.status = 200
            clock.moved = 3800
            assert await sets.find("", url, key.kid, "ES256") is not None
            await sets.aclose()

    asyncio.run(check())


def test_what_is_no_key_set_is_not_believed() -> None:
    async def check() -> None:
        key = ClientKey.generate()
        host = KeyHost(key)
        good = host.body
        async with served(host) as url:
            for host.status, host.body in (
                (302, good),
                (404, good),
                (200, b""),
                (200, b"[]"),
                (200, b'{"keys": 1}'),
                (200, b'{"keys": []}'),
                (200, b"<html>"),
                (200, good + b" " * 70_000),
                (200, b"[" * 60_000),
            ):
                sets = KeySets(MovedClock())
                with pytest.raises(KeysUnavailable):
                    await sets.find("", url, key.kid, "ES256")
                await sets.aclose()
            host.body = good
            sets = KeySets(MovedClock())
            assert await sets.find("", url, key.kid, "ES256") is not None
            await sets.aclose()

    asyncio.run(check())


def test_keys_that_are_of_no_use_are_passed_over_in_a_fetched_set() -> None:
    async def check() -> None:
        key = ClientKey.generate()
        host, sets = KeyHost(key), KeySets(MovedClock())
        others = [
            {"kty": "oct", "k": "c2VjcmV0", "kid": "secret"},
            {"kty": "ML-DSA", "kid": "future"},
            {"kty": "EC", "crv": "P-384", "x": "AA", "y": "AA", "kid": "broken"},
            {**key.jwk, "use": "enc", "kid": "enc"},
        ]
        host.body = json.dumps({"keys": [*others, key.public_jwks()["keys"][0]]}).encode()
        async with served(host) as url:
            assert await sets.find("", url, key.kid, "ES256") is not None
            for kid in ("secret", "future", "broken", "enc"):
                assert await sets.find("", url, kid, "ES256") is None
            assert await sets.find("", url, key.kid, "HS256") is None
            await sets.aclose()

    asyncio.run(check())


@pytest.mark.parametrize(
    "uri",
    [
        "http://keys.example/jwks",
        "http://192.0.2.1/jwks",
        "http://127.0.0.1.example/jwks",
        "ftp://127.0.0.1/jwks",
        "file:///etc/passwd",
        "https://user:word@keys.example/jwks",
        "https://keys.example/jwks#x",
        "https:///jwks",
        "http://[::1",
        "http://127.0.0.1:99999999/jwks",
        "jwks",
    ],
)
def test_a_jwks_uri_is_https_or_loopback(uri: str) -> None:
    with pytest.raises(KeysNotAllowed):
        acceptable_uri(uri)
    for good in ("https://keys.example/jwks", "http://127.0.0.1:8000/jwks", "http://[::1]:8000/jwks"):
        assert acceptable_uri(good) == good
