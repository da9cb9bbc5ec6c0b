"""A source in its cage: whatever it says about waiting, its circuit closes again; many who ask how it is ask once."""

import asyncio
import json
from collections.abc import Callable
from typing import ClassVar

import pytest
from pydantic import BaseModel

from adapters.base import Query, Record
from adapters.errors import Retriable
from adapters.http.response import Response
from gateway.errors import SourceFault
from gateway.exchange.errors import SourceResting
from gateway.exchange.sources import Source, Sources
from tests.clock import MovableClock
from tests.web.logs import logged

QUERY = Query({"nino": "ZZ000001A"}, frozenset(), "x", 1.0)


class Moody:
    """It fails as told, and counts its probes."""

    Settings: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self) -> None:
        self.error: Callable[[], BaseException] | None = None
        self.probes = 0

    async def fetch(self, query: Query) -> Record | None:
        if self.error is not None:
            raise self.error()
        return None

    async def probe(self) -> str | None:
        self.probes += 1
        await asyncio.sleep(0.02)
        if self.error is not None:
            raise self.error()
        return None

    async def aclose(self) -> None: ...


class Unforeseen(Retriable):
    """An error whose own attribute fails."""

    def __init__(self) -> None:
        Exception.__init__(self, "down")

    @property
    def retry_after(self) -> float | None:
        raise ArithmeticError

    @retry_after.setter
    def retry_after(self, value: float | None) -> None: ...


def huge() -> BaseException:
    """What the HTTP client makes of a Retry-After of 400 digits."""
    with pytest.raises(Retriable) as raised:
        Response("source", 503, [(b"retry-after", b"9" * 400)], b"").raise_for_source()
    return raised.value


def waiting(seconds: float) -> Callable[[], BaseException]:
    return lambda: Retriable("down", retry_after=seconds)


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (huge, "3600"),
        (waiting(float("inf")), "3600"),
        (waiting(10**400), "3600"),
        (waiting(float("nan")), "1"),
        (waiting(-float("inf")), "1"),
        (waiting(17), "17"),
    ],
    ids=["400 digits", "infinite", "a vast integer", "not a number", "negative", "usual"],
)
def test_a_wait_beyond_belief_is_capped_and_the_circuit_closes_again(
    error: Callable[[], BaseException], wait: str
) -> None:
    async def scenario() -> str:
        adapter, clock = Moody(), MovableClock()
        source = Source("moody", adapter, clock, retries=0)
        adapter.error = lambda: Retriable("down")
        for _ in range(5):
            with pytest.raises(SourceFault):
                await source.fetch(QUERY)
        with pytest.raises(SourceResting):
            await source.fetch(QUERY)
        clock.advance(11)
        adapter.error = error
        with pytest.raises(SourceFault) as raised:
            await source.fetch(QUERY)
        adapter.error = None
        clock.advance(11)
        assert await source.fetch(QUERY) is None
        assert source.under_way == 0
        return raised.value.headers["Retry-After"]

    assert asyncio.run(scenario()) == wait


@pytest.mark.parametrize("error", [Unforeseen, SystemError, GeneratorExit])
def test_a_trial_that_ends_in_an_unforeseen_way_leaves_room_for_the_next(
    error: Callable[[], BaseException],
) -> None:
    async def scenario() -> None:
        adapter, clock = Moody(), MovableClock()
        source = Source("moody", adapter, clock, retries=0)
        source.breaker.failures = source.breaker.most_failures
        adapter.error = error
        with pytest.raises(BaseException):  # noqa: B017, PT011  # which it is, is not the point
            await source.fetch(QUERY)
        adapter.error = None
        assert await source.fetch(QUERY) is None

    asyncio.run(scenario())


def test_who_asks_for_the_state_of_a_source_asks_it_once_in_five_seconds() -> None:
    async def scenario() -> None:
        adapter, clock = Moody(), MovableClock()
        sources = Sources({"moody": Source("moody", adapter, clock)})
        impatient = asyncio.ensure_future(sources.states())
        crowd = [asyncio.ensure_future(sources.states()) for _ in range(50)]
        await asyncio.sleep(0.005)
        impatient.cancel()
        assert await asyncio.gather(*crowd) == [{"moody": "up"}] * 50
        assert adapter.probes == 1
        adapter.error = lambda: Retriable("down")
        clock.advance(4)
        assert await sources.states() == {"moody": "up"}
        clock.advance(2)
        assert await sources.states() == {"moody": "down"}
        assert adapter.probes == 2

    asyncio.run(scenario())


def test_a_source_that_goes_down_and_comes_back_is_logged_once_each_without_its_words() -> None:
    async def scenario() -> None:
        adapter, clock = Moody(), MovableClock()
        source = Source("moody", adapter, clock)

        async def asked(*, down: bool) -> None:
            adapter.error = (lambda: Retriable("ZZ000001A cannot be read")) if down else None
            clock.advance(6)
            assert await source.state() == ("down" if down else "up")

        for down in (False, False, True, True, True, False, False, True):
            await asked(down=down)

    with logged() as told:
        asyncio.run(scenario())
    lines = [json.loads(line) for line in told.text.splitlines()]
    assert [(line["message"], line["level"]) for line in lines] == [
        ("source down", "warning"),
        ("source up again", "info"),
        ("source down", "warning"),
    ]
    assert {line["adapter"] for line in lines} == {"moody"}
    assert lines[0]["error"] == "Retriable"
    assert "ZZ000001A" not in told.text
