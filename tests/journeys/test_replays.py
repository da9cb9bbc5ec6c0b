"""A proof or an assertion sent to another gateway process on the same database is used up there too."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.auth.dpop import WINDOW
from tests.journeys.credentials import ByHand
from tests.journeys.realm import Realm, people
from tests.web.problems import problem
from tests.world import PROVIDER


@pytest.fixture(scope="module")
def realm(module_database_url: str) -> Iterator[Realm]:
    with Realm(module_database_url, people(4), gateways=2) as entered:
        yield entered


def send(
    realm: Realm, headers: dict[str, str], gateway: int, path: str = "/v1/exchanges", **more: Any
) -> httpx.Response:
    """One request, to that gateway."""
    return realm.run(_send(realm, headers, gateway, path, realm.about("p1", **{"purpose": "by-statute", **more})))


async def _send(
    realm: Realm, headers: dict[str, str], gateway: int, path: str, body: dict[str, Any]
) -> httpx.Response:
    async with realm.http() as http:
        return await http.post(path, json=body, headers=headers, extensions={"gateway": gateway})


def events(realm: Realm, exchange_id: str) -> list[dict[str, Any]]:
    """As the provider reads them."""
    return realm.events(exchange_id, f"{PROVIDER}.data-office")


def test_a_proof_replayed_at_another_gateway_releases_nothing_and_the_read_is_entered(realm: Realm) -> None:
    hand = ByHand(realm)
    headers = hand.headers(hand.token())
    first = send(realm, headers, 0)
    assert first.status_code == 201, first.text
    reads = len(realm.source.reads)
    told = problem(send(realm, headers, 1), 401, "invalid-dpop-proof", "Sandbox-Test", "2030-01-01")
    assert "record" not in told
    [read] = realm.source.reads[reads:]
    [event] = events(realm, read.exchange_id)
    assert event["outcome"] == "replayed"
    assert event["replayedProof"] is True
    [released] = events(realm, first.json()["exchangeId"])
    assert released["outcome"] == "released"


def test_the_same_gateway_refuses_the_replay_before_the_source_is_read(realm: Realm) -> None:
    hand = ByHand(realm)
    headers = hand.headers(hand.token())
    assert send(realm, headers, 0).status_code == 201
    reads = len(realm.source.reads)
    problem(send(realm, headers, 0), 401, "invalid-dpop-proof")
    assert len(realm.source.reads) == reads


def test_of_one_proof_sent_to_both_gateways_at_once_one_is_released(realm: Realm) -> None:
    hand = ByHand(realm)
    token = hand.token()

    async def race() -> list[httpx.Response]:
        headers = hand.headers(token)
        body = realm.about("p2", purpose="by-statute")
        return list(await asyncio.gather(*(_send(realm, headers, n, "/v1/exchanges", body) for n in (0, 1))))

    for _ in range(10):
        assert sorted(answer.status_code for answer in realm.run(race())) == [201, 401]


def test_a_proof_of_a_refused_exchange_is_used_up_at_another_gateway_too(realm: Realm) -> None:
    hand = ByHand(realm)
    headers = hand.headers(hand.token())
    told = problem(send(realm, headers, 0, purpose="with-consent"), 403, "consent-required")
    assert [event["outcome"] for event in events(realm, told["exchangeId"])] == ["refused"]
    problem(send(realm, headers, 1, purpose="with-consent"), 401, "invalid-dpop-proof")
    problem(send(realm, headers, 1, purpose="by-statute"), 401, "invalid-dpop-proof")


def test_a_proof_replayed_while_the_source_fails_tells_of_the_replay_only(realm: Realm) -> None:
    hand = ByHand(realm)
    headers = hand.headers(hand.token())
    assert send(realm, headers, 0).status_code == 201
    answer = realm.source.answer
    realm.source.answer = lambda read: (200, "text/plain", b"Zyzzyva")
    try:
        problem(send(realm, headers, 1), 401, "invalid-dpop-proof")
    finally:
        realm.source.answer = answer
    [event] = events(realm, realm.source.reads[-1].exchange_id)
    assert (event["outcome"], event["replayedProof"]) == ("source-fault", True)


@pytest.mark.parametrize("path", ["/v1/decisions", "/v1/consent-requests"])
def test_a_proof_of_any_other_write_is_used_up_at_another_gateway_too(realm: Realm, path: str) -> None:
    hand = ByHand(realm)
    headers = hand.headers(hand.token(), path=path)
    assert send(realm, headers, 0, path, purpose="with-consent").status_code in (200, 201)
    problem(send(realm, headers, 1, path, purpose="with-consent"), 401, "invalid-dpop-proof")


def test_an_assertion_replayed_at_another_gateway_gets_no_token(realm: Realm) -> None:
    hand = ByHand(realm)
    assertion = hand.maker.assertion()
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": assertion,
    }

    async def ask(gateway: int) -> httpx.Response:
        headers = {"DPoP": hand.maker.proof("POST", "/oauth/token")}
        async with realm.http() as http:
            return await http.post("/oauth/token", data=form, headers=headers, extensions={"gateway": gateway})

    assert realm.run(ask(0)).status_code == 200
    again = realm.run(ask(1))
    assert (again.status_code, again.json()["error"]) == (401, "invalid_client")


def test_a_proof_outlives_its_window_nowhere(realm: Realm) -> None:
    hand = ByHand(realm)
    token = hand.token()
    for gateway in (0, 1):
        for late in (WINDOW + 5, -WINDOW - 5):
            headers = hand.headers(token, hand.proof(token, iat=hand.now - late))
            problem(send(realm, headers, gateway), 401, "invalid-dpop-proof")
