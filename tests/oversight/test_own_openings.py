"""A person reads what the ledger's entries about them commit to; nobody else's."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest

from gateway.ledger.canonical import canonical
from gateway.ledger.entry import commit_to
from tests.consent.asking import code, decide, requested
from tests.world import CONFIRMED, PEOPLE, PROVIDER, World


@pytest.fixture(scope="module")
def shared(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


def opened(world: World, name: str, entry_id: str) -> httpx.Response:
    return world.person(name).get(f"/v1/ledger/openings/{entry_id}")


def entries(world: World, **members: str) -> list[str]:
    """Ids of the entries whose events have these members, in order."""
    from tests.consent.asking import events

    found = [event for event in events(world) if all(event.get(name) == value for name, value in members.items())]
    return sorted(event["id"] for event in found)


def test_a_person_reads_every_step_of_their_own_consent_and_nobody_else_does(shared: World) -> None:
    name, other = shared.newcomer(), shared.newcomer()
    consent_id = requested(shared, name)
    decide(shared, name, consent_id)
    shared.person(name).post(f"/v1/consents/{consent_id}/revocations", json={})
    found = entries(shared, consentId=consent_id)
    kinds = []
    for entry_id in found:
        answer = opened(shared, name, entry_id)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        kinds.append(body["event"]["kind"])
        proof = shared.anyone().get("/v1/ledger/proofs/inclusion", params={"entry": entry_id})
        if proof.status_code == 200:
            mine = commit_to(bytes.fromhex(body["salt"]), canonical(body["event"])).hex()
            assert mine == proof.json()["commitment"]
        assert code(opened(shared, other, entry_id)) == (404, "ledger-not-found")
    assert kinds == ["consent-requested", "consent-granted", "consent-revoked"]


def test_a_person_reads_that_an_agency_says_it_notified_them(shared: World) -> None:
    name, other = shared.newcomer(), shared.newcomer()
    at = datetime.fromtimestamp(shared.clock.now() / 1_000_000, UTC).isoformat()
    body = shared.ask(name, purpose="notified") | {"noticeVersion": "notice-1", "channel": "letter", "givenAt": at}
    del body["fields"]
    notice = shared.casework.post("/v1/notices", json=body).json()["id"]
    [entry_id] = entries(shared, notice=notice)
    assert opened(shared, name, entry_id).json()["event"]["channel"] == "letter"
    assert opened(shared, other, entry_id).status_code == 404


def test_a_person_reads_who_looked_but_not_what_is_the_provider_s_alone(shared: World) -> None:
    name, other = shared.newcomer(), shared.newcomer()
    looked = shared.casework.post("/v1/exchanges", json=shared.ask(name)).json()["exchangeId"]
    [entry_id] = entries(shared, exchangeId=looked)
    assert opened(shared, name, entry_id).json()["event"]["outcome"] == "released"
    assert opened(shared, other, entry_id).status_code == 404
    wrong = shared.ask(name, dataset=CONFIRMED)
    wrong["subject"]["confirm"] = {"dateOfBirth": "1999-01-01"}
    missed = shared.casework.post("/v1/exchanges", json=wrong).json()["exchangeId"]
    told = {event["kind"]: event["id"] for event in shared.events(missed)}
    assert opened(shared, name, told["exchange"]).status_code == 200
    assert opened(shared, name, told["exchange-detail"]).status_code == 404


def test_an_entry_about_nobody_is_opened_to_its_parties_only(shared: World) -> None:
    [entry_id] = entries(shared, kind="agency-registered", agency=PROVIDER)
    assert opened(shared, "ann", entry_id).status_code == 404
    assert opened(shared, "ann", "nothing").status_code == 404
    office = shared.client(f"{PROVIDER}.data-office")
    assert office.get(f"/v1/ledger/openings/{entry_id}").status_code == 200
    assert not any(value in office.get(f"/v1/ledger/openings/{entry_id}").text for value in PEOPLE["ann"].values())
