"""Two gateways on one PostgreSQL: what one is about to commit the other does not miss, and neither is in a ring."""

from collections.abc import Iterator
from typing import Any

import pytest

from gateway.agreements import repository as agreements
from gateway.app import Gateway
from gateway.auth.actor import Actor
from gateway.consent import repository as consents
from gateway.consent.deciding import Evidence, Grant
from gateway.consent.linking import LinkPerson
from gateway.consent.requesting import MOST_OPEN, RequestConsent
from gateway.consent.tables import consent
from gateway.db.connection import Connection
from gateway.db.intent import CONSENT, Lock
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms, pseudonyms
from tests.consent.asking import exchange, known_as, request, requested
from tests.elsewhere import applied, impatient, meanwhile, transaction
from tests.world import CONSUMER, DATASET, PEOPLE, World

CASEWORK = Actor(f"{CONSUMER}.casework", CONSUMER)


@pytest.fixture(scope="module")
def world(module_postgres_url: str) -> Iterator[World]:
    with World(module_postgres_url) as entered:
        yield entered


def keyed(world: World, name: str) -> tuple[Pseudonyms, ...]:
    """(NHS number, NINO), by scheme."""
    return pseudonyms(world.gateway.pseudonyms, PEOPLE[name])


def asking(world: World, name: str, days: int) -> RequestConsent:
    """The other gateway's request about this person, by NINO."""

    async def agreement(gateway: Gateway) -> str:
        def read(connection: Connection) -> str:
            return agreements.between(connection, CONSUMER, DATASET)[0].id

        return await gateway.store.read(read)

    known = keyed(world, name)[-1:]
    fields = frozenset({"status"})
    return RequestConsent(
        CASEWORK, known, DATASET, "with-consent", fields, frozenset(), days, None, world.in_gateway(agreement)
    )


def ask(world: World, name: str, days: int) -> dict[str, Any]:
    body: dict[str, Any] = request(world, name, fields=["status"], validDays=days).json()
    return body


@pytest.mark.parametrize("seen", [False, True], ids=["a newcomer", "somebody known"])
def test_what_another_gateway_is_asking_is_not_asked_twice(world: World, seen: bool) -> None:
    name = world.newcomer()
    if seen:
        requested(world, name, validDays=7)
    with applied(world.settings.database, asking(world, name, 30)) as first:
        second = meanwhile(lambda: ask(world, name, 30))
    assert second()["id"] == first.id


def test_two_gateways_do_not_open_one_request_too_many(world: World) -> None:
    name = world.newcomer()
    for days in range(1, MOST_OPEN):
        ask(world, name, days)
    with applied(world.settings.database, asking(world, name, 100)):
        second = meanwhile(lambda: ask(world, name, 101))
    assert second()["code"] == "too-many-open-requests"


def test_a_person_linked_for_the_first_time_waits_for_an_exchange_and_holds_nothing_of_it(world: World) -> None:
    """An exchange locks its consent, then reads whose it is. Whoever is linking must not stand between."""
    name = world.newcomer()
    made = sorted(requested(world, name, subject=known_as(name, scheme)) for scheme in ("nino", "nhs-number"))
    locks = [Lock(CONSENT, one, consent) for one in made]
    with transaction(world.settings.database, *locks) as tx:
        person = world.person(name)
        listed = meanwhile(lambda: person.get("/v1/consent-requests"))
        impatient(tx)
        assert subjects.resolve(tx, keyed(world, name)).conflict
    assert sorted(one["id"] for one in listed().json()["items"]) == made


def test_so_does_a_person_who_grants(world: World) -> None:
    name = world.newcomer()
    granted, kept = (requested(world, name, subject=known_as(name, scheme)) for scheme in ("nino", "nhs-number"))
    with transaction(world.settings.database, Lock(CONSENT, kept, consent)) as tx:
        person, path = world.person(name), f"/v1/consent-requests/{granted}/decisions"
        answer = meanwhile(lambda: person.post(path, json={"decision": "grant"}))
        impatient(tx)
        subjects.resolve(tx, keyed(world, name))
    assert answer().json()["status"] == "active"


def test_of_two_that_are_granted_at_once_one_is_active(world: World) -> None:
    """Else whoever revokes one is told that it is over, and releases go on by the other."""
    name = world.newcomer()
    one, two = requested(world, name, fields=["status", "address"]), requested(world, name, fields=["status"])
    known = keyed(world, name)

    async def rivals(gateway: Gateway) -> list[str]:
        await gateway.store.commit(LinkPerson(known))
        return await gateway.store.read(consents.rivals, one)

    assert world.in_gateway(rivals) == [two]
    grant = Grant(one, known, frozenset(), Evidence("issuer", "acr"), (two,))
    with applied(world.settings.database, grant):
        path = f"/v1/consent-requests/{two}/decisions"
        later = meanwhile(lambda: world.person(name).post(path, json={"decision": "grant"}))
    assert later().json()["status"] == "active"
    assert world.casework.get(f"/v1/consents/{one}").json()["status"] == "replaced"
    assert world.person(name).post(f"/v1/consents/{two}/revocations", json={}).json()["status"] == "revoked"
    assert exchange(world, name, fields=["status"]) == "consent-revoked"


def test_and_one_who_looks_at_their_own_record(world: World) -> None:
    name = world.newcomer()
    made = [requested(world, name, subject=known_as(name, scheme)) for scheme in ("nino", "nhs-number")]
    locks = [Lock(CONSENT, one, consent) for one in sorted(made)]
    with transaction(world.settings.database, *locks) as tx:
        person = world.person(name)
        body = world.ask(name, purpose="subject-access")
        answer = meanwhile(lambda: person.post("/v1/exchanges", json=body))
        impatient(tx)
        subjects.resolve(tx, keyed(world, name))
    assert answer().json()["outcome"] == "released"

    async def owners(gateway: Gateway) -> set[str]:
        rows = [await gateway.store.read(consents.find, one) for one in made]
        return {row.subject_id for row in rows if row is not None}

    assert len(world.in_gateway(owners)) == 1
