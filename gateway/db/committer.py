"""The committer: hands intents to the applier, as many as have gathered to a transaction.

No timer: what arrives while one transaction is being made durable forms the next. Two batches at most are handed
over, so that whoever applies them never waits for the loop. Of many that wait a batch is a part: were it all, callers
who were answered together would ask together for ever, and the loop would have nothing to do while they are
committed.

Where nobody else waits for anything (`alone`) and the database is quick, an intent is applied here, in the loop:
there is nothing to do meanwhile, and a hand-over there and back costs more than half of a commit.

Whoever applies may hang: a database that neither answers nor fails, a process that was stopped. After `patience`
seconds all who wait are told so, and whoever comes then at once, until there is an answer again. What was handed over
may still be carried out; nothing is told of it.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from gateway.db.applier import Applier, Intents, Outcome
from gateway.db.errors import StorageBusy, StorageUnavailable
from gateway.db.intent import Intent
from gateway.telemetry.log import logger

T = TypeVar("T")
LEAST = 12
"""Intents that are not shared out between batches."""
SHARE = 3
MOST = 256
_UNDER_WAY = 2
QUICK = 0.005
"""Seconds. While a lone intent takes less than this, it is applied in the loop."""
_LOOK = 1.0
"""Seconds between looks at how long the oldest batch has been under way."""

NO_ANSWER = "the database does not answer"
UNKNOWN = f"{NO_ANSWER}; what was asked may have been carried out"

Waiter = tuple[Intent[Any], "asyncio.Future[Any]"]
Done = Callable[[list[Outcome]], None]


class Hand(Protocol):
    """Where intents are applied: `gateway.db.own_thread` or `gateway.db.own_process`."""

    def begin(self, loop: asyncio.AbstractEventLoop, done: Done) -> None:
        """From now on `done` is called, in the loop, with the outcomes of each batch."""

    def take(self, intents: Intents) -> None:
        """Apply a batch, after those before."""

    async def aclose(self) -> None:
        """Close the connection, and end."""


class Committer:
    """`commit` may be awaited from one event loop. `here` applies what is `alone`, where there is such. Without
    `patience` it is waited for ever."""

    def __init__(self, hand: Hand, here: Applier | None = None, *, patience: float | None = None) -> None:
        self._hand = hand
        self._here = here
        self._patience = patience
        self.late = False
        """Whether no answer has come for longer than that."""
        self._since = 0.0
        """When whoever applies came to the oldest batch under way."""
        self._watch: asyncio.TimerHandle | None = None
        self.alone: Callable[[], bool] = lambda: False
        self._takes = QUICK / 2
        self._waiting: deque[Waiter] = deque()
        self._batches: deque[list[Waiter]] = deque()
        self._turning = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False
        self._idle: asyncio.Future[None] | None = None

    def begin(self) -> None:
        """Begin in the running loop; whatever is committed first would, too."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._hand.begin(self._loop, self._settle)

    async def commit(self, intent: Intent[T]) -> T:
        """Apply the intent; returns once it is durable. Raises what `apply` raised, or `Unavailable`."""
        if self._closing:
            raise StorageUnavailable("the gateway is shutting down")
        if self.late:
            raise StorageUnavailable(NO_ANSWER)
        if self._here is not None and not self._batches and not self._waiting and self.alone():
            applied = self._applied_here(intent)
            if applied is not None:
                result, error = applied
                if error is not None:
                    raise error
                return result  # type: ignore[no-any-return]  # it is what the intent answered
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._hand_over((intent, future))
        return await future

    async def aclose(self) -> None:
        """Finish what was handed over, then stop."""
        self._closing = True
        if self._waiting or self._batches:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        if self._here is not None:
            self._here.close()
        await self._hand.aclose()

    def _hand_over(self, waiter: Waiter) -> None:
        self.begin()
        assert self._loop is not None
        self._waiting.append(waiter)
        if not self._turning and len(self._batches) < _UNDER_WAY:
            self._turning = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Begin what transactions there may be."""
        self._turning = False
        assert self._loop is not None
        waiting = self._waiting
        while waiting and len(self._batches) < _UNDER_WAY:
            size = min(len(waiting), max(LEAST, len(waiting) // SHARE), MOST)
            batch = [waiting.popleft() for _ in range(size)]
            if not self._batches:
                self._since = self._loop.time()
            self._batches.append(batch)
            self._hand.take([intent for intent, _ in batch])
        if self._watch is None and self._batches and self._patience is not None:
            self._watch = self._loop.call_later(_LOOK, self._look)

    def _look(self) -> None:
        """Give those up who have waited for too long."""
        assert self._loop is not None
        assert self._patience is not None
        self._watch = self._loop.call_later(_LOOK, self._look) if self._batches else None
        if self.late or not self._batches or self._loop.time() - self._since < self._patience:
            return
        self.late = True
        logger("db").error("the database does not answer: whoever waits for a commit is told so")
        waiting, self._waiting = self._waiting, deque()
        for _, future in (waiter for batch in self._batches for waiter in batch):
            settle(future, (None, StorageUnavailable(UNKNOWN)))
        for _, future in waiting:
            settle(future, (None, StorageUnavailable(NO_ANSWER)))

    def _applied_here(self, intent: Intent[Any]) -> Outcome | None:
        """What came of this lone intent; None where it is to be handed over."""
        if self._takes > QUICK or getattr(intent, "heavy", False):
            self._takes *= 0.9
            return None
        assert self._here is not None
        began = time.perf_counter()
        [outcome] = self._here.apply([intent])
        self._takes = max(time.perf_counter() - began, 0.9 * self._takes)
        # Busy: the other end may wait for whoever holds the database.
        return None if isinstance(outcome[1], StorageBusy) else outcome

    def _settle(self, outcomes: list[Outcome]) -> None:
        """Begin the next, then tell each waiter."""
        batch = self._batches.popleft()
        assert self._loop is not None
        self._since = self._loop.time()
        if self.late:
            self.late = False
            logger("db").warning("the database answers again")
        self._turn()
        if self._idle is not None and not self._batches and not self._idle.done():
            self._idle.set_result(None)
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            settle(future, outcome)


def settle(future: "asyncio.Future[Any]", outcome: Outcome) -> None:
    """Tell a waiter, unless it hung up meanwhile."""
    result, error = outcome
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
