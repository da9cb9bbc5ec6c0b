"""What was asked before the gateway knew whom it was about: its person reads it, and it is forgotten with them."""

from typing import Any

import pytest

from adapters.base import Query
from adapters.errors import Permanent
from gateway.app import Gateway
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import pseudonyms
from tests.consent.asking import code, decide, events, known_as, requested
from tests.exchange.test_forgetting import everything, forget, refused
from tests.subjects.indexed import asked_with
from tests.subjects.test_rotation import rotate
from tests.world import CONFIRMED, CONSUMER, PEOPLE, PROVIDER, World

CASE = {"caseReference": "case-before-known"}


@pytest.fixture
def world(database_url: str) -> Any:
    with World(database_url) as entered:
        yield entered


def not_held(world: World, name: str) -> str:
    del world.adapter.held[PEOPLE[name]["nino"]]
    return str(world.casework.post("/v1/exchanges", json=world.ask(name, **CASE)).json()["exchangeId"])


def not_confirmed(world: World, name: str) -> str:
    subject = {**known_as(name, "nino"), "confirm": {"dateOfBirth": "1999-01-01"}}
    answer = world.casework.post("/v1/exchanges", json=world.ask(name, dataset=CONFIRMED, subject=subject, **CASE))
    assert code(answer) == (403, "not-confirmed")
    return str(answer.json()["exchangeId"])


def source_fault(world: World, name: str) -> str:
    async def fails(_: Query) -> None:
        raise Permanent("scripted")

    world.adapter.before = fails
    try:
        return str(world.casework.post("/v1/exchanges", json=world.ask(name, **CASE)).json()["exchangeId"])
    finally:
        world.adapter.before = None


def dry(world: World, name: str) -> str:
    assert world.casework.post("/v1/decisions", json=world.ask(name, **CASE)).json()["permitted"] is True
    *_, event = [one for one in events(world) if one["kind"] == "decision"]
    return str(event["exchangeId"])


ASKED = {
    "refused": lambda world, name: refused(world, name, **CASE),
    "not held": not_held,
    "not confirmed": not_confirmed,
    "the source failed": source_fault,
    "dry": dry,
}


def told(world: World, name: str, exchange_id: str) -> int:
    """What the person is answered about it, by either route the same."""
    person = world.person(name)
    statuses = {person.get(f"/v1/exchanges/{exchange_id}").status_code}
    for event in events(world):
        if event.get("exchangeId") == exchange_id and event["kind"] != "exchange-detail":
            statuses.add(person.get(f"/v1/ledger/openings/{event['id']}").status_code)
    [status] = statuses
    return status


@pytest.mark.parametrize("how", ASKED)
def test_its_person_reads_it_and_nobody_else(shared: World, how: str) -> None:
    name, other = shared.newcomer(), shared.newcomer()
    exchange_id = ASKED[how](shared, name)
    for _ in range(2):  # before the gateway has met them, and after: their own token tells who they are
        assert told(shared, name, exchange_id) == 200
        assert told(shared, other, exchange_id) == 404
        for one in (name, other):
            shared.person(one).get("/v1/consent-requests")
    for detail in events(shared):
        if detail["kind"] == "exchange-detail" and detail["exchangeId"] == exchange_id:
            answer = shared.person(name).get(f"/v1/ledger/openings/{detail['id']}")
            assert code(answer) == (404, "ledger-not-found")


@pytest.mark.parametrize("known", [False, True], ids=["of nobody known", "of somebody known by now"])
@pytest.mark.parametrize("how", ASKED)
def test_it_is_forgotten_with_its_case_reference(shared: World, how: str, known: bool) -> None:
    name, other = shared.newcomer(), shared.newcomer()
    exchange_id, kept = ASKED[how](shared, name), refused(shared, other)
    if known:
        shared.person(name).get("/v1/consent-requests")
    assert exchange_id in everything(shared)
    done = forget(shared, name, "nino")
    assert (done.attempts, done.identifiers) == (1, 2 if known else 0)
    # With a record that was not there, the provider's own entry goes too.
    assert done.openings == (2 if how.startswith("not ") else 1)
    assert exchange_id not in everything(shared)
    for client in (f"{CONSUMER}.casework", f"{PROVIDER}.data-office"):
        assert code(shared.client(client).get(f"/v1/exchanges/{exchange_id}")) == (404, "no-such-exchange")
    assert told(shared, other, kept) == 200
    *_, event = [one for one in events(shared) if one["kind"] == "person-forgotten"]
    assert event["openings"] == done.openings


def nino(name: str) -> dict[str, str]:
    [found] = known_as(name, "nino")["identifiers"]
    return found  # type: ignore[no-any-return]  # of a body, which is plain JSON


def nhs(name: str) -> dict[str, str]:
    [found] = known_as(name, "nhs-number")["identifiers"]
    return found  # type: ignore[no-any-return]  # as above


def two_people_s(world: World, name: str, other: str) -> str:
    """Asked with an identifier of each: by somebody's mistake, or to find something out."""
    return refused(world, name, subject={"identifiers": [nino(name), nhs(other)]}, **CASE)


