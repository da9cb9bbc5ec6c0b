"""Two gateways on one database whose clocks differ by two seconds: limits hold around midnight as at any time."""

import asyncio
import json
import os
from dataclasses import replace

import pytest

from gateway.agreements.usage import Counter
from gateway.app import build
from gateway.auth.caller import ClientCaller
from gateway.clock import DAY, MICROSECONDS
from gateway.errors import GatewayError
from gateway.exchange.asgi import parse
from gateway.exchange.sources import Source
from tests.clock import MovableClock
from tests.world import CONSUMER, World

CALLER = ClientCaller(f"{CONSUMER}.casework", CONSUMER, frozenset(), "", b"")


async def in_turns(world: World, dataset: str, at: int, rounds: int) -> list[str]:
    """What comes of the exchanges of two gateways, one of them a second after `at` and one a second before it."""
    clocks = MovableClock(), MovableClock()
    clocks[0].held, clocks[1].held = at + MICROSECONDS, at - MICROSECONDS
    gateways = [build(world.settings, clock) for clock in clocks]
    body, told = json.dumps(world.ask(dataset=dataset)).encode(), []
    try:
        for gateway, clock in zip(gateways, clocks, strict=True):
            gateway.sources.put({"scripted": Source("scripted", world.adapter, clock)})
        for _ in range(rounds):
            for gateway in gateways:
                try:
                    reply = await gateway.exchanges.exchange(replace(CALLER, proof=os.urandom(16)), parse(body))
                    told.append(reply.body["outcome"])
                except GatewayError as error:
                    told.append(error.code)
    finally:
        for gateway in gateways:
            await gateway.auth.aclose()
            await gateway.store.aclose()
    return told


@pytest.mark.parametrize(
    ("limits", "code", "after"),
    [({"perMinute": 1000, "perDay": 5}, "daily-limit", 0), ({"perMinute": 5, "perDay": 1000}, "rate-limit", 1234)],
)
def test_neither_gives_the_other_the_count_anew(world: World, limits: dict[str, int], code: str, after: int) -> None:
    dataset = world.offer(text={"limits": limits})
    at = (world.clock.now() // DAY + 2) * DAY + after * MICROSECONDS
    told = asyncio.run(in_turns(world, dataset, at, 8))
    assert told == ["released"] * 5 + [code] * 11


def test_what_stands_there_as_later_goes_on_being_counted_until_then() -> None:
    midnight = 20_000 * DAY
    counter = Counter()
    for _ in range(3):
        counter.count(midnight + 2 * MICROSECONDS)
    before = counter.usage(midnight - MICROSECONDS, 3)
    assert (before.in_day, before.day_free_at) == (3, midnight + DAY)
    assert (before.in_minute, before.minute_free_at) == (3, midnight + 63 * MICROSECONDS)
    counter.count(midnight - MICROSECONDS)
    after = counter.usage(midnight + 2 * MICROSECONDS, 3)
    assert (after.in_day, after.in_minute) == (4, 4)
    later = counter.usage(midnight + DAY, 3)
    assert (later.in_day, later.day_free_at) == (0, midnight + 2 * DAY)
