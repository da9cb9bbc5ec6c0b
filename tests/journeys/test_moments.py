"""Moments at the ends of the calendar, and texts that cannot be stored: refused by pointer, nothing read."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from adapters.base import Query
from tests.world import CONSUMER, DATASET, Caller, World, agreement_text

TOO_FAR = (
    "9999-12-31T23:59:59-14:00",
    "9999-01-01T00:00:00Z",
    "2400-01-01T00:00:00Z",
    "2200-01-01T00:00:00Z",
    "1899-12-31T23:59:59Z",
    "1600-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+14:00",
)
WITHIN = ("2199-12-31T23:59:59Z", "1900-01-01T00:00:00Z", "1899-12-31T23:00:00-14:00", "2026-11-01T12:00:00.5+01:00")
ONE_PERSON = "zz000001a"


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


@pytest.fixture(scope="module")
def office(world: World) -> Caller:
    return world.client(f"{CONSUMER}.data-office")


def pointers(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 422, answer.text
    return [error["pointer"] for error in answer.json()["errors"]]


def attested(world: World, when: str, **more: Any) -> dict[str, Any]:
    return world.ask(explicitRequest={"requestedAt": when, "channel": "phone", "reference": "r1"}, **more)


@pytest.mark.parametrize("when", TOO_FAR)
def test_an_explicit_request_out_of_all_time_is_refused_before_the_source_is_read(world: World, when: str) -> None:
    read = len(world.adapter.queries)
    for path in ("/v1/exchanges", "/v1/decisions"):
        answer = world.casework.post(path, json=attested(world, when))
        assert pointers(answer) == ["/explicitRequest/requestedAt"]
        assert when not in answer.text
    assert len(world.adapter.queries) == read


@pytest.mark.parametrize("when", WITHIN)
def test_the_entry_tells_when_the_person_asked_as_text_in_utc(world: World, when: str) -> None:
    expected = {"1899-12-31T23:00:00-14:00": "1900-01-01T13:00:00.000Z",
                "2026-11-01T12:00:00.5+01:00": "2026-11-01T11:00:00.500Z"}.get(when, when[:19] + ".000Z")  # fmt: skip
    answer = world.casework.post("/v1/exchanges", json=attested(world, when))
    assert answer.status_code == 201, answer.text
    [event] = world.events(answer.json()["exchangeId"])
    assert event["explicitRequest"] == {
        "by": "caller", "requestedAt": expected, "channel": "phone", "reference": "r1"
    }  # fmt: skip


@pytest.mark.parametrize("when", TOO_FAR)
def test_a_notice_out_of_all_time_is_not_recorded(world: World, when: str) -> None:
    subject = world.ask()["subject"]
    body = {"dataset": DATASET, "purpose": "notified", "subject": subject, "noticeVersion": "notice-1",
            "channel": "letter", "givenAt": when}  # fmt: skip
    assert pointers(world.casework.post("/v1/notices", json=body)) == ["/givenAt"]


@pytest.mark.parametrize("when", TOO_FAR)
def test_an_agreement_out_of_all_time_is_no_draft(world: World, office: Caller, when: str) -> None:
    for member in ("validFrom", "validUntil"):
        assert pointers(office.post("/v1/agreements", json=agreement_text(**{member: when}))) == [f"/{member}"]


def test_the_register_reads_an_agreement_that_ends_with_the_last_moment(world: World) -> None:
    dataset = world.offer(text={"validUntil": "2199-12-31T23:59:59.999999Z"})
    told = world.anyone().get("/v1/register")
    assert told.status_code == 200, told.text
    ends = {one["dataset"]: one["validUntil"] for one in told.json()["items"]}
    assert ends[dataset] == "2199-12-31T23:59:59.999Z"
    mine = world.casework.get("/v1/permissions", params={"dataset": dataset})
    assert {item["validUntil"] for item in mine.json()["items"]} == {"2199-12-31T23:59:59.999Z"}
    assert world.casework.post("/v1/exchanges", json=world.ask(dataset=dataset)).status_code == 201


@pytest.mark.parametrize("control", ["\0", "\x1b", "\n", "\x85"])
def test_a_control_character_in_a_text_is_refused_by_pointer(world: World, office: Caller, control: str) -> None:
    text = agreement_text(
        title=f"A{control}title", retention=f"A year.{control}", controllers=["Fine", f"{control}Bad"]
    )
    assert pointers(office.post("/v1/agreements", json=text)) == ["/title", "/controllers/1", "/retention"]
    body = world.ask(dataset=world.offer(confirm=("familyName",)))
    body["subject"] |= {"confirm": {"familyName": f"Te{control}st"}}
    assert pointers(world.casework.post("/v1/exchanges", json=body)) == ["/subject/confirm/familyName"]


def test_no_person_is_named_by_a_reference_of_an_agreement(world: World, office: Caller) -> None:
    drafted = office.post("/v1/agreements", json=agreement_text(dpiaReference="DPIA-ZZ000001A"))
    assert pointers(drafted) == ["/dpiaReference"]
    [agreement] = [one for one in office.get("/v1/agreements").json()["items"] if one["dataset"] == DATASET]
    path = f"/v1/agreements/{agreement['id']}/suspensions"
    for action in ("suspend", "resume", "end"):
        assert pointers(office.post(path, json={"action": action, "reason": ONE_PERSON})) == ["/reason"]
    assert office.get(f"/v1/agreements/{agreement['id']}").json()["status"] == "in-force"


def test_who_renews_the_consent_during_a_fetch_is_told_to_ask_again(world: World) -> None:
    name = world.newcomer()
    older = world.consent(name)
    newer = world.consent(name, grant=False)
    body = world.ask(name, purpose="with-consent")

    async def renews(_: Query) -> None:
        world.adapter.before = None
        async with httpx.AsyncClient(base_url=world.base_url, trust_env=False) as person:
            done = await person.post(
                f"/v1/consent-requests/{newer}/decisions",
                json={"decision": "grant"},
                headers={"Authorization": f"Bearer {world.identity.token(name)}"},
            )
            assert done.status_code == 200, done.text

    world.adapter.before = renews
    refused = world.casework.post("/v1/exchanges", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "consent-replaced")
    [reason] = refused.json()["reasons"]
    assert reason["missingKey"] == "person"
    assert (reason["remedy"]["method"], reason["remedy"]["href"]) == ("POST", "/v1/exchanges")
    [event] = world.events(refused.json()["exchangeId"])
    assert (event["consentId"], event["reasons"][0]["code"]) == (older, "consent-replaced")
    again = world.casework.post("/v1/exchanges", json=body)
    assert (again.status_code, again.json().get("consentId")) == (201, newer)
