"""What the agency's own system can do wrong, on both databases: told, entered, nothing released, over by itself."""

import asyncio
import json
import math
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

import pytest

from adapters.base import Query, Record
from adapters.errors import Misconfigured, Permanent, Retriable
from gateway.exchange.breaker import Breaker
from gateway.exchange.sources import Source
from tests.consent.asking import events
from tests.web.logs import logged
from tests.web.problems import MARK, problem
from tests.world import CONSUMER, PEOPLE, PROVIDER, World, licence

ASK = "/v1/exchanges"
ANN = PEOPLE["ann"]["nino"]
VALUES = (MARK, ANN, "Sandbox-Test", "2030-01-01")
"""Personal values that stand in the fault itself, in the request or in the record."""


@pytest.fixture(scope="module")
def shared(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


@pytest.fixture
def world(shared: World) -> World:
    """The World with its source mended."""
    source = source_of(shared)
    source.breaker, source.deadline, source.most_at_once, source.retries = Breaker(), 5.0, 64, 1
    shared.adapter.before = None
    for person in PEOPLE.values():
        shared.adapter.held[person["nino"]] = licence(person["nino"])
    shared.adapter.queries.clear()
    return shared


def source_of(world: World) -> Source:
    """The scripted source in its cage."""
    return world.gateway.sources.of("scripted")


def raising(error: BaseException) -> Callable[[Query], Awaitable[None]]:
    """A source that fails so."""

    async def fail(_: Query) -> None:
        raise error

    return fail


async def telling(query: Query) -> None:
    """A fault in the contract's own words, which hold the identifier that was asked for, against the contract."""
    raise Permanent(f"no {query.identifiers['nino']}")


async def slow(_: Query) -> None:
    await asyncio.sleep(30)


def faulty(world: World, status: int, code: str, *, dataset: str | None = None) -> dict[str, Any]:
    """The exchange ends so: nothing of the record is told, no use counted, the fault entered for both parties."""
    name = world.newcomer() if dataset is None else "ann"
    if dataset is None:
        consent_id = world.consent(name)
        world.adapter.held[PEOPLE[name]["nino"]] = world.adapter.held[ANN]
        body = world.ask(name, purpose="with-consent")
    else:
        body = world.ask(dataset=dataset)
    with logged() as log:
        answer = world.casework.post(ASK, json=body)
        told = problem(answer, status, code, *VALUES)
        assert "record" not in told
        for value in (*VALUES, PEOPLE[name]["nino"]):
            assert value not in log.text
            assert value not in answer.text
    found = [line for line in map(json.loads, log.text.splitlines()) if line.get("exchangeId") == told["exchangeId"]]
    [line] = [line for line in found if line["room"] == "source"]
    assert (line["fault"], line["dataset"], bool(line["adapter"])) == (code, body["dataset"], True)
    for client in (f"{PROVIDER}.data-office", f"{CONSUMER}.casework"):
        [event] = world.events(told["exchangeId"], client)
        assert (event["outcome"], event["fault"]) == ("source-fault", code)
    if dataset is None:
        assert world.casework.get(f"/v1/consents/{consent_id}").json()["uses"] == 0
    return {**told, "event": event, "retryAfter": answer.headers.get("retry-after")}


def works(world: World) -> None:
    """The fault is gone, and the gateway was not restarted."""
    answer = world.casework.post(ASK, json=world.ask())
    assert answer.status_code == 201, answer.text
    assert answer.json()["outcome"] == "released"


FAULTS: dict[str, tuple[Callable[[Query], Awaitable[None]], int, str]] = {
    "down": (raising(Retriable("connection refused")), 503, "source-unavailable"),
    "an HTTP 500 that no repeat mends": (raising(Permanent("HTTP 500")), 502, "source-malformed"),
    "its credentials are wrong": (raising(Misconfigured("HTTP 401")), 502, "source-misconfigured"),
    "slow": (slow, 504, "source-timeout"),
    "its own time-out": (raising(TimeoutError(MARK)), 504, "source-timeout"),
    "an error of the contract with a value in it": (telling, 502, "source-malformed"),
    "an unexpected error": (raising(RuntimeError(f"{MARK} {ANN}")), 502, "source-malformed"),
    "an unexpected error of the system": (raising(OSError(5, MARK, f"/{ANN}")), 502, "source-malformed"),
    "several errors at once": (
        raising(ExceptionGroup(MARK, [ValueError(ANN), KeyError(MARK)])), 502, "source-malformed"
    ),
    "an assertion": (raising(AssertionError(f"{ANN}")), 502, "source-malformed"),
    "a cancellation of its own": (raising(asyncio.CancelledError(MARK)), 502, "source-malformed"),
    "an end of the program": (raising(SystemExit(MARK)), 502, "source-malformed"),
    "an interrupt": (raising(KeyboardInterrupt(MARK)), 502, "source-malformed"),
    "too deep a recursion": (raising(RecursionError(MARK)), 502, "source-malformed"),
}  # fmt: skip


@pytest.mark.parametrize(("before", "status", "code"), FAULTS.values(), ids=FAULTS.keys())
def test_a_source_that_fails_is_told_by_its_own_problem(
    world: World, before: Callable[[Query], Awaitable[None]], status: int, code: str
) -> None:
    source_of(world).deadline = 0.3
    world.adapter.before = before
    told = faulty(world, status, code)
    assert told["event"]["fetched"] is True
    assert (told["retryAfter"] is not None) == (status == 503)
    world.adapter.before = None
    works(world)


RECORDS: dict[str, tuple[Any, str]] = {
    "no record but its data": ({"status": MARK}, "source-malformed"),
    "text": (MARK, "source-malformed"),
    "True": (True, "source-malformed"),
    "data that is a list": (Record([MARK], identifiers={"nino": ANN}), "source-wrong-schema"),  # type: ignore[arg-type]  # wrong on purpose
    "data that is nothing": (Record(None, identifiers={"nino": ANN}), "source-wrong-schema"),  # type: ignore[arg-type]  # wrong on purpose
    "identifiers that are nothing": (Record({}, identifiers=None), "source-malformed"),  # type: ignore[arg-type]  # wrong on purpose
    "a time without a zone": (licence(ANN, as_of=datetime(2026, 1, 1)), "source-malformed"),  # noqa: DTZ001  # wrong on purpose
    "a status that is none": (licence(ANN, data={"status": MARK}), "source-wrong-schema"),
    "a date that is none": (licence(ANN, data={"validUntil": f"{MARK}-01"}), "source-wrong-schema"),
    "a number that is none": (licence(ANN, data={"validUntil": math.nan}), "source-wrong-schema"),
    "an object where text belongs": (licence(ANN, data={"status": {MARK: MARK}}), "source-wrong-schema"),
    "a list where an object belongs": (licence(ANN, data={"holder": [MARK]}), "source-wrong-schema"),
    "another person": (licence(PEOPLE["bob"]["nino"]), "source-wrong-person"),
    "nobody in particular": (Record(licence(ANN).data), "source-wrong-person"),
    "somebody by another scheme only": (
        Record(licence(ANN).data, identifiers={"nhs-number": "9990000018"}), "source-wrong-person"
    ),
    "an identifier that is none": (Record(licence(ANN).data, identifiers={"nino": MARK}), "source-wrong-person"),
    "an identifier that is a number": (
        Record(licence(ANN).data, identifiers={"nino": 7}), "source-wrong-person"  # type: ignore[dict-item]  # wrong on purpose
    ),
    "another person, restricted": (licence(PEOPLE["bob"]["nino"], restricted=True), "source-wrong-person"),
}  # fmt: skip


@pytest.mark.parametrize(("record", "code"), RECORDS.values(), ids=RECORDS.keys())
def test_a_record_that_cannot_be_taken_is_told_and_nothing_of_it_released(
    world: World, record: Any, code: str
) -> None:
    world.adapter.held[ANN] = record
    dataset = world.offer()
    told = faulty(world, 502, code, dataset=dataset)
    assert told["event"]["fetched"] is True
    world.adapter.held[ANN] = licence(ANN)
    works(world)


def test_a_fault_in_a_field_that_was_not_asked_for_is_a_fault_of_the_record(world: World) -> None:
    world.adapter.held[ANN] = licence(ANN, data={"licenceNumber": {MARK: 1}})
    faulty(world, 502, "source-wrong-schema", dataset=world.offer())


def test_what_may_succeed_later_is_tried_once_more_and_then_told_with_the_time_that_the_source_named(
    world: World,
) -> None:
    world.adapter.before = raising(Retriable("busy", retry_after=0.05))
    assert faulty(world, 503, "source-unavailable")["retryAfter"] == "1"
    assert len(world.adapter.queries) == 2
    assert len({query.exchange_id for query in world.adapter.queries}) == 1
    world.adapter.queries.clear()
    world.adapter.before = raising(Retriable("busy", retry_after=17))
    assert faulty(world, 503, "source-unavailable")["retryAfter"] == "17"
    assert len(world.adapter.queries) == 1


def test_an_adapter_that_blocks_past_its_deadline_is_named_and_nothing_of_it_released(world: World) -> None:
    async def block(_: Query) -> None:
        time.sleep(0.7)  # what an adapter must not do

    source_of(world).deadline, world.adapter.before = 0.3, block
    with logged() as log:
        answer = world.casework.post(ASK, json=world.ask())
        told = problem(answer, 504, "source-timeout", *VALUES)
        found = [line for line in map(json.loads, log.text.splitlines()) if line["room"] == "source"]
    assert [line["message"].partition(",")[0] for line in found] == [
        "the adapter held up the event loop", "source failed"
    ]  # fmt: skip
    assert {(line["adapter"], line["exchangeId"]) for line in found} == {("scripted", told["exchangeId"])}
    [event] = world.events(told["exchangeId"])
    assert (event["outcome"], event["fault"], event["fetched"]) == ("source-fault", "source-timeout", True)
    source_of(world).deadline, world.adapter.before = 5.0, None
    works(world)


def test_what_no_repeat_mends_is_not_repeated(world: World) -> None:
    world.adapter.before = raising(Permanent("HTTP 400"))
    faulty(world, 502, "source-malformed")
    assert len(world.adapter.queries) == 1


def test_a_failed_fetch_counts_against_the_limit_and_one_that_never_left_does_not(world: World) -> None:
    dataset = world.offer(text={"limits": {"perMinute": 1000, "perDay": 1000}})

    def left() -> int:
        [permission, *_] = world.casework.get(f"/v1/permissions?dataset={dataset}").json()["items"]
        return int(permission["limits"]["perDayLeft"])

    world.adapter.before = raising(Permanent("HTTP 400"))
    assert faulty(world, 502, "source-malformed", dataset=dataset)["event"]["fetched"] is True
    assert left() == 999
    source_of(world).most_at_once = 0
    assert faulty(world, 503, "source-busy", dataset=dataset)["event"]["fetched"] is False
    assert left() == 999


def test_faults_of_a_source_that_is_not_asked_are_bounded_as_refusals_are(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    source_of(world).most_at_once = 0
    monkeypatch.setattr(world.gateway.exchanges._refusals, "most", 3)
    with world.clock.still():
        for _ in range(3):
            faulty(world, 503, "source-busy")
        before = len(events(world))
        answer = world.casework.post("/v1/exchanges", json=world.ask(), headers={"Idempotency-Key": "busy"})
        assert (answer.status_code, answer.json()["code"]) == (429, "too-many-refusals")
        assert len(events(world)) == before
        source_of(world).most_at_once = 10
        again = world.casework.post("/v1/exchanges", json=world.ask(), headers={"Idempotency-Key": "busy"})
        assert again.status_code == 201, again.text


def test_after_five_failures_in_a_row_the_source_is_left_alone_until_one_trial_succeeds(world: World) -> None:
    world.adapter.before = raising(Retriable("down", retry_after=0.0))
    for _ in range(5):
        faulty(world, 503, "source-unavailable")
    world.adapter.queries.clear()
    told = faulty(world, 503, "source-resting")
    assert told["event"]["fetched"] is False
    assert 8 <= int(told["retryAfter"]) <= 10
    assert world.adapter.queries == []
    assert world.anyone().get("/v1/status").json()["scripted"] == "resting"

    world.clock.advance(int(told["retryAfter"]))
    faulty(world, 503, "source-unavailable")  # the trial; it failed, and the rest begins anew
    assert int(faulty(world, 503, "source-resting")["retryAfter"]) >= 8

    world.clock.advance(10)
    world.adapter.before = None
    works(world)
    works(world)
    assert world.anyone().get("/v1/status").json()["scripted"] != "resting"


def test_an_answer_that_cannot_be_used_is_an_answer_and_opens_no_circuit(world: World) -> None:
    world.adapter.before = raising(Permanent("HTTP 400"))
    for _ in range(7):
        faulty(world, 502, "source-malformed")
    world.adapter.before = None
    works(world)


def test_more_than_the_source_can_take_are_turned_away_and_the_others_served(world: World) -> None:
    source_of(world).most_at_once = 2
    held = asyncio.Event()
    arrived = asyncio.Semaphore(0)
    loop: list[asyncio.AbstractEventLoop] = []

    async def hold(_: Query) -> None:
        loop[:] = [asyncio.get_running_loop()]
        arrived.release()
        await held.wait()

    world.adapter.before = hold
    with ThreadPoolExecutor(2) as pool:
        waiting = [pool.submit(world.casework.post, ASK, json=world.ask()) for _ in range(2)]
        until = [world.adapter.queries]
        while len(until[0]) < 2:
            world.anyone().get("/health/live")
        told = faulty(world, 503, "source-busy")
        assert told["retryAfter"] == "1"
        assert told["event"]["fetched"] is False
        assert len(world.adapter.queries) == 2
        loop[0].call_soon_threadsafe(held.set)
        assert [one.result().status_code for one in waiting] == [201, 201]
    world.adapter.before = None
    works(world)


def test_an_adapter_that_the_configuration_does_not_name_is_the_operators_to_mend(world: World) -> None:
    dataset = world.offer(adapter="nowhere")
    assert faulty(world, 502, "source-misconfigured", dataset=dataset)["event"]["fetched"] is False