def test_what_was_asked_with_two_people_s_identifiers_is_told_to_neither(shared: World) -> None:
    """And nothing follows from that about whether the gateway knows the other."""
    name, other = shared.newcomer(), shared.newcomer()
    exchange_id = two_people_s(shared, name, other)
    for one in (None, other, name):
        if one is not None:
            shared.person(one).get("/v1/consent-requests")
        assert (told(shared, name, exchange_id), told(shared, other, exchange_id)) == (404, 404)
    both = refused(shared, name, subject=known_as(name, "nino", "nhs-number"))
    assert (told(shared, name, both), told(shared, other, both)) == (200, 404)


@pytest.mark.parametrize("first", [0, 1])
def test_and_goes_with_the_first_of_them(shared: World, first: int) -> None:
    names = shared.newcomer(), shared.newcomer()
    exchange_id = two_people_s(shared, *names)
    for name in names:
        shared.person(name).get("/v1/consent-requests")
    dataset = shared.offer(identifiers=("nino", "nhs-number"))
    subject = {"identifiers": [nino(names[0]), nhs(names[1])]}
    both = shared.ask(purpose="with-consent", dataset=dataset, subject=subject)
    later = shared.casework.post("/v1/exchanges", json=both).json()
    assert later["code"] == "consent-required"
    assert forget(shared, names[first]).attempts == 2
    left = everything(shared)
    assert exchange_id not in left
    assert later["exchangeId"] not in left
    assert forget(shared, names[1 - first]).attempts == 0


@pytest.mark.parametrize("known", [False, True])
def test_of_somebody_known_it_is_told_no_sooner_and_whether_the_other_is_known_shows_nowhere(
    shared: World, known: bool
) -> None:
    name, other = shared.newcomer(), shared.newcomer()
    for one in (name, other) if known else (name,):
        shared.person(one).get("/v1/consent-requests")
    body = shared.ask(name, subject={"identifiers": [nino(name), nhs(other)]}, fields=["endorsements"], **CASE)
    answer = shared.casework.post("/v1/exchanges", json=body)
    assert code(answer) == (403, "field-not-in-agreement")
    exchange_id = str(answer.json()["exchangeId"])
    assert (told(shared, name, exchange_id), told(shared, other, exchange_id)) == (404, 404)
    assert forget(shared, other).attempts == 1
    assert exchange_id not in everything(shared)


def test_what_was_released_by_now_stays_theirs(shared: World) -> None:
    """The same request again, under its key, once the person has consented."""
    name, other = shared.newcomer(), shared.newcomer()
    body = shared.ask(name, purpose="with-consent", subject={"identifiers": [nino(name), nhs(other)]})
    headers = {"Idempotency-Key": f"twice.{name}"}
    first = shared.casework.post("/v1/exchanges", json=body, headers=headers)
    assert code(first) == (403, "consent-required")
    decide(shared, name, requested(shared, name))
    again = shared.casework.post("/v1/exchanges", json=body, headers=headers)
    exchange_id = again.json()["exchangeId"]
    assert (again.status_code, exchange_id) == (201, first.json()["exchangeId"])
    assert told(shared, name, exchange_id) == 200
    done = forget(shared, other)
    assert (done.attempts, done.openings) == (1, 0)
    assert told(shared, name, exchange_id) == 200
    assert forget(shared, name).exchanges == 1
    assert code(shared.casework.get(f"/v1/exchanges/{exchange_id}")) == (404, "no-such-exchange")


def test_a_release_about_somebody_known_leaves_no_row_of_it(shared: World) -> None:
    name = shared.newcomer()
    for _ in range(2):  # that by which the person becomes known, and another
        looked = shared.casework.post("/v1/exchanges", json=shared.ask(name)).json()
        assert looked["outcome"] == "released"

        async def read(gateway: Gateway, exchange_id: str = looked["exchangeId"]) -> list[str]:
            return await gateway.store.read(asked_with, exchange_id)

        assert shared.in_gateway(read) == []


def test_under_every_older_key_it_is_found(world: World) -> None:
    name, other = world.newcomer(), world.newcomer()
    first = refused(world, name)
    rotate(world)
    second = refused(world, name)
    kept = refused(world, other)
    rotate(world)
    for exchange_id in (first, second):
        assert told(world, name, exchange_id) == 200
        assert told(world, other, exchange_id) == 404
    done = forget(world, name)
    assert (done.attempts, done.openings) == (2, 2)
    assert told(world, other, kept) == 200


def test_while_a_new_key_settles_it_stands_under_both(world: World) -> None:
    name = world.newcomer()
    rotate(world, settled=False)
    exchange_id = refused(world, name)

    async def read(gateway: Gateway) -> tuple[list[str], set[str]]:
        digests = {
            digest for one in pseudonyms(gateway.pseudonyms, {"nino": PEOPLE[name]["nino"]}) for digest in one.digests
        }
        return await gateway.store.read(asked_with, exchange_id), digests

    asked, digests = world.in_gateway(read)
    assert len(asked) == 2
    assert {*asked} == digests
    assert told(world, name, exchange_id) == 200
    assert forget(world, name).attempts == 1
    assert not any(digest in everything(world) for digest in digests)


@pytest.mark.parametrize("how", ASKED)
def test_nobody_is_made_a_subject_by_being_asked_for(shared: World, how: str) -> None:
    name = shared.newcomer()
    ASKED[how](shared, name)

    async def read(gateway: Gateway) -> list[str]:
        return await gateway.store.read(subjects.subjects_of, pseudonyms(gateway.pseudonyms, PEOPLE[name]))

    assert shared.in_gateway(read) == []
