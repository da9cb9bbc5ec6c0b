"""Near a limit the exchanges that are under way count: what comes at once beyond it reads no source."""

import asyncio
import json
import os
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import httpx
import pytest

from adapters.base import Query
from gateway.app import Gateway
from gateway.auth.caller import ClientCaller
from gateway.errors import GatewayError
from gateway.exchange import looks
from gateway.exchange.asgi import parse
from gateway.exchange.facts import look
from gateway.exchange.sources import Source
from tests.world import CONSUMER, World

CALLER = ClientCaller(f"{CONSUMER}.casework", CONSUMER, frozenset(), "", b"")


class Held:
    """A source that answers nobody until it may, and many that ask at once."""

    def __init__(self, world: World, dataset: str, pool: ThreadPoolExecutor) -> None:
        self.world, self.dataset, self.pool = world, dataset, pool
        self.may = threading.Event()
        world.casework.post("/v1/exchanges", json={})  # its token is there before they all want one
        world.adapter.queries.clear()

    async def before(self, _: Query) -> None:
        while not self.may.is_set():
            await asyncio.sleep(0.005)

    @property
    def reads(self) -> int:
        return len(self.world.adapter.queries)

    def ask(self, times: int, **headers: str) -> list[Future[httpx.Response]]:
        body = self.world.ask(dataset=self.dataset)
        post = self.world.casework.post
        return [self.pool.submit(post, "/v1/exchanges", json=body, headers=headers) for _ in range(times)]


@contextmanager
def held(world: World, **limits: int) -> Iterator[Held]:
    with ThreadPoolExecutor(40) as pool:
        found = Held(world, world.offer(text={"limits": {"perMinute": 1000, "perDay": 1000, **limits}}), pool)
        world.adapter.before = found.before
        try:
            yield found
        finally:
            found.may.set()
            world.adapter.before = None


def until(done: Any) -> None:
    """Wait for what will be."""
    end = time.monotonic() + 4
    while not done():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.005)


def outcomes(asked: list[Future[httpx.Response]]) -> Counter[str]:
    bodies = [one.result().json() for one in asked if one.done()]
    return Counter(body.get("outcome") or body["code"] for body in bodies)


@pytest.mark.parametrize(
    ("limits", "code"), [({"perMinute": 2}, "rate-limit"), ({"perDay": 2}, "daily-limit")], ids=["minute", "day"]
)
def test_as_many_as_are_left_read_the_source_whoever_comes_at_once(
    shared: World, limits: dict[str, int], code: str
) -> None:
    with held(shared, **limits) as source:
        asked = source.ask(30)
        until(lambda: sum(one.done() for one in asked) == 28)
        assert outcomes(asked) == {code: 28}
        refused = next(one.result() for one in asked if one.done())
        wait = int(refused.headers["retry-after"])
        assert 55 <= wait <= 61 if code == "rate-limit" else 0 < wait <= 86_400
        assert refused.json()["limits"].items() >= {("perMinuteLeft" if "perMinute" in limits else "perDayLeft", 0)}
        assert source.reads == 2
        source.may.set()
        assert [one.result().status_code for one in asked].count(201) == 2
        left = shared.casework.get("/v1/permissions", params={"dataset": source.dataset}).json()["items"][0]
        assert left["limits"]["perDayLeft"] == limits.get("perDay", 1000) - 2
        assert source.reads == 2


def test_a_repeat_under_way_counts_in_the_rate_and_not_in_the_day(shared: World) -> None:
    with held(shared, perMinute=4, perDay=2) as source:
        source.may.set()
        [first] = source.ask(1, **{"Idempotency-Key": f"under-way-{time.time_ns()}"})
        key = first.result().request.headers["idempotency-key"]
        source.may.clear()
        [again] = source.ask(1, **{"Idempotency-Key": key})
        until(lambda: source.reads == 2)
        [second] = source.ask(1)
        until(lambda: source.reads == 3)  # the day's second: the repeat is none of its
        assert source.ask(1)[0].result().json()["code"] == "daily-limit"
        source.may.set()
        assert [one.result().status_code for one in (again, second)] == [201, 201]


