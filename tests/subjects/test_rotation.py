"""A new pseudonym key: what is known stays known, and is known by the new key once it is seen again."""

from typing import Any

import pytest
from sqlalchemy import select

from gateway.app import Gateway
from gateway.signing.pseudonyms import SETTLING, PseudonymKeys
from gateway.subjects.tables import subject_identifier
from tests.consent.asking import decide, exchange, known_as, requested
from tests.world import CONFIRMED, PEOPLE, World

_ROWS = select(subject_identifier.c.key_id, subject_identifier.c.subject_id, subject_identifier.c.digest)


def rows(world: World, name: str) -> list[tuple[Any, ...]]:
    """(key id, subject) of this person's rows, under any live key."""

    async def read(gateway: Gateway) -> list[tuple[Any, ...]]:
        digests = {
            digest for scheme, value in PEOPLE[name].items() for _, digest in gateway.pseudonyms.digest(scheme, value)
        }
        found = await gateway.store.read(lambda connection: connection.all(_ROWS))
        return [row[:2] for row in found if row[2] in digests]

    return world.in_gateway(read)


def rotate(world: World, *, restart: bool = True, settled: bool = True) -> str:
    """Rotate, as an operator does, and let its time pass; a restart stands for the gateway's looking, or it looks."""
    new = PseudonymKeys(world.settings.keys, world.clock).ensure().rotate(lead=60)
    world.clock.advance(seconds=60 + (SETTLING if settled else 1))
    if restart:
        world.stop()
        world.start()
    else:
        world.gateway.pseudonyms.refresh()
    return new


def test_look_ups_still_find_and_rows_are_keyed_anew_when_next_seen(world: World) -> None:
    seen, unseen = world.newcomer(), world.newcomer()
    for name in (seen, unseen):
        decide(world, name, requested(world, name))
    looked = world.casework.post("/v1/exchanges", json=world.ask(seen)).json()["exchangeId"]
    before = {name: rows(world, name) for name in (seen, unseen)}
    new = rotate(world)
    assert exchange(world, seen) == "released"
    after = rows(world, seen)
    assert {subject for _, subject in after} == {subject for _, subject in before[seen]}
    assert new in {key for key, _ in after}
    assert rows(world, unseen) == before[unseen]
    assert world.person(seen).get(f"/v1/exchanges/{looked}").status_code == 200
    # The person's token keys all their identifiers anew, and the consent is still theirs.
    [own] = world.person(unseen).get("/v1/consent-requests").json()["items"]
    assert own["status"] == "active"
    assert sorted(key for key, _ in rows(world, unseen)) == sorted([key for key, _ in before[unseen]] + [new] * 2)
    assert exchange(world, unseen) == "released"
    # Nobody became two: asking by both identifiers is no conflict.
    assert exchange(world, unseen, subject=known_as(unseen, "nino", "nhs-number")) == "released"


def test_a_consent_still_refuses_after_rotation_once_revoked(world: World) -> None:
    name = world.newcomer()
    consent_id = requested(world, name)
    decide(world, name, consent_id)
    rotate(world)
    assert exchange(world, name) == "released"
    world.person(name).post(f"/v1/consents/{consent_id}/revocations", json={})
    rotate(world)
    assert exchange(world, name) == "consent-revoked"


def test_a_repeat_is_known_as_the_same_body_after_rotation(world: World) -> None:
    headers = {"Idempotency-Key": "before-and-after"}
    first = world.casework.post("/v1/exchanges", json=world.ask(), headers=headers).json()
    rotate(world)
    again = world.casework.post("/v1/exchanges", json=world.ask(), headers=headers).json()
    assert again["exchangeId"] == first["exchangeId"]
    other = world.casework.post("/v1/exchanges", json=world.ask(fields=["status"]), headers=headers)
    assert other.json()["code"] == "idempotency-key-reused"


@pytest.mark.parametrize("signed_in", ["before", "anew"])
def test_a_person_s_own_repeat_is_one_after_rotation(world: World, signed_in: str) -> None:
    """By the token that the gateway has seen and kept already, or by another."""
    headers = {"Idempotency-Key": "my-own"}
    body = world.ask(purpose="subject-access", fields=["licenceNumber"])
    person = world.person("ann")
    before = person.post("/v1/exchanges", json=body, headers=headers).json()
    rotate(world, restart=signed_in == "anew")
    if signed_in == "anew":
        person = world.person("ann")
    for _ in range(2):
        again = person.post("/v1/exchanges", json=body, headers=headers).json()
        assert (again["exchangeId"], again["outcome"]) == (before["exchangeId"], "released")
    told = [event["outcome"] for event in world.events(before["exchangeId"])]
    assert told == ["released", "repeated", "repeated"]
    other = person.post("/v1/exchanges", json={**body, "fields": ["status"]}, headers=headers)
    assert other.json()["code"] == "idempotency-key-reused"
    # Nobody else's key of this name is touched.
    assert (
        world.person("bob")
        .post(
            "/v1/exchanges",
            json=world.ask("bob", purpose="subject-access", fields=["licenceNumber"]),
            headers=headers,
        )
        .json()["exchangeId"]
        != before["exchangeId"]
    )


def test_a_lock_of_wrong_confirmations_outlives_the_key(world: World) -> None:
    subject = {**known_as("ann", "nino"), "confirm": {"dateOfBirth": "1999-01-01"}}
    ask = world.ask(dataset=CONFIRMED, subject=subject)
    for _ in range(5):
        assert world.casework.post("/v1/exchanges", json=ask).json()["code"] == "not-confirmed"
    rotate(world)
    assert world.casework.post("/v1/exchanges", json=ask).json()["code"] == "confirmation-locked"
