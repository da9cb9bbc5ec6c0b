"""Of a stranger no route reads a body: who calls is asked first, by the head alone. Over raw sockets."""

import socket
import time
from collections.abc import Iterator

import pytest

from gateway.connector.proofs import ProofMaker
from gateway.web import bodies
from tests.answers import one_answer
from tests.web.routes import ROUTES, Route, served
from tests.world import CONSUMER, World

CLIENT = f"{CONSUMER}.casework"
WRITING = [route for route in ROUTES if route.method != "GET" and route.caller != "public"]
AT_ONCE = 2.0
"""Seconds: far below what a body may take."""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(f"sqlite:///{tmp_path_factory.mktemp('before-body') / 'gateway.db'}") as entered:
        yield entered


def head(world: World, path: str, *credentials: str, length: int = 1000) -> bytes:
    fields = ["Host: x", "Content-Type: application/json", f"Content-Length: {length}", *credentials]
    return "\r\n".join([f"POST {path} HTTP/1.1", *fields, "", ""]).encode()


def answered(world: World, sent: bytes) -> tuple[bytes, float]:
    """(the answer, seconds until it came) to something that stays unfinished."""
    with socket.create_connection(("127.0.0.1", world.settings.port), timeout=10) as connection:
        started = time.monotonic()
        connection.sendall(sent)
        return one_answer(connection), time.monotonic() - started


def test_whatever_writes_needs_a_caller_or_is_the_token_endpoint(world: World) -> None:
    writing = {found for found in served(world.gateway.api.routes) if found[0] not in ("GET", "HEAD")}
    assert writing == {("POST", "/oauth/token")} | {(route.method, route.path) for route in WRITING}
    assert all(route.path.startswith("/v1/") for route in WRITING)


@pytest.mark.parametrize("route", WRITING, ids=lambda route: route.id)
@pytest.mark.parametrize(
    "credentials",
    [
        (),
        ("Authorization: DPoP Zyzzyva", "DPoP: Zyzzyva"),
        ("Authorization: DPoP e30.e30.e30", "DPoP: e30.e30.e30"),
        ("Authorization: Bearer Zyzzyva",),
        ("Authorization: Basic Zyzzyva",),
    ],
    ids=["none", "no token", "a forged token", "no person", "another scheme"],
)
def test_a_stranger_is_told_by_the_head_alone(world: World, route: Route, credentials: tuple[str, ...]) -> None:
    answer, seconds = answered(world, head(world, route.filled("x"), *credentials))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert seconds < AT_ONCE
    assert b"Zyzzyva" not in answer


@pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize(
    ("path", "status"),
    [("/nowhere", 404), ("/oauth/nowhere", 404), ("/v1", 404), ("/health/live", 405), ("/problems/x", 405)],
)
def test_where_nothing_takes_a_body_none_is_awaited(world: World, path: str, status: int, framing: str) -> None:
    for method in ("POST", "PUT", "DELETE", "PATCH"):
        sent = f"{method} {path} HTTP/1.1\r\nHost: x\r\n{framing}\r\n\r\n".encode()
        answer, seconds = answered(world, sent)
        assert answer.startswith(f"HTTP/1.1 {status} ".encode()), answer
        assert seconds < AT_ONCE


@pytest.mark.parametrize("route", WRITING, ids=lambda route: route.id)
def test_of_a_caller_the_body_is_awaited(world: World, monkeypatch: pytest.MonkeyPatch, route: Route) -> None:
    """The counterproof: the same head with a good token is answered only once the body's time is over."""
    monkeypatch.setattr(bodies, "MOST_SECONDS", 0.3)
    path = route.filled("x")
    credentials = ProofMaker(CLIENT, world.keys[CLIENT], world.base_url, world.clock)
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": credentials.assertion(),
    }
    proof = {"DPoP": credentials.proof("POST", "/oauth/token")}
    token = world.anyone().post("/oauth/token", data=form, headers=proof).json()["access_token"]
    fields = (f"Authorization: DPoP {token}", f"DPoP: {credentials.proof('POST', path, token)}")
    answer, seconds = answered(world, head(world, path, *fields))
    # The exchange looks at the token's scope before the body; this client holds it.
    assert answer.startswith(b"HTTP/1.1 408 "), answer
    assert seconds >= 0.3


def test_a_body_that_is_too_large_by_its_head_is_told_before_anything_else(world: World) -> None:
    answer, _ = answered(world, head(world, "/v1/agreements", length=10**9))
    assert answer.startswith(b"HTTP/1.1 413 ")