def test_what_is_kept_for_a_moment_is_kept_with_room_for_what_is_under_way(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looks, "_ROOM", 5)
    with held(shared, perMinute=8) as source:
        asked = source.ask(4)
        until(lambda: source.reads == 4)
        time.sleep(0.25)  # nothing is kept any more
        asked += source.ask(10)
        until(lambda: sum(one.done() for one in asked) == 6)
        assert outcomes(asked) == {"rate-limit": 6}
        assert source.reads == 8


def test_it_ends_with_the_commit_with_any_failure_and_soon_after_its_asker(shared: World) -> None:
    dataset = shared.offer(text={"limits": {"perMinute": 5, "perDay": 1000}})
    body = json.dumps(shared.ask(dataset=dataset)).encode()
    begun = asyncio.Barrier(4)

    async def waits(_: Query) -> None:
        await begun.wait()
        await asyncio.sleep(10)

    async def breaks(_: Query) -> None:
        raise RuntimeError

    async def told(gateway: Gateway) -> str:
        try:
            reply = await gateway.exchanges.exchange(replace(CALLER, proof=os.urandom(16)), parse(body))
            return str(reply.body["outcome"])
        except GatewayError as error:
            return error.code

    async def work(gateway: Gateway) -> list[str]:
        gateway.sources.put({"scripted": Source("scripted", shared.adapter, gateway.clock, retries=0)})
        shared.adapter.before = breaks
        found = [await told(gateway) for _ in range(2)]  # the source was asked: two of the five are gone
        shared.adapter.before = waits
        every = [asyncio.create_task(told(gateway)) for _ in range(3)]
        await begun.wait()
        found.append(await told(gateway))
        for one in every:
            one.cancel()
            with suppress(asyncio.CancelledError):
                await one
        shared.adapter.before = None
        found.append(await told(gateway))
        await asyncio.sleep(looks._LINGER + 0.1)
        return [*found, *[await told(gateway) for _ in range(4)]]

    try:
        found = shared.in_gateway(work)
    finally:
        shared.adapter.before = None
    fault, *rest = found
    assert rest == [fault, "rate-limit", "rate-limit", "released", "released", "released", "rate-limit"]
    assert fault.startswith("source-")


def test_what_ends_while_the_count_is_read_is_counted_all_the_same(
    shared: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = shared.offer(text={"limits": {"perMinute": 1, "perDay": 1000}})
    body = json.dumps(shared.ask(dataset=dataset)).encode()

    async def work(gateway: Gateway) -> tuple[str, str]:
        gateway.sources.put({"scripted": Source("scripted", shared.adapter, gateway.clock)})
        begun, may, looked = asyncio.Event(), asyncio.Event(), asyncio.Event()
        read = gateway.store.read

        async def waits(_: Query) -> None:
            begun.set()
            await may.wait()

        async def told() -> str:
            try:
                reply = await gateway.exchanges.exchange(replace(CALLER, proof=os.urandom(16)), parse(body))
                return str(reply.body["outcome"])
            except GatewayError as error:
                return error.code

        async def late(work: Any, *args: Any, **more: Any) -> Any:
            found = await read(work, *args, **more)
            if work is look and not looked.is_set():  # what was read is known only once the first has committed
                looked.set()
                may.set()
                await first
            return found

        shared.adapter.before = waits
        first = asyncio.create_task(told())
        await begun.wait()
        shared.adapter.before = None
        monkeypatch.setattr(gateway.store, "read", late)
        second = await told()
        return await first, second

    shared.adapter.queries.clear()
    try:
        assert shared.in_gateway(work) == ("released", "rate-limit")
    finally:
        shared.adapter.before = None
    assert len(shared.adapter.queries) == 1
