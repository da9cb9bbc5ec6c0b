"""The committer: applies intents, as many as have gathered to a transaction.

No timer: what arrives while one transaction is being made durable forms the next. A batch is first run without
savepoints; if an item fails or a gathered write finds a conflict, all is undone and the items are run again one by
one, each in a savepoint, so that one bad item costs only itself. A failed commit fails all its waiters; a deadlock
with another gateway is tried again first.

Where statements are quick calls in this process (`Engine.inline`: SQLite), they run on the event loop's own thread
and only the COMMIT, which waits for the disk, on the committer's: a thread that runs each statement pays a hand-over
of the GIL for it, and that costs more than the statement (docs/adr/0010). Where each statement waits for a server,
and for intents that say they are `heavy`, all of it runs on the committer's thread. A lone intent's COMMIT runs in
the loop too, while the disk is quick.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

from gateway.clock import Clock
from gateway.db.connection import Connection
from gateway.db.engine import Engine
from gateway.db.errors import StorageBusy, StorageContended, StorageUnavailable
from gateway.db.intent import Ahead, Intent, Lock, Transaction

T = TypeVar("T")
MOST_IN_A_BATCH = 256
MOST_INLINE = 64
_TRY_AGAIN = 0.002
QUICK = 0.001
"""Seconds. While commits take less than this, a lone one is made in the loop: two hand-overs take as long."""

Waiter = tuple[Intent[Any], "asyncio.Future[Any]"]
Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]
Job = Callable[[], list[Outcome]]


class Committer:
    """Owns the writing connection. `commit` may be awaited from one event loop."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self._waiting: deque[Waiter] = deque()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._under_way = False
        self._busy_since: float | None = None
        self._commit_takes = 2 * QUICK
        self._connection: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closing = False
        self._idle: asyncio.Future[None] | None = None

    async def commit(self, intent: Intent[T]) -> T:
        """Apply the intent; returns once it is durable. Raises what `apply` raised, or `Unavailable`."""
        if self._closing:
            raise StorageUnavailable("the gateway is shutting down")
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._hand_over((intent, future))
        return await future

    async def aclose(self) -> None:
        """Finish what was handed over, then stop."""
        self._closing = True
        if self._under_way:
            self._idle = asyncio.get_running_loop().create_future()
            await self._idle
        if self._thread is not None:
            self._jobs.put(None)
            await asyncio.to_thread(self._thread.join)

    def _hand_over(self, waiter: Waiter) -> None:
        if self._thread is None:
            self._loop = asyncio.get_running_loop()
            self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
            self._thread.start()
        self._waiting.append(waiter)
        if not self._under_way:
            self._under_way = True
            assert self._loop is not None
            self._loop.call_soon(self._turn)

    # --- in the event loop ---

    def _turn(self) -> None:
        """Begin the next transaction, of all that wait by now."""
        if not self._waiting:
            self._under_way = False
            if self._idle is not None:
                self._idle.set_result(None)
            return
        batch, inline = self._next()
        if not inline:
            self._jobs.put(lambda: self._apply(batch))
            return
        try:
            outcomes = self._prepare(batch)
        except Exception as error:
            fault = self.engine.fault(error)
            self._discard(fault)
            if isinstance(fault, StorageBusy) and self._may_wait():
                self._waiting.extendleft(reversed(batch))
                assert self._loop is not None
                self._loop.call_later(_TRY_AGAIN, self._turn)
                return
            self._busy_since = None
            self._settle_here([(future, None, fault or error) for _, future in batch])
            return
        self._busy_since = None
        if len(batch) == 1 and not self._waiting and self._commit_takes < QUICK:
            self._settle_here(self._finish(outcomes))
            return
        self._jobs.put(lambda: self._finish(outcomes))

    def _next(self) -> tuple[list[Waiter], bool]:
        """The next batch, and whether it runs here: a heavy intent goes alone, on the thread."""
        if not self.engine.inline:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MOST_IN_A_BATCH))]
            return batch, False
        batch = [self._waiting.popleft()]
        if getattr(batch[0][0], "heavy", False):
            return batch, False
        while self._waiting and len(batch) < MOST_INLINE and not getattr(self._waiting[0][0], "heavy", False):
            batch.append(self._waiting.popleft())
        return batch, True

    def _may_wait(self) -> bool:
        """Whether a database that another process holds is worth another try, within the busy timeout."""
        assert self._loop is not None
        now = self._loop.time()
        if self._busy_since is None:
            self._busy_since = now
        return now - self._busy_since < self.engine.busy_timeout

    def _settle(self, outcomes: list[Outcome]) -> None:
        settle_all(outcomes)
        self._turn()

    def _settle_here(self, outcomes: list[Outcome]) -> None:
        """From within a turn: the next one is not begun from here, where each would be a call deeper."""
        settle_all(outcomes)
        assert self._loop is not None
        self._loop.call_soon(self._turn)

    # --- on the committer's thread ---

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            outcomes = job()
            assert self._loop is not None
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more, and what was committed stays
                self._loop.call_soon_threadsafe(self._settle, outcomes)
        if self._connection is not None:
            self.engine.close(self._connection)

    def _finish(self, outcomes: list[Outcome]) -> list[Outcome]:
        """Make durable what was applied in the loop."""
        began = time.perf_counter()
        try:
            assert self._connection is not None
            self.engine.commit(self._connection)
            self._commit_takes = max(time.perf_counter() - began, 0.9 * self._commit_takes)
        except Exception as error:
            fault = self.engine.fault(error)
            self._discard(fault)
            return [(future, None, fault or error) for future, _, _ in outcomes]
        return outcomes

    def _apply(self, batch: list[Waiter]) -> list[Outcome]:
        busy_until = time.monotonic() + (self.engine.busy_timeout if self.engine.inline else 0)
        tries = 3
        while True:
            try:
                outcomes = self._prepare(batch)
                assert self._connection is not None
                self.engine.commit(self._connection)
                return outcomes
            except Exception as error:
                fault = self.engine.fault(error)
                self._discard(fault)
                tries -= 1
                if not self._again(fault, tries, busy_until):
                    return [(future, None, fault or error) for _, future in batch]

    def _again(self, fault: BaseException | None, tries: int, busy_until: float) -> bool:
        """Whether to run it once more: after a deadlock at once, while another process holds the database later."""
        if isinstance(fault, StorageContended):
            return tries > 0
        if isinstance(fault, StorageBusy) and time.monotonic() < busy_until:
            time.sleep(_TRY_AGAIN)
            return True
        return False

    # --- on either ---

    def _prepare(self, batch: list[Waiter]) -> list[Outcome]:
        """Apply a batch in a transaction that is left open, ready to be made durable."""
        try:
            return self._together(batch)
        except Exception as error:
            if self.engine.fault(error) is not None:
                raise
            self._undo()
            return self._one_by_one(batch)

    def _together(self, batch: list[Waiter]) -> list[Outcome]:
        connection = self._begin(intent for intent, _ in batch)
        tx = Transaction(connection, self.clock)
        if not self.engine.inline:
            tx.ahead = Ahead()
        for intent, _ in batch:
            foresee = getattr(intent, "foresee", None)
            if foresee is not None:
                foresee(tx)
        tx.read_ahead(self.engine.gathering(connection))
        outcomes: list[Outcome] = [(future, intent.apply(tx), None) for intent, future in batch]
        tx.flush(self.engine.gathering(connection))
        return outcomes

    def _one_by_one(self, batch: list[Waiter]) -> list[Outcome]:
        connection = self._begin(intent for intent, _ in batch)
        outcomes: list[Outcome] = []
        for intent, future in batch:
            connection.script("SAVEPOINT item")
            tx = Transaction(connection, self.clock)
            tx.single = True
            try:
                result = intent.apply(tx)
                tx.flush(self.engine.gathering(connection))
            except Exception as error:
                if self.engine.fault(error) is not None:
                    raise
                connection.script("ROLLBACK TO SAVEPOINT item")
                outcomes.append((future, None, error))
            else:
                outcomes.append((future, result, None))
            connection.script("RELEASE SAVEPOINT item")
        return outcomes

    def _begin(self, intents: Iterable[Intent[Any]]) -> Connection:
        locks = in_order(intents) if self.engine.locks_rows else []
        if self._connection is not None:
            try:
                self.engine.begin(self._connection, locks)
                return self._connection
            except Exception as error:
                # A connection that broke while it was idle: nothing was begun, so a new one may try.
                if not isinstance(self.engine.fault(error), StorageUnavailable):
                    raise
                self._discard(None)
        self._connection = self.engine.connect(writing=True)
        self.engine.begin(self._connection, locks)
        return self._connection

    def _undo(self) -> None:
        if self._connection is not None:
            self.engine.rollback(self._connection)

    def _discard(self, fault: BaseException | None) -> None:
        """After a fault of the database the connection is not trusted again; one that was only busy is kept."""
        if self._connection is None:
            return
        if isinstance(fault, StorageBusy) and not isinstance(fault, StorageContended):
            with suppress(Exception):
                self.engine.rollback(self._connection)
                return
        connection, self._connection = self._connection, None
        with suppress(Exception):  # it is broken already; the fault itself is what is reported
            self.engine.close(connection)


def in_order(intents: Iterable[Intent[Any]]) -> list[Lock]:
    """All rows to lock, each once, in the lock order; an exclusive lock wins over a shared one."""
    wanted: dict[tuple[int, str], Lock] = {}
    for intent in intents:
        for lock in intent.locks():
            known = wanted.get((lock.rank, lock.id))
            if known is None or (known.share and not lock.share):
                wanted[lock.rank, lock.id] = lock
    return [wanted[key] for key in sorted(wanted)]


def settle_all(outcomes: list[Outcome]) -> None:
    """Tell each waiter, in the loop, unless it hung up meanwhile."""
    for future, result, error in outcomes:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)
