"""A key is missing, on both databases: which one is said, no source is read, the refusal is in the ledger."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.problems import CODE_MARK, problem
from tests.world import CONSUMER, PEOPLE, PROVIDER, PURPOSES, STRANGER, World, agreement_text

ASK = "/v1/exchanges"


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


def refused(world: World, body: dict[str, Any], code: str, key: str | None, **more: Any) -> dict[str, Any]:
    """Refused for want of this key: told by both decision and exchange, entered, and the source was not read."""
    caller = more.get("caller", world.casework)
    status = more.get("status", 403)
    dry = caller.post("/v1/decisions", json=body)
    assert dry.status_code == 200, dry.text
    assert dry.json()["permitted"] is False
    world.adapter.queries.clear()
    answer = caller.post(ASK, json=body)
    told = problem(answer, status, code)
    assert world.adapter.queries == []
    assert told["reasons"] == dry.json()["reasons"]
    [reason] = [reason for reason in told["reasons"] if reason["code"] == code]
    assert reason["missingKey"] == key
    assert reason["remedy"]["text"]
    [event] = world.events(told["exchangeId"])
    assert event["outcome"] == "refused"
    assert code in [reason["code"] for reason in event["reasons"]]
    return told


def test_a_purpose_that_is_not_in_the_agreement(world: World) -> None:
    refused(world, world.ask(purpose=CODE_MARK), "purpose-not-in-agreement", "agreement")


def test_a_field_that_is_not_in_the_agreement(world: World) -> None:
    told = refused(world, world.ask(fields=["status", "endorsements"]), "field-not-in-agreement", "agreement")
    assert told["reasons"][0]["fields"] == ["endorsements"]


def test_a_subtree_that_is_only_partly_in_the_agreement(world: World) -> None:
    refused(world, world.ask(fields=["holder"]), "field-not-in-agreement", "agreement")


def test_an_agency_without_an_agreement(world: World) -> None:
    stranger = world.client(f"{STRANGER}.casework")
    told = refused(world, world.ask(), "agreement-missing", "agreement", caller=stranger)
    assert told["reasons"][0]["remedy"]["href"] == "/v1/agreements"


def test_both_missing_keys_are_told_at_once(world: World) -> None:
    name = world.newcomer()
    body = world.ask(name, purpose="with-consent", fields=["status", "endorsements"])
    told = refused(world, body, "field-not-in-agreement", "agreement")
    assert {reason["code"] for reason in told["reasons"]} == {"field-not-in-agreement", "consent-required"}


def test_a_person_who_was_not_asked_has_not_decided_or_declined(world: World) -> None:
    name = world.newcomer()
    body = world.ask(name, purpose="with-consent")
    refused(world, body, "consent-required", "person")
    consent_id = world.consent(name, grant=False)
    refused(world, body, "consent-pending", "person")
    path = f"/v1/consent-requests/{consent_id}/decisions"
    assert world.person(name).post(path, json={"decision": "decline"}).status_code == 200
    refused(world, body, "consent-declined", "person")


def test_a_revoked_consent(world: World) -> None:
    name = world.newcomer()
    consent_id = world.consent(name)
    body = world.ask(name, purpose="with-consent")
    assert world.casework.post(ASK, json=body).status_code == 201
    assert world.person(name).post(f"/v1/consents/{consent_id}/revocations", json={}).status_code == 200
    refused(world, body, "consent-revoked", "person")


def test_a_consent_that_the_person_revokes_during_the_read_releases_nothing(world: World) -> None:
    name = world.newcomer()
    consent_id = world.consent(name)
    person = world.person(name)

    async def revoke(_: object) -> None:
        world.adapter.before = None
        answer = await person._client.post(f"/v1/consents/{consent_id}/revocations", json={})
        assert answer.status_code == 200

    async def meanwhile(query: object) -> None:
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(revoke(query), world._loop))

    world.adapter.before = meanwhile
    told = problem(world.casework.post(ASK, json=world.ask(name, purpose="with-consent")), 403, "consent-revoked")
    [event] = world.events(told["exchangeId"])
    assert (event["outcome"], event["fetched"]) == ("refused", True)


def test_an_expired_consent(world: World) -> None:
    name = world.newcomer()
    world.consent(name, validDays=1)
    body = world.ask(name, purpose="with-consent")
    assert world.casework.post(ASK, json=body).status_code == 201
    world.clock.advance(days=1)
    refused(world, body, "consent-expired", "person")


def test_a_consent_whose_uses_are_used_up(world: World) -> None:
    name = world.newcomer()
    world.consent(name, maxUses=2)
    body = world.ask(name, purpose="with-consent")
    assert [world.casework.post(ASK, json=body).status_code for _ in range(2)] == [201, 201]
    refused(world, body, "consent-used-up", "person")


def test_a_field_that_the_person_did_not_consent_to(world: World) -> None:
    name = world.newcomer()
    world.consent(name, fields=["status"])
    body = world.ask(name, purpose="with-consent", fields=["status", "address"])
    told = refused(world, body, "field-not-consented", "person")
    assert told["reasons"][0]["fields"] == ["address"]


def test_a_consent_for_another_person_agency_purpose_or_dataset_opens_nothing(world: World) -> None:
    name, other = world.newcomer(), world.newcomer()
    world.consent(name)
    assert world.casework.post(ASK, json=world.ask(name, purpose="with-consent")).status_code == 201
    refused(world, world.ask(other, purpose="with-consent"), "consent-required", "person")
    purposes = [*PURPOSES, {**PURPOSES[0], "code": "another-with-consent"}]
    elsewhere = world.offer(text={"purposes": purposes})
    refused(world, world.ask(name, purpose="with-consent", dataset=elsewhere), "consent-required", "person")
    world.consent(name, dataset=elsewhere)
    body = world.ask(name, purpose="another-with-consent", dataset=elsewhere)
    refused(world, body, "consent-required", "person")
    theirs = world.offer(text={"consumer": STRANGER})
    stranger = world.client(f"{STRANGER}.casework")
    body = world.ask(name, purpose="with-consent", dataset=theirs)
    refused(world, body, "consent-required", "person", caller=stranger)


def test_identifiers_of_two_people_open_no_more_than_each_by_itself(world: World) -> None:
    """And tell nothing: not that these are two, and not whether either is known."""
    name, other, nobody = world.newcomer(), world.newcomer(), world.newcomer()
    dataset = world.offer(identifiers=("nino", "nhs-number"))
    for who in (name, other):
        assert world.person(who).get("/v1/consent-requests").status_code == 200
    world.consent(name, dataset=dataset)
    stranger = world.client(f"{STRANGER}.casework")
    for beside in (other, nobody):
        pair = [("nino", name), ("nhs-number", beside)]
        subject = {"identifiers": [{"scheme": scheme, "value": PEOPLE[who][scheme]} for scheme, who in pair]}
        body = world.ask(purpose="with-consent", dataset=dataset, subject=subject)
        assert world.casework.post(ASK, json=body).json()["outcome"] == "released"
        assert dict(world.adapter.queries[-1].identifiers) == {"nino": PEOPLE[name]["nino"]}
        turned = {"identifiers": [{"scheme": "nino", "value": PEOPLE[beside]["nino"]}]}
        refused(world, body | {"subject": turned}, "consent-required", "person")
        refused(world, body, "agreement-missing", "agreement", caller=stranger)


def test_a_notice_or_an_explicit_request_that_is_missing(world: World) -> None:
    name = world.newcomer()
    refused(world, world.ask(name, purpose="notified"), "notice-required", "person")
    refused(world, world.ask(name, purpose="on-request"), "explicit-request-required", "person")
    stale = {"requestedAt": "2020-01-01T00:00:00Z", "channel": "phone", "reference": "CALL-1"}
    body = world.ask(name, purpose="on-request", explicitRequest=stale)
    refused(world, body, "explicit-request-stale", "person")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ({"validFrom": "2020-01-01T00:00:00Z", "validUntil": "2021-01-01T00:00:00Z"}, "agreement-expired"),
        ({"validFrom": "2190-01-01T00:00:00Z", "validUntil": "2191-01-01T00:00:00Z"}, "agreement-not-yet-valid"),
    ],
)
def test_an_agreement_outside_its_validity(world: World, text: dict[str, Any], code: str) -> None:
    dataset = world.offer(agreed=False)

    async def agree(gateway: Any) -> None:
        await world.agree(gateway, agreement_text(dataset, **text))

    world.in_gateway(agree)
    refused(world, world.ask(dataset=dataset), code, "agreement")


def test_an_agreement_that_is_suspended_refuses_at_once(world: World) -> None:
    dataset = world.offer()
    body = world.ask(dataset=dataset)
    assert world.casework.post(ASK, json=body).status_code == 201
    office = world.client(f"{PROVIDER}.data-office")
    [agreement] = [one for one in office.get("/v1/agreements").json()["items"] if one["dataset"] == dataset]
    path = f"/v1/agreements/{agreement['id']}/suspensions"
    assert office.post(path, json={"action": "suspend"}).status_code == 200
    problem(world.casework.post(ASK, json=body), 403, "agreement-suspended")
    world.clock.advance(0.2)  # for a tenth of a second the source may still be read
    refused(world, body, "agreement-suspended", "agreement")
    consumer = world.client(f"{CONSUMER}.data-office")
    problem(consumer.post(path, json={"action": "resume"}), 409, "agreement-state-forbids")


def test_over_the_rate_it_is_told_when_to_come_back_to_the_second(world: World) -> None:
    dataset = world.offer(text={"limits": {"perMinute": 3, "perDay": 100}})
    body = world.ask(dataset=dataset)
    assert [world.casework.post(ASK, json=body).status_code for _ in range(3)] == [201] * 3
    answer = world.casework.post(ASK, json=body)
    told = problem(answer, 429, "rate-limit")
    assert told["limits"] == {"perMinute": 3, "perMinuteLeft": 0, "perDay": 100, "perDayLeft": 97}
    wait = int(answer.headers["retry-after"])
    assert 58 <= wait <= 61
    [event] = world.events(told["exchangeId"])
    assert (event["outcome"], event["fetched"]) == ("refused", False)
    world.clock.advance(wait - 2)
    problem(world.casework.post(ASK, json=body), 429, "rate-limit")
    world.clock.advance(2)
    assert world.casework.post(ASK, json=body).status_code == 201


def test_over_the_day_it_is_told_when_the_next_one_begins(world: World) -> None:
    dataset = world.offer(text={"limits": {"perMinute": 100, "perDay": 2}})
    body = world.ask(dataset=dataset)
    assert [world.casework.post(ASK, json=body).status_code for _ in range(2)] == [201] * 2
    answer = world.casework.post(ASK, json=body)
    told = problem(answer, 429, "daily-limit")
    assert told["limits"]["perDayLeft"] == 0
    midnight = 86_400 - world.clock.now() // 1_000_000 % 86_400
    assert abs(int(answer.headers["retry-after"]) - midnight) <= 2
    world.clock.advance(int(answer.headers["retry-after"]))
    assert world.casework.post(ASK, json=body).status_code == 201


def test_a_limit_does_not_hide_a_key_that_is_missing(world: World) -> None:
    dataset = world.offer(text={"limits": {"perMinute": 1, "perDay": 1}})
    assert world.casework.post(ASK, json=world.ask(dataset=dataset)).status_code == 201
    answer = world.casework.post(ASK, json=world.ask(world.newcomer(), dataset=dataset, purpose="with-consent"))
    told = problem(answer, 403, "consent-required")
    assert "retry-after" not in answer.headers
    assert {reason["code"] for reason in told["reasons"]} >= {"rate-limit", "daily-limit", "consent-required"}
