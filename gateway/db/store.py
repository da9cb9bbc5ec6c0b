"""The store: what rooms are given. Reads run on reader threads, writes are intents for the committer."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Concatenate, ParamSpec, TypeVar

from gateway.apart import CAN
from gateway.clock import Clock
from gateway.db.applier import Applier, Outcome
from gateway.db.committer import NO_ANSWER, Committer, settle
from gateway.db.connection import Connection
from gateway.db.engine import Engine
from gateway.db.errors import StorageBusy, StorageUnavailable
from gateway.db.intent import Intent
from gateway.db.lookups import LookUps
from gateway.db.own_process import OwnProcess
from gateway.db.own_thread import OwnThread

T = TypeVar("T")
P = ParamSpec("P")
Item = TypeVar("Item")
Found = TypeVar("Found")
Read = tuple[Callable[[Connection], Any], "asyncio.Future[Any]"]
Settled = tuple["asyncio.Future[Any]", Outcome]
_MOST_AT_ONCE = 32


class Store:
    """One database. `read` and `commit` may be awaited from one event loop.

    `apart`: commit in a process of its own, where this machine can; it is forked here and now, and has the machine's
    clock. `patience`: seconds after which whoever waits is told that the database does not answer; a command waits
    for as long as it takes.
    """

    def __init__(self, engine: Engine, clock: Clock, *, apart: bool = False, patience: float | None = None) -> None:
        self.engine = engine
        self.clock = clock
        applier = Applier(engine, clock)
        self.apart = OwnProcess(applier) if apart and CAN else None
        here = Applier(engine, clock, patient=False) if engine.inline else None
        self._committer = Committer(self.apart or OwnThread(applier), here, patience=patience)
        self._patience = patience
        self._given_up: set[asyncio.Future[Any]] = set()
        """Reads that nobody waits for any more, and no reader has done."""
        self._in_hand: list[asyncio.Future[Any] | None] = [None] * engine.readers
        """What each reader is at."""
        self._queue: SimpleQueue[Read | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False
        self._inline: Connection | None = None
        self._alone: Callable[[], bool] = lambda: False
        self._look_ups = LookUps(self._look_here if engine.inline else self.read)

    def begin(self) -> None:
        """Begin in the running loop: from now on it is noticed where the committing process ends."""
        self._committer.begin()

    def alone(self, alone: Callable[[], bool]) -> None:
        """`alone()` tells whether whoever waits for a commit is the only one who waits for this process."""
        self._alone = self._committer.alone = alone

    @property
    def late(self) -> bool:
        """Whether the database, or who commits, has not answered for longer than anybody waits."""
        return self._committer.late or self._readers_hang()

    def _readers_hang(self) -> bool:
        return bool(self._given_up) and self._given_up.issuperset(self._in_hand)

    async def commit(self, intent: Intent[T]) -> T:
        """Hand an intent to the committer; returns what it applied, durable."""
        return await self._committer.commit(intent)

    async def read(self, work: Callable[Concatenate[Connection, P], T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, …)` on a reader thread; committed state only. Raises `Unavailable`."""
        loop = asyncio.get_running_loop()
        if self._closing:
            raise StorageUnavailable("the gateway is shutting down")
        if self._readers_hang():
            raise StorageUnavailable(NO_ANSWER)
        if not self._threads:
            self._loop = loop
            self._threads = [
                threading.Thread(target=self._run, args=(n,), name=f"reader-{n}", daemon=True)
                for n in range(self.engine.readers)
            ]
            for thread in self._threads:
                thread.start()
        future: asyncio.Future[T] = loop.create_future()
        self._queue.put((lambda connection: work(connection, *args, **kwargs), future))
        if self._patience is None:
            return await future
        timer = loop.call_later(self._patience, self._give_up, future)
        try:
            return await future
        finally:
            timer.cancel()

    def _give_up(self, future: "asyncio.Future[Any]") -> None:
        if not future.done():
            self._given_up.add(future)
            future.set_exception(StorageUnavailable(NO_ANSWER))

    async def look_up(self, work: Callable[[Connection, Sequence[Item]], Sequence[Found]], item: Item) -> Found:
        """Look a few indexed rows up; what is asked for meanwhile shares one call of `work(connection, items)`.

        On SQLite on this thread, in the next turn of the loop, for who is alone at once; on PostgreSQL on a reader
        thread. `work` is a function of a module.
        """
        if self.engine.inline and self._alone():
            return (await self._look_here(work, (item,)))[0]
        return await self._look_ups.ask(work, item)

    async def _look_here(
        self, work: Callable[[Connection, Sequence[Item]], Sequence[Found]], items: Sequence[Item]
    ) -> Sequence[Found]:
        """On this thread, which waits for nobody."""
        try:
            if self._inline is None:
                # As a writer's, it waits for nobody: this is the event loop. It only reads all the same.
                self._inline = self.engine.connect(writing=True)
                self._inline.raw.execute("PRAGMA query_only=ON")
            return work(self._inline, items)
        except Exception as error:
            fault = self.engine.fault(error)
            if fault is None:
                raise
            self._close_inline()
            if not isinstance(fault, StorageBusy):
                raise fault from None
        return await self.read(work, items)  # that thread may wait for whoever holds the database

    def _close_inline(self) -> None:
        if self._inline is not None:
            connection, self._inline = self._inline, None
            self.engine.close(connection)

    async def aclose(self) -> None:
        """Finish what was handed over, then close all connections."""
        await self._committer.aclose()
        self._closing = True
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self._close_inline()

    def create_all(self) -> None:
        """Create every table that the imported rooms declare: for tests; a deployment runs the migrations."""
        from sqlmodel import SQLModel

        engine = self.engine.alembic_engine()
        SQLModel.metadata.create_all(engine)
        engine.dispose()

    def _run(self, number: int) -> None:
        connection: Connection | None = None
        stopping = False
        while not stopping:
            reads: list[Read] = []
            item = self._queue.get()
            while item is not None:
                reads.append(item)
                if len(reads) >= _MOST_AT_ONCE:
                    break
                try:
                    item = self._queue.get_nowait()
                except Empty:
                    break
            stopping = item is None
            settled: list[Settled] = []
            for work, future in reads:
                self._in_hand[number] = future
                connection, outcome = self._one(connection, work)
                settled.append((future, outcome))
            self._in_hand[number] = None
            if settled:
                assert self._loop is not None
                try:
                    self._loop.call_soon_threadsafe(self._settle, settled)
                except RuntimeError:  # the loop is closed: nobody waits any more
                    break
        if connection is not None:
            self.engine.close(connection)

    def _settle(self, settled: list[Settled]) -> None:
        """Tell each waiter, in the loop."""
        for future, outcome in settled:
            self._given_up.discard(future)
            settle(future, outcome)

    def _one(
        self, connection: Connection | None, work: Callable[[Connection], Any]
    ) -> tuple[Connection | None, Outcome]:
        idle = connection is not None
        try:
            if connection is None:
                connection = self.engine.connect(writing=False)
            return connection, (work(connection), None)
        except Exception as error:
            fault = self.engine.fault(error)
            if fault is None:
                return connection, (None, error)
            if connection is not None:
                self.engine.close(connection)
            # It may have broken while nobody used it, and a read can be made again; a busy one would only wait twice.
            if idle and isinstance(fault, StorageUnavailable):
                return self._one(None, work)
            return None, (None, fault)
