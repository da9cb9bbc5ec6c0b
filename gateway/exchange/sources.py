"""The gateway's side of an adapter: deadline, bulkhead, retry and breaker, so that adapters stay simple."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

from adapters import errors as adapter_errors
from adapters.base import Adapter, Probes, Query, Record
from adapters.mapped import Origins
from gateway.clock import MICROSECONDS, Clock
from gateway.deadline import Deadline
from gateway.errors import SourceFault
from gateway.exchange.breaker import Breaker
from gateway.exchange.errors import (
    NoSuchSource,
    SourceBusy,
    SourceMalformed,
    SourceMisconfigured,
    SourceResting,
    SourceTimeout,
)
from gateway.exchange.holdups import timed
from gateway.telemetry.log import logger, where

State = Literal["up", "down", "unknown", "resting"]
_PAUSE = 0.05
_SLACK = 0.02
"""Seconds by which an adapter's timer may be ahead of the gateway's."""
_STATE_FOR = 5 * MICROSECONDS


@dataclass(slots=True)
class Source:
    """One adapter in its cage. `deadline` in seconds; `most_at_once` fetches under way, more are turned away."""

    name: str
    adapter: Adapter
    clock: Clock
    deadline: float = 5.0
    most_at_once: int = 64
    retries: int = 1
    breaker: Breaker = field(default_factory=Breaker)
    under_way: int = 0
    _limit: Deadline = field(default_factory=Deadline, init=False, repr=False)
    _probed: tuple[int, State] | None = field(default=None, init=False, repr=False)
    _probing: "asyncio.Task[State] | None" = field(default=None, init=False, repr=False)

    async def fetch(self, query: Query) -> Record | None:
        """The record, or None. Raises a subclass of `SourceFault`, never anything else of the adapter's; to log
        what was seen of it is the caller's."""
        if self.under_way >= self.most_at_once:
            raise SourceBusy(headers={"Retry-After": "1"})
        if not self.breaker.admits(self.clock.now()):
            raise SourceResting(headers={"Retry-After": str(self.breaker.seconds_left(self.clock.now()))})
        self.under_way += 1
        task = self._limit.begin(self.deadline)
        settled = False  # whether the breaker knows what came of it
        try:
            record = await self._try(query)
            if record is not None and record.fault is not None:
                fault = SourceMalformed().seen_as(**self._of(record.fault, query.identifiers))
                record = replace(record, fault=fault)
        except TimeoutError:
            settled = True
            raise self._too_late() from None
        except asyncio.CancelledError:
            if self._limit.passed(task):
                settled = True
                raise self._too_late() from None
            if task.cancelling():
                raise
            # something of the adapter's own was cancelled, and not this request
            raise SourceMalformed().seen_as(error="CancelledError") from None
        except SourceFault as fault:
            if fault.status == 503:
                self.breaker.failed(self.clock.now())
            else:
                self.breaker.succeeded()
            settled = True
            raise
        else:
            self.breaker.succeeded()
            settled = True
            return record
        finally:
            self._limit.end(task)
            self.under_way -= 1
            if not settled:
                self.breaker.abandoned()

    def _too_late(self) -> SourceTimeout:
        self.breaker.failed(self.clock.now())
        return SourceTimeout()

    async def _try(self, query: Query) -> Record | None:
        left = self.retries
        until = time.monotonic() + self.deadline
        while True:
            try:
                record = await timed(self._asked(query), partial(self._held_up, query.exchange_id))
            except adapter_errors.NotFound:
                record = None
            except adapter_errors.Retriable as error:
                if time.monotonic() >= until - _SLACK:  # it took all of its time, whoever's timer ran out first
                    raise TimeoutError from None
                asked = _seconds(error.retry_after)
                pause = _PAUSE if asked is None else asked
                if left <= 0 or time.monotonic() + pause >= until:
                    headers = {"Retry-After": str(max(1, int(asked or 1)))}
                    raise SourceFault(headers=headers).seen_as(**self._of(error, query.identifiers)) from None
                left -= 1
                await asyncio.sleep(pause)
                query = replace(query, deadline=until - time.monotonic())
                continue
            except adapter_errors.Misconfigured as error:
                raise SourceMisconfigured().seen_as(**self._of(error, query.identifiers)) from None
            except (TimeoutError, asyncio.CancelledError):
                raise
            except (Exception, SystemExit, KeyboardInterrupt) as error:  # a library that means to end a program
                raise SourceMalformed().seen_as(**self._of(error, query.identifiers)) from None
            if time.monotonic() >= until:  # who holds up the loop holds up the timer too that would have ended it
                raise TimeoutError
            return record

    async def _asked(self, query: Query) -> Record | None:
        return await self.adapter.fetch(query)

    def _held_up(self, exchange_id: str, seconds: float) -> None:
        logger("source").warning(
            "the adapter held up the event loop, and every other request with it: what blocks in its fetch belongs "
            "into asyncio.to_thread",
            adapter=self.name,
            exchangeId=exchange_id,
            seconds=round(seconds, 1),
        )

    def _of(self, error: BaseException, identifiers: Mapping[str, str]) -> dict[str, Any]:
        """What may be logged of an error. Its message too where a kind of ours says it: the contract keeps values out
        of it, and our tests see to that; a foreign adapter's might hold some, so its class and place must do."""
        more = where(error)
        if self._is_ours() and isinstance(error, adapter_errors.AdapterError):
            more["said"] = _scrubbed(str(error), identifiers)
        return more

    def _is_ours(self) -> bool:
        return type(self.adapter).__module__.partition(".")[0] == "adapters"

    def origin_of(self, path: str) -> str | None:
        """The name in the source of what a field is read from, where a mapping says so."""
        return self.adapter.origin_of(path) if self._is_ours() and isinstance(self.adapter, Origins) else None

    async def state(self) -> State:
        """A real probe, where the adapter has one; of those who ask meanwhile and for 5 seconds on, one for all."""
        if self.breaker.is_open(self.clock.now()):
            return "resting"
        if not isinstance(self.adapter, Probes):
            return "unknown"
        if self._probed is not None and 0 <= self.clock.now() - self._probed[0] < _STATE_FOR:
            return self._probed[1]
        if self._probing is None:
            self._probing = asyncio.ensure_future(self._probe(self.adapter))
        return await asyncio.shield(self._probing)  # whoever hangs up ends it for nobody else

    async def _probe(self, adapter: Probes) -> State:
        before = self._probed[1] if self._probed else "unknown"
        state: State = "down"
        more: dict[str, Any] = {}
        try:
            async with asyncio.timeout(min(self.deadline, 2.0)):
                await adapter.probe()
            state = "up"
        except (adapter_errors.AdapterError, TimeoutError, OSError) as error:
            more = self._of(error, {})
        finally:
            self._probing = None
        self._probed = (self.clock.now(), state)
        if state == "down" != before:  # a change is told once, not each time that somebody asks
            logger("source").warning("source down", adapter=self.name, **more)
        elif state == "up" and before == "down":
            logger("source").info("source up again", adapter=self.name)
        return state


