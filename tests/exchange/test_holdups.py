"""An adapter that blocks: it is named, its deadline is kept, and nobody else is named for it."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar

import pytest
import uvloop
from pydantic import BaseModel

from adapters.base import Query, Record
from adapters.errors import NotFound
from gateway.exchange.errors import SourceTimeout
from gateway.exchange.sources import Source
from tests.clock import MovableClock
from tests.web.logs import logged

QUERY = Query({"nino": "ZZ000001A"}, frozenset(), "exchange-1", 5.0)
HELD = 0.6
Run = Callable[[Coroutine[Any, Any, Any]], Any]


class Doing:
    """It fetches as told."""

    Settings: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self, fetch: Callable[[], Awaitable[Record | None]]) -> None:
        self._fetch = fetch

    async def fetch(self, query: Query) -> Record | None:
        return await self._fetch()

    async def aclose(self) -> None: ...


async def blocks_at_once() -> Record | None:
    time.sleep(HELD)
    return Record({})


async def blocks_behind_an_await() -> Record | None:
    await asyncio.sleep(0.01)
    return await blocks_at_once()


async def blocks_and_finds_nobody() -> Record | None:
    time.sleep(HELD)
    raise NotFound("nobody")


async def blocks_and_waits() -> Record | None:
    time.sleep(HELD)
    await asyncio.sleep(0.01)
    return Record({})


async def waits() -> Record | None:
    await asyncio.sleep(HELD)
    return Record({})


async def blocks_in_a_thread() -> Record | None:
    await asyncio.to_thread(time.sleep, HELD)
    return Record({})


def source(name: str, fetch: Callable[[], Awaitable[Record | None]], deadline: float) -> Source:
    return Source(name, Doing(fetch), MovableClock(), deadline=deadline)


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    return request.param  # type: ignore[no-any-return]  # either runs a coroutine


@pytest.mark.parametrize(
    "fetch",
    [blocks_at_once, blocks_behind_an_await, blocks_and_finds_nobody, blocks_and_waits],
    ids=lambda f: f.__name__,
)
def test_an_adapter_that_blocks_past_its_deadline_is_named_and_times_out(
    run: Run, fetch: Callable[[], Awaitable[Record | None]]
) -> None:
    with logged() as told, pytest.raises(SourceTimeout):
        run(source("council", fetch, 0.2).fetch(QUERY))
    [line] = [json.loads(line) for line in told.text.splitlines()]
    assert (line["level"], line["adapter"], line["exchangeId"]) == ("warning", "council", "exchange-1")
    assert "held up the event loop" in line["message"]
    assert line["seconds"] == pytest.approx(HELD, abs=0.3)


def test_an_adapter_that_blocks_within_its_deadline_is_named_and_answers(run: Run) -> None:
    with logged() as told:
        assert run(source("council", blocks_at_once, 5.0).fetch(QUERY)) == Record({})
    assert told.text.count('"adapter":"council"') == 1


@pytest.mark.parametrize("fetch", [waits, blocks_in_a_thread], ids=lambda f: f.__name__)
def test_who_waits_without_blocking_is_not_named_even_beside_one_that_blocks(
    run: Run, fetch: Callable[[], Awaitable[Record | None]]
) -> None:
    async def both() -> list[Record | None]:
        one, other = source("patient", fetch, 5.0), source("council", blocks_behind_an_await, 5.0)
        return list(await asyncio.gather(one.fetch(QUERY), other.fetch(QUERY)))

    with logged() as told:
        assert run(both()) == [Record({}), Record({})]
    assert [json.loads(line)["adapter"] for line in told.text.splitlines()] == ["council"]


def test_the_deadline_and_a_caller_who_hangs_up_still_end_a_fetch_that_waits(run: Run) -> None:
    ended: list[str] = []

    async def patient() -> Record | None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise
        return None

    async def hung_up() -> None:
        asked = asyncio.ensure_future(source("patient", patient, 30.0).fetch(QUERY))
        await asyncio.sleep(0.01)
        asked.cancel()
        await asked

    with pytest.raises(SourceTimeout):
        run(source("patient", patient, 0.05).fetch(QUERY))
    with pytest.raises(asyncio.CancelledError):
        run(hung_up())
    assert ended == ["cancelled", "cancelled"]
