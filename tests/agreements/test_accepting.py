"""Attacks on acceptances: a signature binds one text of one version, and is made by a key that may accept."""

import base64
import json
from collections.abc import Callable

import pytest

from gateway.agencies.registration import AddClient
from gateway.agencies.standing import SuspendClient
from gateway.app import Gateway
from gateway.connector.keys import ClientKey
from tests.agreements.drafted import Drafted, Offices, text_for
from tests.world import CONSUMER, PROVIDER, World

OFFICE = f"{CONSUMER}.data-office"


@pytest.fixture(scope="module")
def drafted(world: World, offices: Offices) -> Drafted:
    return offices.draft(text_for(world.offer(agreed=False)))


@pytest.fixture(scope="module")
def other(world: World, offices: Offices) -> Drafted:
    return offices.draft(text_for(world.offer(agreed=False)))


def unsigned(drafted: Drafted, alg: str = "none", signature: str = "") -> str:
    head = base64.urlsafe_b64encode(json.dumps({"alg": alg}).encode()).decode().rstrip("=")
    body = base64.urlsafe_b64encode(json.dumps(drafted.payload()).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


ATTACKS: dict[str, Callable[[Drafted, Drafted], str]] = {
    "over another version": lambda d, _: d.jws(OFFICE, version=2),
    "over another hash": lambda d, _: d.jws(OFFICE, sha256="0" * 64),
    "over another agreement": lambda d, other: other.jws(OFFICE),
    "with a member more": lambda d, _: d.jws(OFFICE, agency=CONSUMER),
    "by the key of a client that may not accept": lambda d, _: d.jws(f"{CONSUMER}.casework"),
    "by the other party": lambda d, _: d.jws(f"{PROVIDER}.data-office"),
    "by a stranger": lambda d, _: d.jws("t.stranger.data-office"),
    "under the name of a right key": lambda d, _: d.jws(
        "t.stranger.data-office", header={"kid": d.offices.world.keys[OFFICE].kid}
    ),
    "under another key's name": lambda d, _: d.jws(OFFICE, header={"kid": "another"}),
    "unsigned": lambda d, _: unsigned(d),
    "unsigned, saying ES256": lambda d, _: unsigned(d, "ES256"),
    "by HMAC with the public key": lambda d, _: unsigned(d, "HS256", "c2lnbmVk"),
    "with its signature changed": lambda d, _: d.jws(OFFICE)[:-8] + "AAAAAAAA",
    "with a critical header that nobody knows": lambda d, _: d.jws(OFFICE, header={"crit": ["x"], "x": 1}),
    "not a JWS": lambda d, _: "x" * 40,
    "two dots": lambda d, _: "." * 30,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_acceptance_is_refused(attack: str, drafted: Drafted, other: Drafted) -> None:
    answer = drafted.send(CONSUMER, ATTACKS[attack](drafted, other))
    assert (answer.status_code, answer.json()["code"]) == (422, "acceptance-invalid"), attack
    shown = drafted.offices.consumer.get(drafted.path).json()
    assert (shown["status"], shown["acceptances"]) == ("draft", [])


def test_an_acceptance_of_one_party_is_not_taken_from_the_other(world: World, offices: Offices) -> None:
    drafted = offices.draft(text_for(world.offer(agreed=False)))
    jws = drafted.jws(OFFICE)
    assert drafted.send(CONSUMER, jws).status_code == 201
    answer = drafted.send(PROVIDER, jws)
    assert (answer.status_code, answer.json()["code"]) == (422, "acceptance-invalid")


def test_an_acceptance_of_version_one_is_not_one_of_version_two(world: World, offices: Offices) -> None:
    drafted = offices.draft(text_for(world.offer(agreed=False)))
    first = drafted.jws(OFFICE)
    drafted.next_version(CONSUMER)  # the very same text
    assert drafted.send(CONSUMER, first).json()["code"] == "acceptance-invalid"
    assert drafted.accept(CONSUMER).status_code == 201


def test_the_key_of_a_suspended_client_accepts_nothing_more(world: World, offices: Offices) -> None:
    drafted = offices.draft(text_for(world.offer(agreed=False)))
    old = f"{CONSUMER}.old-office"
    world.keys[old] = key = ClientKey.generate()

    async def suspended(gateway: Gateway) -> None:
        scopes = ("agreements:accept", "agreements:read")
        await gateway.store.commit(AddClient(old, CONSUMER, old, scopes, key.public_jwks()))
        await gateway.store.commit(SuspendClient(old))

    world.in_gateway(suspended)
    answer = drafted.send(CONSUMER, drafted.jws(old))
    assert (answer.status_code, answer.json()["code"]) == (422, "acceptance-invalid")
