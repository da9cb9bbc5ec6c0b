"""A notice opens what the law opens to whoever was told; one that would open nothing is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.consent.asking import code
from tests.web.problems import pointers, problem
from tests.world import World


def at(world: World, **ago: float) -> str:
    return (datetime.fromtimestamp(world.clock.now() / 1_000_000, UTC) - timedelta(**ago)).isoformat()


def notify(world: World, name: str, **more: Any) -> httpx.Response:
    body = world.ask(name, purpose="notified") | {"noticeVersion": "notice-1", "channel": "letter"} | more
    del body["fields"]
    return world.casework.post("/v1/notices", json={"givenAt": at(world, hours=1), **body})


def ask(world: World, name: str, **more: Any) -> str:
    answer = world.casework.post("/v1/exchanges", json=world.ask(name, **more))
    return str(answer.json()["outcome"] if answer.status_code == 201 else answer.json()["code"])


def test_a_purpose_that_asks_for_a_notice_is_open_once_it_was_given(world: World) -> None:
    name = world.newcomer()
    assert ask(world, name, purpose="notified") == "notice-required"
    answer = notify(world, name)
    assert answer.status_code == 201, answer.text
    assert answer.json()["noticeVersion"] == "notice-1"
    assert ask(world, name, purpose="notified") == "released"
    assert ask(world, world.newcomer(), purpose="notified") == "notice-required"
    assert ask(world, name, purpose="with-consent") == "consent-required"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"noticeVersion": "notice-0"}, "notice-outdated"),
        ({"purpose": "another"}, "purpose-not-in-agreement"),
    ],
)
def test_a_notice_that_would_open_nothing_is_refused(world: World, change: dict[str, Any], expected: str) -> None:
    name = world.newcomer()
    assert code(notify(world, name, **change)) == (403, expected)
    assert ask(world, name, purpose="notified") == "notice-required"


def test_a_notice_of_the_future_is_not_given_yet(world: World) -> None:
    told = problem(notify(world, world.newcomer(), givenAt=at(world, hours=-1)), 422, "invalid-request")
    assert [(one["pointer"], "in the future" in one["detail"]) for one in told["errors"]] == [("/givenAt", True)]


def test_where_the_agreement_asks_for_another_signal_a_notice_is_not_recorded(world: World) -> None:
    for purpose, signal in (("with-consent", "consent"), ("by-statute", "none")):
        told = problem(notify(world, world.newcomer(), purpose=purpose), 409, "notice-not-appropriate")
        assert told["signal"] == signal


def test_an_agency_reads_in_its_permissions_which_notice_it_must_give(world: World) -> None:
    permissions = world.casework.get("/v1/permissions").json()["items"]
    versions = {one["purpose"]: one["noticeVersion"] for one in permissions}
    assert (versions["notified"], versions["with-consent"]) == ("notice-1", None)


@pytest.mark.parametrize(("given", "taken"), [("1900-01-01T00:00:00Z", False), (3_670, False), (3_640, True)])
def test_a_notice_that_nobody_remembers_opens_nothing(world: World, given: str | int, taken: bool) -> None:
    name = world.newcomer()
    answer = notify(world, name, givenAt=at(world, days=given) if isinstance(given, int) else given)
    if taken:
        assert answer.status_code == 201, answer.text
    else:
        told = problem(answer, 422, "invalid-request", "1900")
        assert pointers(told) == ["/givenAt"]
    assert ask(world, name, purpose="notified") == ("released" if taken else "notice-required")


def test_every_fault_of_such_a_notice_is_told_at_once(world: World) -> None:
    told = problem(notify(world, world.newcomer(), givenAt="1900-01-01T00:00:00Z", more=1), 422, "invalid-request")
    assert pointers(told) == ["", "/givenAt"]


def test_a_notice_of_another_agency_opens_nothing(world: World) -> None:
    name = world.newcomer()
    body = world.ask(name, purpose="notified") | {"noticeVersion": "notice-1", "channel": "letter"}
    del body["fields"]
    stranger = world.client("t.stranger.casework")
    answer = stranger.post("/v1/notices", json={"givenAt": at(world), **body})
    assert code(answer) == (403, "agreement-missing")
    assert ask(world, name, purpose="notified") == "notice-required"
    person = world.person(name).post("/v1/notices", json={"givenAt": at(world), **body})
    assert code(person) == (403, "wrong-kind-of-caller")
