"""What cannot be read as one HTTP request is answered with a problem, over raw sockets, and the connection ends."""

import json
import re
import socket
import time
from collections.abc import Iterator

import pytest

from gateway.connector.proofs import ProofMaker
from gateway.errors import GatewayError
from gateway.web.errors import HeadTooLarge, MalformedRequest
from tests.answers import one_answer
from tests.world import CONSUMER, World

GOOD = b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n"
MARK = b"Zyzzyva"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(f"sqlite:///{tmp_path_factory.mktemp('unreadable') / 'gateway.db'}") as entered:
        yield entered


def told(world: World, sent: bytes) -> bytes:
    """All that comes until the gateway closes the connection; fails where it does not."""
    found = b""
    with socket.create_connection(("127.0.0.1", world.settings.port), timeout=5) as connection:
        connection.sendall(sent)
        while piece := connection.recv(65_536):
            found += piece
    return found


def check(world: World, answer: bytes, error: type[GatewayError]) -> None:
    """The answer is this problem, whole, and its type is a page."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines)
    assert status.startswith(f"HTTP/1.1 {error.status} ")
    assert fields["content-type"] == "application/problem+json"
    assert fields["content-length"] == str(len(body))
    assert fields["connection"] == "close"
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d gmt", fields["date"])
    assert json.loads(body) == {
        "type": f"{world.base_url}/problems/{error.code}",
        "title": error.title,
        "status": error.status,
        "code": error.code,
        "detail": error.explanation,
    }
    assert world.anyone().get(f"/problems/{error.code}").status_code == 200
    assert MARK not in answer


@pytest.mark.parametrize(
    "sent",
    [
        b"Zyzzyva\r\n\r\n",
        b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nBad Field: Zyzzyva\r\n\r\n",
        b"GET http://[Zyzzyva HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /v1/notices HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        b"POST /v1/notices HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"GET /health/live HTTP/1.1\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nX-Host: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nHost: Zyzzyva\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: x\r\nAccept: */*\r\nhOST: x\r\n\r\n",
        b"GET /health/live HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n",
        b"GET http://x/health/live HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_told_by_a_problem(world: World, sent: bytes) -> None:
    check(world, told(world, sent), MalformedRequest)


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"], ids=["half", "whole"])
def test_a_head_that_is_too_large_is_told_by_a_problem(world: World, end: bytes) -> None:
    check(world, told(world, b"GET /health/live HTTP/1.1\r\nHost: x\r\nX: " + MARK * 2_500 + end), HeadTooLarge)


BODY = b"POST /oauth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_a_body_that_turns_out_to_be_malformed_is_told_by_a_problem(world: World) -> None:
    check(world, told(world, BODY + b"2\r\nab\r\nZyzzyva\r\n"), MalformedRequest)
    with socket.create_connection(("127.0.0.1", world.settings.port), timeout=5) as connection:
        connection.sendall(BODY + b"2\r\nab\r\n")
        time.sleep(0.1)  # its room awaits the rest by now
        connection.sendall(b"Zyzzyva\r\n")
        check(world, one_answer(connection), MalformedRequest)
        assert connection.recv(1) == b""


def test_of_a_stranger_s_malformed_body_only_one_answer_comes(world: World) -> None:
    sent = BODY.replace(b"/oauth/token", b"/v1/notices") + b"Zyzzyva\r\n"
    check(world, told(world, sent), MalformedRequest)


def test_a_refusal_is_not_the_answer_to_the_request_before_it(world: World) -> None:
    assert b"malformed-request" not in told(world, GOOD + b"Zyzzyva\r\n\r\n")


def test_trailers_that_are_too_large_are_told_by_a_problem(world: World) -> None:
    check(world, told(world, BODY + b"0\r\nX: " + MARK * 2_500), HeadTooLarge)


@pytest.mark.parametrize("pause", [0.0, 0.2], ids=["at once", "later"])
@pytest.mark.parametrize("what", ["credentials", "Content-Type", "Idempotency-Key"])
def test_a_field_after_the_body_counts_for_nothing(world: World, what: str, pause: float) -> None:
    path, before = "/v1/exchanges", len(world.adapter.queries)
    key = world.keys[f"{CONSUMER}.casework"]
    token = world.casework.post(path, json={}).request.headers["authorization"]
    proof = ProofMaker(f"{CONSUMER}.casework", key, world.base_url, world.clock).proof("POST", path, token.split()[1])
    fields = {
        "credentials": f"Authorization: {token}\r\nDPoP: {proof}\r\n",
        "Content-Type": "Content-Type: application/json\r\n",
        "Idempotency-Key": "Idempotency-Key: key-1\r\n",
    }
    late = fields.pop(what)
    if what != "Idempotency-Key":
        fields.pop("Idempotency-Key")
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n{''.join(fields.values())}\r\n"
    body = json.dumps(world.ask()).encode()
    with socket.create_connection(("127.0.0.1", world.settings.port), timeout=5) as connection:
        first = head.encode() + b"%x\r\n%b\r\n0\r\n" % (len(body), body)
        if pause:
            connection.sendall(first)
            time.sleep(pause)
            first = b""
        connection.sendall(first + late.encode() + b"\r\n")
        answer = one_answer(connection)
    if pause and what != "Idempotency-Key":  # what is missing was told before anything came after the body
        assert answer.partition(b"\r\n")[0].split()[1] in (b"401", b"415")
    else:
        check(world, answer, MalformedRequest)
    assert len(world.adapter.queries) == before


def test_after_a_good_request_a_bad_one_is_told_too(world: World) -> None:
    with socket.create_connection(("127.0.0.1", world.settings.port), timeout=5) as connection:
        connection.sendall(GOOD)
        assert one_answer(connection).startswith(b"HTTP/1.1 200 ")
        connection.sendall(GOOD.replace(b"Host: x\r\n", b"Host: x\r\nHost: y\r\n"))
        check(world, one_answer(connection), MalformedRequest)
        assert connection.recv(1) == b""


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /health/live HTTP/1.0\r\n\r\n",
        b"GET /health/live HTTP/1.0\r\nHost: x\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nX-Forwarded-Host: y\r\nhost: x\r\nConnection: close\r\n\r\n",
    ],
)
def test_one_host_is_taken_and_of_http_1_0_none(world: World, sent: bytes) -> None:
    assert told(world, sent).startswith(b"HTTP/1.1 200 ")
