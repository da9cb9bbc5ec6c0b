"""The committer: one thread that applies intents, as many as have gathered to a transaction.

No timer: what arrives while one transaction is being made durable forms the next. A batch is first run without
savepoints; if an item fails or a gathered write finds a conflict, all is undone and the items are run again one by
one, each in a savepoint, so that one bad item costs only itself. A failed commit fails all its waiters; a deadlock
with another gateway is tried again first.
"""

import asyncio
import threading
from collections.abc import Iterable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from gateway.clock import Clock
from gateway.db.connection import Connection
from gateway.db.engine import Engine
from gateway.db.errors import StorageContended, StorageUnavailable
from gateway.db.intent import Intent, Lock, RunSingly, Transaction

T = TypeVar("T")
MOST_IN_A_BATCH = 256

Waiter = tuple[Intent[Any], "asyncio.Future[Any]"]
Outcome = tuple["asyncio.Future[Any]", Any, BaseException | None]


class Committer:
    """Owns the writing connection. `commit` may be awaited from one event loop."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self.engine = engine
        self.clock = clock
        self._queue: SimpleQueue[Waiter | None] = SimpleQueue()
        self._connection: Connection | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closing = False

    async def commit(self, intent: Intent[T]) -> T:
        """Apply the intent; returns once it is durable. Raises what `apply` raised, or `Unavailable`."""
        loop = asyncio.get_running_loop()
        if self._closing:
            raise StorageUnavailable("the gateway is shutting down")
        if self._thread is None:
            self._loop = loop
            self._thread = threading.Thread(target=self._run, name="committer", daemon=True)
            self._thread.start()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put((intent, future))
        return await future

    async def aclose(self) -> None:
        """Finish what was handed over, then stop."""
        self._closing = True
        if self._thread is not None:
            self._queue.put(None)
            await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        stopping = False
        while not stopping:
            batch: list[Waiter] = []
            item = self._queue.get()
            while item is not None:
                batch.append(item)
                if len(batch) >= MOST_IN_A_BATCH:
                    break
                try:
                    item = self._queue.get_nowait()
                except Empty:
                    break
            stopping = item is None
            if batch:
                self._settle(self._apply(batch))
        if self._connection is not None:
            self.engine.close(self._connection)

    def _settle(self, outcomes: list[Outcome]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(_set_all, outcomes)
        except RuntimeError:  # the loop is closed: nobody waits any more, and what was committed stays
            return

    def _apply(self, batch: list[Waiter], tries: int = 3) -> list[Outcome]:
        try:
            try:
                return self._together(batch)
            except Exception as error:
                if self.engine.fault(error) is not None:
                    raise
                self._undo()
                return self._one_by_one(batch)
        except Exception as error:
            fault = self.engine.fault(error)
            self._discard()
            if isinstance(fault, StorageContended) and tries > 1:
                return self._apply(batch, tries - 1)
            reason = fault if fault is not None else error
            return [(future, None, reason) for _, future in batch]

    def _together(self, batch: list[Waiter]) -> list[Outcome]:
        connection = self._begin(intent for intent, _ in batch)
        tx = Transaction(connection, self.clock)
        outcomes: list[Outcome] = [(future, intent.apply(tx), None) for intent, future in batch]
        tx.flush()
        self.engine.commit(connection)
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
                tx.flush()
            except Exception as error:
                if self.engine.fault(error) is not None:
                    raise
                connection.script("ROLLBACK TO SAVEPOINT item")
                outcomes.append((future, None, error))
            else:
                outcomes.append((future, result, None))
            connection.script("RELEASE SAVEPOINT item")
        self.engine.commit(connection)
        return outcomes

    def _begin(self, intents: Iterable[Intent[Any]]) -> Connection:
        if self._connection is None:
            self._connection = self.engine.connect(writing=True)
        self.engine.begin(self._connection)
        self.engine.lock(self._connection, in_order(intents))
        return self._connection

    def _undo(self) -> None:
        if self._connection is not None:
            self.engine.rollback(self._connection)

    def _discard(self) -> None:
        """After a fault of the database the connection is not trusted again."""
        if self._connection is not None:
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


def _set_all(outcomes: list[Outcome]) -> None:
    for future, result, error in outcomes:
        if future.done():
            continue
        if error is None:
            future.set_result(result)
        else:
            future.set_exception(error)


__all__ = ["MOST_IN_A_BATCH", "Committer", "RunSingly", "in_order"]
