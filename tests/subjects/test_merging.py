"""Two subjects become one: whatever was written about either is found under the one that stays, at any moment."""

import pytest

from adapters.base import Query
from adapters.errors import Retriable
from gateway.app import Gateway
from gateway.consent.deciding import Evidence, Grant
from gateway.consent.linking import LinkPerson
from gateway.db.intent import Lock, Transaction
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms, pseudonyms
from gateway.subjects.repository import Index
from tests.consent.asking import events, exchange, known_as, requested
from tests.subjects.indexed import exchanges_about
from tests.world import PEOPLE, World


class Indexed:
    """That these exchanges were about whoever is known by this."""

    def __init__(self, known: tuple[Pseudonyms, ...], *exchange_ids: str) -> None:
        self.known, self.exchange_ids = known, exchange_ids

    def locks(self) -> tuple[Lock, ...]:
        return ()

    def apply(self, tx: Transaction) -> str:
        subject_id = subjects.ensure(tx, self.known)
        for exchange_id in self.exchange_ids:
            tx.batch(Index).add(subject_id, exchange_id)
        return subject_id


class IndexedAndLinked(Indexed):
    """The same, and in the same transaction a token says that all of these are one person's."""

    def __init__(self, known: tuple[Pseudonyms, ...], linked: tuple[Pseudonyms, ...], *exchange_ids: str) -> None:
        super().__init__(known, *exchange_ids)
        self.linked = linked

    def apply(self, tx: Transaction) -> str:
        super().apply(tx)
        return LinkPerson(self.linked).apply(tx)


def keyed(gateway: Gateway, name: str) -> tuple[Pseudonyms, ...]:
    """(NHS number, NINO), by scheme."""
    return pseudonyms(gateway.pseudonyms, PEOPLE[name])


def test_an_exchange_that_both_were_seen_in_is_found_once(shared: World) -> None:
    name = shared.newcomer()

    async def work(gateway: Gateway) -> None:
        by_nhs, by_nino = ((one,) for one in keyed(gateway, name))
        one = await gateway.store.commit(Indexed(by_nhs, "both", "first"))
        two = await gateway.store.commit(Indexed(by_nino, "both", "second"))
        assert one != two
        for _ in range(2):
            stays = await gateway.store.commit(LinkPerson((*by_nhs, *by_nino)))
            about = {one: await gateway.store.read(exchanges_about, one) for one in (one, two)}
            assert sorted(about.pop(stays)) == ["both", "first", "second"]
            assert list(about.values()) == [[]]

    shared.in_gateway(work)


def test_what_is_in_hand_of_the_one_that_goes_is_found_under_the_one_that_stays(shared: World) -> None:
    name = shared.newcomer()

    async def work(gateway: Gateway) -> None:
        known = keyed(gateway, name)
        subject_ids = [await gateway.store.commit(Indexed((one,), one.scheme)) for one in known]
        goes = known[subject_ids.index(max(subject_ids))]
        stays = await gateway.store.commit(IndexedAndLinked((goes,), known, "in hand"))
        assert stays == min(subject_ids)
        about = [await gateway.store.read(exchanges_about, one) for one in (stays, max(subject_ids))]
        assert [sorted(one) for one in about] == [["in hand", "nhs-number", "nino"], []]

    shared.in_gateway(work)


def test_a_person_seen_twice_in_one_exchange_still_lists_declines_and_revokes(shared: World) -> None:
    """By both identifiers, of which the first is indexed when the source fails, and when the exchange is repeated
    under its key, the one that the record itself bears."""
    name = shared.newcomer()
    dataset = shared.offer(identifiers=("nino", "nhs-number"))
    body = shared.ask(name, dataset=dataset, subject=known_as(name, "nhs-number", "nino"))
    headers = {"Idempotency-Key": f"retry-{name}"}

    async def down(_: Query) -> None:
        raise Retriable("down")

    shared.adapter.before = down
    try:
        assert shared.casework.post("/v1/exchanges", json=body, headers=headers).status_code == 503
    finally:
        shared.adapter.before = None
    assert shared.casework.post("/v1/exchanges", json=body, headers=headers).status_code == 201
    by_nino = known_as(name, "nino")
    granted = requested(shared, name, subject=by_nino)

    async def grant(gateway: Gateway) -> None:
        """By a token that names the NINO alone."""
        known = keyed(gateway, name)[1:]
        await gateway.store.commit(Grant(granted, known, frozenset(), Evidence("issuer", "acr")))

    shared.in_gateway(grant)
    pending = requested(shared, name, fields=["status"], subject=by_nino)
    assert exchange(shared, name, subject=by_nino) == "released"
    person = shared.person(name)
    listed = person.get("/v1/consent-requests")
    assert listed.status_code == 200
    assert {one["id"] for one in listed.json()["items"]} == {granted, pending}
    path = f"/v1/consent-requests/{pending}/decisions"
    assert person.post(path, json={"decision": "decline"}).json()["status"] == "declined"
    assert person.post(f"/v1/consents/{granted}/revocations", json={}).json()["status"] == "revoked"
    assert exchange(shared, name, subject=by_nino) in ("consent-revoked", "consent-declined")


def test_of_what_both_had_granted_for_the_same_one_stays_and_its_revocation_ends_all(shared: World) -> None:
    name = shared.newcomer()

    made = [requested(shared, name, subject=known_as(name, scheme)) for scheme in ("nhs-number", "nino")]

    async def grant(gateway: Gateway) -> None:
        """Each by a token that names one identifier alone."""
        for one, known in zip(made, keyed(gateway, name), strict=True):
            await gateway.store.commit(Grant(one, (known,), frozenset(), Evidence("issuer", "acr")))

    shared.in_gateway(grant)
    person = shared.person(name)
    listed = {one["id"]: one["status"] for one in person.get("/v1/consent-requests").json()["items"]}
    assert listed == {made[0]: "replaced", made[1]: "active"}
    [event] = [one for one in events(shared) if one["kind"] == "consent-replaced"]
    assert (event["consentId"], event["by"]) == tuple(made)
    assert person.post(f"/v1/consents/{made[1]}/revocations", json={}).json()["status"] == "revoked"
    assert exchange(shared, name, subject=known_as(name, "nino")) == "consent-revoked"


def test_no_failure_to_link_stops_a_no(shared: World, monkeypatch: pytest.MonkeyPatch) -> None:
    name = shared.newcomer()
    granted = shared.consent(name)
    pending = shared.consent(name, grant=False)

    def broken(*_: object) -> None:
        raise RuntimeError("it cannot be linked")

    person = shared.person(name)
    monkeypatch.setattr(subjects, "link", broken)
    assert person.post(f"/v1/consents/{granted}/revocations", json={}).json()["status"] == "revoked"
    path = f"/v1/consent-requests/{pending}/decisions"
    assert person.post(path, json={"decision": "decline"}).json()["status"] == "declined"