def _seconds(asked: float | None) -> float | None:
    """What a source asks to wait, as far as it is to be believed: 0 to 3600; None where it says nothing of use."""
    if asked is None or asked != asked:  # NaN
        return None
    return min(max(0.0, asked), 3600.0)


def _scrubbed(text: str, identifiers: Mapping[str, str]) -> str:
    """An adapter's message without the identifiers asked for, should one stand in it against the contract."""
    for value in identifiers.values():
        text = text.replace(value, "…")
    return text[:300]


class Sources:
    """The adapters that the configuration names, each in its cage."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = dict(sources)

    def put(self, sources: Mapping[str, Source]) -> None:
        """Add adapters, made once the app's event loop runs."""
        self._sources.update(sources)

    def of(self, name: str) -> Source:
        """Raises `NoSuchSource` where the configuration names no such adapter."""
        found = self._sources.get(name)
        if found is None:
            raise NoSuchSource
        return found

    async def states(self) -> dict[str, State]:
        """State of each, all asked at once."""
        states = await asyncio.gather(*(source.state() for source in self._sources.values()))
        return dict(zip(self._sources, states, strict=True))

    async def aclose(self) -> None:
        """Close every adapter, whatever one of them says."""
        for source in self._sources.values():
            try:
                await source.adapter.aclose()
            except Exception as error:
                logger("source").warning("adapter did not close", adapter=source.name, **where(error))
