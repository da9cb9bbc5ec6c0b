"""The conformance tests find an adapter that falls short, and say so in the words of the contract."""

import asyncio
import time
from typing import ClassVar

import pytest
from pydantic import BaseModel

from adapters.base import AdapterSettings, Query, Record
from adapters.conformance import AdapterConformance
from adapters.errors import Misconfigured

pytestmark = pytest.mark.anyio
KNOWN = Query({"nino": "ZZ123456A"}, frozenset({"reference"}), "exchange-1", 5.0)
CONTRACT = AdapterConformance()


class Found:
    """It finds everybody, after a moment."""

    Settings: ClassVar[type[BaseModel]] = AdapterSettings

    async def wait(self) -> None: ...

    async def fetch(self, query: Query) -> Record | None:
        await self.wait()
        return Record({"reference": "1"}, identifiers={"nino": query.identifiers["nino"]})

    async def aclose(self) -> None: ...


class Blocking(Found):
    """As `requests` would, or a driver without async."""

    def __init__(self, seconds: float, again: float | None = None) -> None:
        self.seconds, self.again = seconds, seconds if again is None else again

    async def wait(self) -> None:
        await asyncio.sleep(0)
        time.sleep(self.seconds)
        self.seconds = self.again


class Threaded(Found):
    async def wait(self) -> None:
        await asyncio.to_thread(time.sleep, 0.3)


class Patient(Found):
    async def wait(self) -> None:
        await asyncio.sleep(0.3)


@pytest.mark.parametrize(("seconds", "said"), [(0.1, r"0\.1"), (1.0, r"1\.0")])
async def test_a_fetch_that_blocks_is_told_how_long_it_held_up_the_event_loop(seconds: float, said: str) -> None:
    with pytest.raises(AssertionError, match=rf"fetch held up the event loop for {said}\d s: .*asyncio\.to_thread"):
        await CONTRACT.test_the_event_loop_goes_on_while_it_fetches(Blocking(seconds), KNOWN)


async def test_a_fetch_that_blocks_for_long_is_not_tried_for_ever() -> None:
    began = time.monotonic()
    with pytest.raises(AssertionError, match="held up the event loop for"):
        await CONTRACT.test_the_event_loop_goes_on_while_it_fetches(Blocking(2.0), KNOWN)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("adapter", [Found(), Threaded(), Patient()], ids=lambda one: type(one).__name__)
async def test_a_fetch_that_is_quick_or_waits_holds_nothing_up(adapter: Found) -> None:
    await CONTRACT.test_the_event_loop_goes_on_while_it_fetches(adapter, KNOWN)


async def test_what_stands_still_once_is_the_machine() -> None:
    await CONTRACT.test_the_event_loop_goes_on_while_it_fetches(Blocking(0.2, again=0.0), KNOWN)


async def test_an_adapter_that_does_not_look_at_the_scheme_is_told_what_to_raise() -> None:
    said = r"asked by a scheme that it does not take, fetch raises KeyError.*`Misconfigured`.* or return None"
    with pytest.raises(AssertionError, match=said):
        await CONTRACT.test_an_identifier_that_it_does_not_take_is_an_error_or_none(Found(), KNOWN)


async def test_an_adapter_that_looks_at_the_scheme_passes() -> None:
    class Looking(Found):
        async def fetch(self, query: Query) -> Record | None:
            if "nino" not in query.identifiers:
                raise Misconfigured("it finds people by nino")
            return await super().fetch(query)

    await CONTRACT.test_an_identifier_that_it_does_not_take_is_an_error_or_none(Looking(), KNOWN)
