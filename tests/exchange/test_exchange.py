"""The exchange over real HTTP, on both databases: what is released, refused, counted and entered."""

from collections.abc import Iterator

import pytest

from tests.world import FIELDS, PEOPLE, World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with World(database_url) as entered:
        yield entered


def test_a_release_holds_only_permitted_fields_and_leaves_a_proof(world: World) -> None:
    answer = world.casework.post("/v1/exchanges", json=world.ask())
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert body["outcome"] == "released"
    assert body["record"] == {"status": "valid", "validUntil": "2030-01-01", "holder": {"familyName": "Sandbox-Test"}}
    assert answer.headers["location"] == f"/v1/exchanges/{body['exchangeId']}"
    [event] = world.events(body["exchangeId"])
    assert event["outcome"] == "released"
    assert event["fields"] == sorted(FIELDS)
    assert world.adapter.queries[0].exchange_id == body["exchangeId"]


def test_without_consent_it_is_refused_and_the_source_is_not_read(world: World) -> None:
    answer = world.casework.post("/v1/exchanges", json=world.ask(purpose="with-consent"))
    assert answer.status_code == 403
    body = answer.json()
    assert body["code"] == "consent-required"
    assert body["reasons"][0]["missingKey"] == "person"
    assert body["reasons"][0]["remedy"]["href"] == "/v1/consent-requests"
    assert world.adapter.queries == []
    [event] = world.events(body["exchangeId"])
    assert event["outcome"] == "refused"


def test_a_revoked_consent_releases_nothing_more(world: World) -> None:
    consent_id = world.consent()
    ask = world.ask(purpose="with-consent")
    assert world.casework.post("/v1/exchanges", json=ask).status_code == 201
    revoked = world.person("ann").post(f"/v1/consents/{consent_id}/revocations", json={})
    assert revoked.status_code == 200, revoked.text
    answer = world.casework.post("/v1/exchanges", json=ask)
    assert answer.status_code == 403
    assert answer.json()["code"] == "consent-revoked"


def test_what_the_person_did_not_choose_is_withheld_whatever_the_record_holds(world: World) -> None:
    world.consent(fields=["status"], optionalFields=["validUntil", "address"], optional=("validUntil",))
    ask = world.ask(purpose="with-consent", fields=["status", "validUntil", "address"])
    body = world.casework.post("/v1/exchanges", json=ask).json()
    assert body["record"] == {"status": "valid", "validUntil": "2030-01-01"}
    assert body["withheld"] == [{"field": "address", "reason": "not-chosen-by-person"}]


def test_a_miss_is_an_outcome_and_not_an_error(world: World) -> None:
    world.adapter.held.clear()
    answer = world.casework.post("/v1/exchanges", json=world.ask())
    assert answer.status_code == 201
    assert answer.json()["outcome"] == "not-held"
    assert "record" not in answer.json()


def test_a_person_sees_their_own_record_and_who_looked(world: World) -> None:
    looked = world.casework.post("/v1/exchanges", json=world.ask()).json()["exchangeId"]
    ann = world.person("ann")
    own = ann.post("/v1/exchanges", json=world.ask(purpose="subject-access", fields=["licenceNumber"]))
    assert own.status_code == 201, own.text
    assert own.json()["record"] == {"licenceNumber": "SANDB804010A99AA"}
    assert ann.get(f"/v1/exchanges/{looked}").status_code == 200
    assert world.person("bob").get(f"/v1/exchanges/{looked}").status_code == 404
    other = world.person("bob").post("/v1/exchanges", json=world.ask(purpose="subject-access", fields=["status"]))
    assert other.status_code == 404
    assert PEOPLE["ann"]["nino"] not in other.text
