"""Asking: refused where a granted consent would not be enough, or where consent is the wrong question."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from gateway.agencies.standing import ReactivateAgency, SuspendAgency
from gateway.app import Gateway
from tests.consent.asking import code, decide, events, exchange, known_as, request, requested
from tests.world import PEOPLE, PROVIDER, World, agreement_text


def pointers(answer: Any) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [one["pointer"] for one in answer.json()["errors"]]


@pytest.mark.parametrize("purpose", ["notified", "on-request", "by-statute"])
def test_asking_for_consent_is_refused_where_the_law_asks_for_none(world: World, purpose: str) -> None:
    answer = request(world, "ann", purpose=purpose)
    assert code(answer) == (409, "consent-not-appropriate")
    signals = {"notified": "notified", "on-request": "explicit-request", "by-statute": "none"}
    assert answer.json()["signal"] == signals[purpose]
    assert signals[purpose] in answer.json()["detail"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"purpose": "another"}, "purpose-not-in-agreement"),
        ({"fields": ["licenceNumber"]}, "field-not-in-agreement"),
        ({"optionalFields": ["endorsements"]}, "field-not-in-agreement"),
    ],
)
def test_the_policy_s_reasons_are_given_where_a_granted_consent_would_not_be_enough(
    world: World, change: dict[str, Any], expected: str
) -> None:
    answer = request(world, "ann", **change)
    assert code(answer) == (403, expected)
    assert answer.json()["reasons"][0]["remedy"]["href"] == "/v1/permissions"


def test_without_an_agreement_nobody_is_asked(world: World) -> None:
    assert code(request(world, "ann", dataset=world.offer(agreed=False))) == (403, "agreement-missing")
    draft = world.offer(agreed=False)
    office = world.client("t.consumer.data-office")
    assert office.post("/v1/agreements", json=agreement_text(draft)).status_code == 201
    assert code(request(world, "ann", dataset=draft)) == (403, "agreement-not-accepted")
    assert code(request(world, "ann", dataset=f"{PROVIDER}/nothing/v1")) == (404, "no-such-dataset")
    assert code(request(world, "ann", world.client("t.stranger.casework"))) == (403, "agreement-missing")


def test_while_the_provider_is_suspended_nobody_is_asked(world: World) -> None:
    async def suspend(gateway: Gateway) -> None:
        await gateway.store.commit(SuspendAgency(PROVIDER))

    async def reactivate(gateway: Gateway) -> None:
        await gateway.store.commit(ReactivateAgency(PROVIDER))

    world.in_gateway(suspend)
    try:
        assert code(request(world, "ann")) == (403, "provider-suspended")
    finally:
        world.in_gateway(reactivate)


def test_every_fault_of_a_request_is_told_at_once(world: World) -> None:
    answer = request(
        world, "ann", fields=["status", "holder"], optionalFields=["status", "holder.nino", "shoeSize"],
        caseReference=PEOPLE["ann"]["nino"],
    )  # fmt: skip
    found = pointers(answer)
    assert set(found) == {"/optionalFields/0", "/optionalFields/1", "/optionalFields/2", "/caseReference"}
    assert PEOPLE["ann"]["nino"] not in answer.text


def test_until_when_to_decide_is_told_until_it_is_decided(world: World) -> None:
    name = world.newcomer()
    asked = request(world, name).json()
    by, at = (datetime.fromisoformat(asked[member]) for member in ("decideBy", "requestedAt"))
    assert by - at == timedelta(days=30)
    assert decide(world, name, asked["id"], "decline").json()["decideBy"] is None


def test_a_narrower_required_field_leaves_the_wider_one_to_choose(world: World) -> None:
    name = world.newcomer()
    consent_id = requested(world, name, fields=["holder.familyName"], optionalFields=["address"])
    decide(world, name, consent_id)
    assert exchange(world, name, fields=["holder.familyName"]) == "released"


def test_an_identifier_in_a_code_is_refused_and_not_repeated(world: World) -> None:
    name = world.newcomer()
    number = PEOPLE[name]["nhs-number"]
    consent_id = requested(world, name)
    reason = world.casework.post(f"/v1/consents/{consent_id}/revocations", json={"reason": number})
    assert pointers(reason) == ["/reason"]
    notice = world.ask(name, purpose="notified") | {"noticeVersion": "notice-1", "channel": number}
    del notice["fields"]
    channel = world.casework.post("/v1/notices", json={**notice, "givenAt": "2026-01-01T00:00:00Z"})
    assert pointers(channel) == ["/channel"]
    assert number not in reason.text + channel.text


@pytest.mark.parametrize("known", [True, False])
def test_a_request_is_for_whoever_the_first_identifier_belongs_to(world: World, known: bool) -> None:
    """Whatever the gateway knows of the other: nobody learns from it who is known."""
    one, two = world.newcomer(), world.newcomer()
    for name in (one, two) if known else (two,):
        world.person(name).get("/v1/consent-requests")
    mixed = {"identifiers": [known_as(one, "nino")["identifiers"][0], known_as(two, "nhs-number")["identifiers"][0]]}
    made = requested(world, one, subject=mixed, fields=["status"])
    for name, theirs in ((two, False), (one, True)):
        listed = world.person(name).get("/v1/consent-requests").json()["items"]
        assert ([row["id"] for row in listed] == [made]) is theirs
    decide(world, one, made)
    assert exchange(world, one, subject=mixed, fields=["status"]) == "released"
    assert exchange(world, two, fields=["status"]) == "consent-required"


def test_the_case_reference_stands_in_the_entry(world: World) -> None:
    consent_id = requested(world, world.newcomer(), caseReference="case-17")

    [event] = [one for one in events(world) if one.get("consentId") == consent_id]
    assert (event["kind"], event["caseReference"]) == ("consent-requested", "case-17")


def test_what_is_asked_already_is_not_asked_twice(world: World) -> None:
    name = world.newcomer()
    offer: dict[str, Any] = {"fields": ["status", "validUntil"], "optionalFields": ["address"]}
    first = request(world, name, **offer)
    again = request(world, name, **offer | {"fields": ["validUntil", "status"]})
    assert (again.status_code, again.json()) == (201, first.json())
    entries = [one for one in events(world) if one.get("consentId") == first.json()["id"]]
    assert len(entries) == 1
    others: list[dict[str, Any]] = [{"fields": ["status"]}, {"optionalFields": []}, {"validDays": 2}, {"maxUses": 1}]
    for other in others:
        assert request(world, name, **offer | other).json()["id"] != first.json()["id"]
    assert request(world, world.newcomer(), **offer).json()["id"] != first.json()["id"]
    decide(world, name, first.json()["id"], "decline")
    assert request(world, name, **offer).json()["id"] != first.json()["id"]


def test_what_lay_open_too_long_is_asked_anew(world: World) -> None:
    name = world.newcomer()
    first = requested(world, name)
    assert exchange(world, name) == "consent-pending"
    world.clock.advance(days=30.1)
    assert exchange(world, name) == "consent-expired"
    shown = world.casework.get(f"/v1/consents/{first}").json()
    assert (shown["status"], shown["decideBy"]) == ("expired", None)
    assert requested(world, name) != first
    assert exchange(world, name) == "consent-pending"


def test_an_agency_cannot_bury_a_person_under_requests(world: World) -> None:
    name = world.newcomer()
    made = [requested(world, name, validDays=days) for days in range(1, 21)]
    assert code(request(world, name, validDays=21)) == (409, "too-many-open-requests")
    assert requested(world, name, validDays=20) == made[-1]  # asked already
    requested(world, name, dataset=world.offer())
    requested(world, world.newcomer())
    decide(world, name, made[0], "decline")
    requested(world, name, validDays=21)
