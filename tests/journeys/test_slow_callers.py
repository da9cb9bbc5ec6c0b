"""Strangers who send much, or slowly, or nothing: told and cut off, before they are known and before memory fills."""

import gc
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway import serve
from gateway.db.migrating import migrate
from gateway.sandbox.layout import free_base
from gateway.settings import Settings
from gateway.web import bodies, protocol
from tests.answers import one_answer
from tests.authority import Authority

SHORT = 0.6
"""Seconds that a head, and a body, may take here."""
HEAD = b"GET /health/live HTTP/1.1\r\nHost: x\r\n"
FIELD = b"X-Much: " + b"x" * 1000 + b"\r\n"


@contextmanager
def impatient(folder: Path, scheme: str = "http", **more: Any) -> Iterator[int]:
    """A gateway as `threekeys serve` runs it, but for its patience and for 40 connections at most; its port."""
    found = free_base()
    settings = Settings.model_validate(
        {
            "baseUrl": f"{scheme}://127.0.0.1:{found}",
            "port": found,
            "database": f"sqlite:///{folder / 'g.db'}",
            "keys": Path(folder) / "keys",
            "mostConnections": 40,
            **more,
        }
    )
    migrate(settings.database)
    ready = threading.Event()
    threshold = gc.get_threshold()
    running = serve.server(settings, ready.set)
    thread = threading.Thread(target=running.run, daemon=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(protocol, "HEAD_SECONDS", SHORT)
        patched.setattr(bodies, "MOST_SECONDS", SHORT)
        patched.setattr(serve, "HANDSHAKE_SECONDS", SHORT)
        thread.start()
        assert ready.wait(20)
        yield found
        running.should_exit = True
        thread.join(20)
    gc.unfreeze()
    gc.set_threshold(*threshold)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """One for all tests that speak plain HTTP."""
    with impatient(tmp_path_factory.mktemp("slow")) as found:
        yield found


def connected(port: int) -> socket.socket:
    """A connection that waits for 5 seconds and no more."""
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def told(connection: socket.socket) -> bytes:
    """All that comes until the other end closes; fails where it does not."""
    found = b""
    try:
        while piece := connection.recv(65_536):
            found += piece
    except ConnectionError:  # closed while bytes of ours were unread
        pass
    return found


def much(connection: socket.socket, piece: bytes, most: int = 4_000) -> int:
    """Send it again and again until the other end has enough; how many bytes it took."""
    sent = 0
    try:
        for _ in range(most):
            connection.sendall(piece)
            sent += len(piece)
            time.sleep(0.001)
    except OSError:
        pass
    return sent


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (HEAD, FIELD),
        (HEAD + b"X-Much: ", b"x" * 1000),
        (HEAD + b"X", b"x" * 1000),
        (b"GET /", b"x" * 1000),
        (b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"x" * 1000),
        (b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", FIELD),
        (b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;", b"x" * 1000),
    ],
    ids=["fields", "one field", "a name", "an address", "a trailer", "trailers", "an extension of a chunk"],
)
def test_a_head_without_end_is_cut_off(port: int, first: bytes, piece: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(first)
        assert much(connection, piece) < 500_000


@pytest.mark.parametrize("end", [b"", b"\r\n"])
def test_a_head_of_more_than_16_kilobytes_is_told_so(port: int, end: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + FIELD * 17 + end)
        assert told(connection).startswith(b"HTTP/1.1 431 ")


def test_a_head_of_15_kilobytes_is_taken_and_the_connection_serves_on(port: int) -> None:
    with connected(port) as connection:
        for _ in range(3):
            connection.sendall(HEAD + FIELD * 14 + b"\r\n")
            assert one_answer(connection).startswith(b"HTTP/1.1 200 ")


def test_a_large_body_after_a_small_head_is_no_large_head(port: int) -> None:
    head = b"POST /v1/decisions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with connected(port) as connection:
        connection.sendall(head + b"Content-Length: 200000\r\n\r\n" + b" " * 199_999 + b"1" + HEAD + b"\r\n")
        answers = one_answer(connection)
        if b"HTTP/1.1 200 " not in answers:  # both may come at once
            answers += one_answer(connection)
    assert answers.startswith(b"HTTP/1.1 401 ")
    assert b"HTTP/1.1 200 " in answers


@pytest.mark.parametrize("first", [b"", b"GET / HT", HEAD, b"\r\n"])
def test_a_connection_without_a_whole_head_is_closed(port: int, first: bytes) -> None:
    with connected(port) as connection:
        connection.sendall(first)
        started = time.monotonic()
        assert told(connection) == b""
    assert time.monotonic() - started < 4 * SHORT


def test_a_head_that_comes_byte_by_byte_is_closed_all_the_same(port: int) -> None:
    with connected(port) as connection:
        started = time.monotonic()
        for byte in HEAD * 3:
            try:
                connection.sendall(bytes([byte]))
            except OSError:
                break
            time.sleep(0.05)
    assert time.monotonic() - started < 4 * SHORT


def test_half_a_second_head_is_closed_too(port: int) -> None:
    with connected(port) as connection:
        connection.sendall(HEAD + b"\r\n")
        assert one_answer(connection).startswith(b"HTTP/1.1 200 ")
        connection.sendall(HEAD)
        started = time.monotonic()
        assert told(connection) == b""
    assert time.monotonic() - started < 4 * SHORT


def test_half_a_body_is_told_and_closed(port: int) -> None:
    head = (
        b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n"
    )
    with connected(port) as connection:
        connection.sendall(head + b" " * 60_000)
        started = time.monotonic()
        answer = told(connection)
    assert time.monotonic() - started < 4 * SHORT
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"invalid_request" in answer


@pytest.mark.parametrize("path", [b"/v1/exchanges", b"/v1/decisions"])
def test_of_a_stranger_no_body_is_read(port: int, path: bytes) -> None:
    head = (
        b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n"
    )
    with connected(port) as connection:
        started = time.monotonic()
        connection.sendall(head + b" " * 60_000)
        assert one_answer(connection).startswith(b"HTTP/1.1 401 ")
        assert time.monotonic() - started < SHORT / 2
        told(connection)  # and who sends no more of it is cut off


@pytest.mark.parametrize("path", ["/v1/agencies", "/oauth/token"])
def test_beyond_most_connections_it_is_told_so(port: int, path: str) -> None:
    silent = [connected(port) for _ in range(40)]
    try:
        with connected(port) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            head, _, body = told(connection).partition(b"\r\n\r\n")
    finally:
        for one in silent:
            one.close()
    assert head.startswith(b"HTTP/1.1 503 ")
    fields = dict(line.split(b": ", 1) for line in head.lower().split(b"\r\n")[1:])
    assert (fields[b"retry-after"], fields[b"connection"]) == (b"1", b"close")
    if path.startswith("/oauth/"):
        assert json.loads(body)["error"] == "temporarily_unavailable"
        return
    assert fields[b"content-type"] == b"application/problem+json"
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (503, "too-many-connections")
    assert problem["requestId"].encode() == fields[b"x-request-id"]
    until = time.monotonic() + 5
    while time.monotonic() < until:  # and once they are gone, others are served
        with connected(port) as connection:
            connection.sendall(HEAD + b"Connection: close\r\n\r\n")
            if not told(connection).startswith(b"HTTP/1.1 503 "):
                return
    pytest.fail("it goes on refusing")


def test_as_many_as_are_taken_are_served_and_who_came_first_goes_on(port: int) -> None:
    with connected(port) as first:
        others = [connected(port) for _ in range(39)]
        try:
            for one in (first, *others):
                one.sendall(HEAD + b"\r\n")
                assert one_answer(one).startswith(b"HTTP/1.1 200 ")
            others += [connected(port) for _ in range(20)]
            time.sleep(0.1)
            first.sendall(HEAD.replace(b"/health/live", b"/v1/agencies") + b"\r\n")
            assert one_answer(first).startswith(b"HTTP/1.1 200 ")
            others[-1].sendall(HEAD + b"\r\n")  # whether it lives is told to everybody
            assert one_answer(others[-1]).startswith(b"HTTP/1.1 200 ")
        finally:
            for one in others:
                one.close()


def test_who_never_shakes_hands_over_tls_is_cut_off(tmp_path: Path) -> None:
    certificate, key = Authority(tmp_path).certificate()
    with impatient(tmp_path, "https", tls={"certificate": str(certificate), "key": str(key)}) as port:
        began = time.monotonic()
        with connected(port) as silent:
            assert told(silent) == b""
        assert SHORT * 0.5 < time.monotonic() - began < 4
