"""Limits: fetches counted, a sliding minute, a UTC day, an exact Retry-After and what is left."""

from collections.abc import Iterator
from typing import Any

import pytest

from adapters.errors import Permanent
from gateway.clock import MICROSECONDS
from tests.agreements.drafted import Offices
from tests.world import PEOPLE, World


@pytest.fixture
def still(world: World) -> Iterator[World]:
    with world.clock.still():
        yield world


def limited(world: World, per_minute: int = 1000, per_day: int = 1000) -> str:
    return world.offer(text={"limits": {"perMinute": per_minute, "perDay": per_day}})


def ask(world: World, dataset: str, name: str = "ann", **more: Any) -> tuple[int, dict[str, Any], int | None]:
    """(status, body, Retry-After)."""
    headers = {"Idempotency-Key": more.pop("key")} if "key" in more else {}
    body = world.ask(name, dataset=dataset, **more)
    answer = world.casework.post("/v1/exchanges", json=body, headers=headers)
    wait = answer.headers.get("retry-after")
    return answer.status_code, answer.json(), int(wait) if wait is not None else None


def left(world: World, dataset: str) -> dict[str, int]:
    items = world.casework.get("/v1/permissions", params={"dataset": dataset}).json()["items"]
    assert {item["dataset"] for item in items} == {dataset}
    found: dict[str, int] = items[0]["limits"]
    return found


def test_the_rate_is_a_sliding_minute_with_an_exact_retry_after(still: World) -> None:
    dataset = limited(still, per_minute=3)
    for _ in range(3):
        assert ask(still, dataset)[0] == 201
        still.clock.advance(15)
    status, body, wait = ask(still, dataset)  # 45 s after the first
    assert (status, body["code"]) == (429, "rate-limit")
    assert body["reasons"][0]["missingKey"] == "agreement"
    assert body["limits"] == {"perMinute": 3, "perMinuteLeft": 0, "perDay": 1000, "perDayLeft": 997}
    assert wait == 16  # a whole second's fetches leave together, once the whole second lies 60 s back
    still.clock.advance(wait - 1)
    assert ask(still, dataset)[2] == 1
    still.clock.advance(1)
    assert ask(still, dataset)[0] == 201
    assert ask(still, dataset)[2] == 15
    still.clock.advance(61)
    assert left(still, dataset) == {"perMinute": 3, "perMinuteLeft": 3, "perDay": 1000, "perDayLeft": 996}


def test_no_minute_whatever_holds_more_than_the_rate(still: World) -> None:
    dataset = limited(still, per_minute=5)
    taken = []
    for _ in range(80):
        if ask(still, dataset, fields=["status"])[0] == 201:
            taken.append(still.clock.now() / MICROSECONDS)
        still.clock.advance(2.5)
    assert len(taken) > 10
    assert all(later - first >= 60 for first, later in zip(taken, taken[5:], strict=False))


def test_the_day_is_a_utc_day(still: World) -> None:
    dataset = limited(still, per_day=2)
    for _ in range(2):
        assert ask(still, dataset)[0] == 201
    status, body, wait = ask(still, dataset)
    assert (status, body["code"], wait) == (429, "daily-limit", 12 * 3600)
    assert body["limits"]["perDayLeft"] == 0
    still.clock.advance(12 * 3600 - 1)
    assert ask(still, dataset)[2] == 1
    still.clock.advance(1)
    assert left(still, dataset)["perDayLeft"] == 2
    assert ask(still, dataset)[0] == 201


def test_fetches_count_also_where_nothing_is_found_or_the_source_fails(still: World) -> None:
    dataset = limited(still, per_day=4)
    nobody = still.newcomer()
    del still.adapter.held[PEOPLE[nobody]["nino"]]
    assert ask(still, dataset, nobody)[1]["outcome"] == "not-held"
    assert left(still, dataset)["perDayLeft"] == 3

    async def fails(_: object) -> None:
        raise Permanent("scripted")

    still.adapter.before = fails
    assert ask(still, dataset)[0] == 502
    still.adapter.before = None
    assert left(still, dataset)["perDayLeft"] == 2
    assert ask(still, dataset)[0] == 201
    assert left(still, dataset)["perDayLeft"] == 1


def test_what_is_refused_before_the_fetch_counts_nothing(still: World) -> None:
    dataset = limited(still, per_day=2)
    for _ in range(3):
        assert ask(still, dataset, purpose="with-consent", name=still.newcomer())[1]["code"] == "consent-required"
        assert ask(still, dataset, fields=["licenceNumber"])[1]["code"] == "field-not-in-agreement"
    assert left(still, dataset) == {"perMinute": 1000, "perMinuteLeft": 1000, "perDay": 2, "perDayLeft": 2}


def test_a_repeat_counts_in_the_rate_and_not_in_the_day(still: World) -> None:
    dataset = limited(still, per_minute=3, per_day=1)
    first = ask(still, dataset, key="repeat-in-the-rate")[1]["exchangeId"]
    for _ in range(2):
        assert ask(still, dataset, key="repeat-in-the-rate")[1]["exchangeId"] == first
    assert left(still, dataset) == {"perMinute": 3, "perMinuteLeft": 0, "perDay": 1, "perDayLeft": 0}
    assert ask(still, dataset, key="repeat-in-the-rate")[1]["code"] == "rate-limit"
    still.clock.advance(61)
    assert ask(still, dataset, key="repeat-in-the-rate")[0] == 201
    assert ask(still, dataset)[1]["code"] == "daily-limit"


def test_a_limit_beside_another_reason_is_no_429(still: World) -> None:
    dataset = limited(still, per_day=1)
    assert ask(still, dataset)[0] == 201
    status, body, wait = ask(still, dataset, fields=["licenceNumber"])
    assert (status, body["code"], wait) == (403, "field-not-in-agreement", None)
    assert [reason["code"] for reason in body["reasons"]] == ["field-not-in-agreement", "daily-limit"]


def test_a_dry_decision_tells_of_the_limit_and_counts_nothing(still: World) -> None:
    dataset = limited(still, per_day=1)
    dry: dict[str, Any] = {"json": still.ask(dataset=dataset)}
    assert [still.casework.post("/v1/decisions", **dry).json()["permitted"] for _ in range(3)] == [True] * 3
    assert ask(still, dataset)[0] == 201
    said = still.casework.post("/v1/decisions", **dry).json()
    assert (said["permitted"], said["reasons"][0]["code"]) == (False, "daily-limit")


def test_each_agreement_has_a_count_of_its_own(still: World, offices: Offices) -> None:
    one, other = limited(still, per_day=1), limited(still, per_day=1)
    assert ask(still, one)[0] == 201
    assert ask(still, one)[0] == 429
    assert ask(still, other)[0] == 201
