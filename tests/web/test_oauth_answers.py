"""`/oauth/*` answers as RFC 6749, section 5.2, says: `error`, never problem+json, and 400 where the input is bad."""

import re
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest

from gateway.auth.token_endpoint import TokenEndpoint
from gateway.connector.proofs import ASSERTION_TYPE, ProofMaker
from gateway.db.errors import StorageBusy
from tests.world import CONSUMER, World

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
CLIENT = f"{CONSUMER}.casework"


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


def oauth_error(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The members of this error; the answer is one of RFC 6749, and repeats nothing that was sent."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    body: dict[str, Any] = answer.json()
    assert body["error"] == code
    assert set(body) <= {"error", "error_description", "error_uri"}
    # RFC 6749, section 5.2: no character but these, and none of what was sent.
    assert re.fullmatch(r"[\x20-\x21\x23-\x5B\x5D-\x7E]*", body.get("error_description", ""))
    assert "zyzzyva" not in (answer.text + str(answer.headers)).lower()
    return body


def form(world: World, **changes: str) -> dict[str, str]:
    maker = ProofMaker(CLIENT, world.keys[CLIENT], world.base_url, world.clock)
    right = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": maker.assertion(),
    }
    return {**right, **changes}


def ask(world: World, body: dict[str, str], **headers: str) -> httpx.Response:
    maker = ProofMaker(CLIENT, world.keys[CLIENT], world.base_url, world.clock)
    headers.setdefault("DPoP", maker.proof("POST", "/oauth/token"))
    return world.anyone().post("/oauth/token", data=body, headers=headers)


def test_the_right_request_gets_a_token(world: World) -> None:
    assert ask(world, form(world)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"grant_type": "Zyzzyva"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": "Zyzzyva"}, 400, "invalid_scope"),
        ({"scope": "agreements:accept"}, 400, "invalid_scope"),
        ({"resource": "https://zyzzyva.example"}, 400, "invalid_target"),
        ({"client_id": "Zyzzyva"}, 400, "invalid_request"),
        ({"client_assertion": "Zyzzyva"}, 401, "invalid_client"),
        ({"client_assertion": "e30.e30."}, 401, "invalid_client"),
        ({"client_assertion_type": "urn:Zyzzyva"}, 400, "invalid_request"),
        ({"client_secret": "Zyzzyva"}, 401, "invalid_client"),
    ],
)
def test_a_wrong_parameter_has_the_code_of_the_rfc(
    world: World, changes: dict[str, str], status: int, code: str
) -> None:
    answer = ask(world, form(world, **changes))
    oauth_error(answer, status, code)
    assert ("www-authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"grant_type": "client_credentials"}', "application/json"),
        (b"", "application/x-www-form-urlencoded"),
        (b"%", "application/x-www-form-urlencoded"),
        (b"a=1&a=2&Zyzzyva=Zyzzyva", "application/x-www-form-urlencoded"),
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"grant_type=client_credentials&" + b"x" * 40_000, "application/x-www-form-urlencoded"),
        (b"grant_type=x", "text/Zyzzyva"),
        (b"[" * 5_000, "application/json"),
    ],
)
def test_a_body_that_cannot_be_read_is_400_and_never_422(world: World, body: bytes, kind: str) -> None:
    answer = world.anyone().post("/oauth/token", content=body, headers={"Content-Type": kind})
    assert answer.status_code != 422
    assert answer.status_code in (400, 401)
    oauth_error(answer, answer.status_code, answer.json()["error"])


def test_twenty_megabytes_are_400_with_a_length_and_without(world: World) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(320):
            yield b"a" * 65_536

    for content in (b"a" * 20 * 1024 * 1024, chunks()):
        answer = world.anyone().post("/oauth/token", content=content, headers=FORM)
        oauth_error(answer, 400, "invalid_request")


def test_another_method_or_path_is_told_in_the_same_form(world: World) -> None:
    wrong = world.anyone().get("/oauth/token")
    oauth_error(wrong, 405, "invalid_request")
    assert wrong.headers["allow"] == "POST"
    oauth_error(world.anyone().post("/oauth/Zyzzyva", content=b"a=1", headers=FORM), 404, "invalid_request")


def test_a_client_id_with_a_null_in_it_is_nobody(world: World) -> None:
    maker = ProofMaker(f"{CLIENT}\0", world.keys[CLIENT], world.base_url, world.clock)
    oauth_error(ask(world, form(world, client_assertion=maker.assertion())), 401, "invalid_client")


def test_storage_that_is_busy_is_temporarily_unavailable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object) -> None:
        raise StorageBusy

    monkeypatch.setattr(TokenEndpoint, "grant", busy)
    answer = ask(world, form(world))
    oauth_error(answer, 503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "1"


def test_what_nobody_expected_is_a_server_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("Zyzzyva")

    monkeypatch.setattr(TokenEndpoint, "grant", broken)
    oauth_error(ask(world, form(world)), 500, "server_error")


def test_a_proof_or_token_sent_twice_is_an_invalid_request(world: World) -> None:
    head = (
        "POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "DPoP: Zyzzyva\r\nDPoP: Zyzzyva\r\nContent-Length: 3\r\nConnection: close\r\n\r\na=1"
    )
    with socket.create_connection(("127.0.0.1", world.settings.port), timeout=5) as connection:
        connection.sendall(head.encode())
        answer = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b'"error":"invalid_request"' in answer
    assert b"Zyzzyva" not in answer
