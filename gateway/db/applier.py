"""The applier: makes a batch of intents durable in one transaction, on whatever thread or process it was put.

A batch is first run without savepoints; if an item fails or a gathered write finds a conflict, all is undone and the
items are run again one by one, each in a savepoint, so that one bad item costs only itself. A failed commit fails
all; a deadlock with another gateway is tried again first, and so is a database that another process holds, up to the
busy timeout.
"""

import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from gateway.clock import Clock
from gateway.db.connection import Connection
from gateway.db.engine import Engine
from gateway.db.errors import StorageBusy, StorageContended, StorageUnavailable
from gateway.db.intent import Ahead, Intent, Lock, Transaction

_TRY_AGAIN = 0.002
_TRIES = 3

Intents = Sequence[Intent[Any]]
Outcome = tuple[Any, BaseException | None]
"""What an intent answered, or what it raised."""


class Applier:
    """Owns a writing connection. Used by one thread at a time. `patient`: waits for another process that holds the
    database."""

    def __init__(self, engine: Engine, clock: Clock, *, patient: bool = True) -> None:
        self.engine = engine
        self.clock = clock
        self._patience = engine.busy_timeout if patient and engine.waits_itself else 0.0
        self._connection: Connection | None = None

    def apply(self, intents: Intents) -> list[Outcome]:
        """The outcomes, one an intent, durable."""
        busy_until = time.monotonic() + self._patience
        tries = _TRIES
        while True:
            try:
                outcomes = self._prepare(intents)
                assert self._connection is not None
                self.engine.commit(self._connection)
            except Exception as error:
                fault = self.engine.fault(error)
                self._discard(fault)
                tries -= 1
                if not self._again(fault, tries, busy_until):
                    return [(None, fault or error) for _ in intents]
            else:
                return [_afterwards(intent, outcome) for intent, outcome in zip(intents, outcomes, strict=True)]

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            self.engine.close(connection)

    def _again(self, fault: BaseException | None, tries: int, busy_until: float) -> bool:
        """Whether to run it once more: after a deadlock at once, while another process holds the file later."""
        if isinstance(fault, StorageContended):
            return tries > 0
        if isinstance(fault, StorageBusy) and time.monotonic() < busy_until:
            time.sleep(_TRY_AGAIN)
            return True
        return False

    def _prepare(self, intents: Intents) -> list[Outcome]:
        """Apply a batch in a transaction that is left open, ready to be made durable."""
        try:
            return self._together(intents)
        except Exception as error:
            if self.engine.fault(error) is not None:
                raise
            self._undo()
            return self._one_by_one(intents)

    def _together(self, intents: Intents) -> list[Outcome]:
        tx = self._begin(intents, foreseeing=True)
        outcomes: list[Outcome] = [(intent.apply(tx), None) for intent in intents]
        tx.flush(self.engine.gathering(tx))
        return outcomes

    def _one_by_one(self, intents: Intents) -> list[Outcome]:
        connection: Connection = self._begin(intents)
        outcomes: list[Outcome] = []
        for intent in intents:
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
                outcomes.append((None, error))
            else:
                outcomes.append((result, None))
            connection.script("RELEASE SAVEPOINT item")
        return outcomes

    def _begin(self, intents: Intents, *, foreseeing: bool = False) -> Transaction:
        """Lock what they lock, and read what they foresee."""
        kept = self._connection is not None
        try:
            return self._begun(intents, foreseeing)
        except Exception as error:
            # A connection that broke while it was idle: nothing was begun, so a new one may try.
            if not kept or not isinstance(self.engine.fault(error), StorageUnavailable):
                raise
            self._discard(None)
            return self._begun(intents, foreseeing)

    def _begun(self, intents: Intents, foreseeing: bool) -> Transaction:
        if self._connection is None:
            self._connection = self.engine.connect(writing=True)
        tx = Transaction(self._connection, self.clock)
        if foreseeing:
            tx.ahead = Ahead() if self.engine.reads_ahead else None
            for intent in intents:
                foresee = getattr(intent, "foresee", None)
                if foresee is not None:
                    foresee(tx)
        reads = tx.foreseen()
        locks = in_order(intents) if self.engine.locks_rows else []
        tx.began(reads, self.engine.begin(tx, locks, reads))
        return tx

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


def _afterwards(intent: Intent[Any], outcome: Outcome) -> Outcome:
    """With what an intent says once it is durable."""
    afterwards = getattr(intent, "afterwards", None)
    if afterwards is None or outcome[1] is not None:
        return outcome
    try:
        return afterwards(outcome[0]), None
    except Exception as error:
        return None, error


def in_order(intents: Iterable[Intent[Any]]) -> list[Lock]:
    """All rows to lock, each once, in the lock order; an exclusive lock wins over a shared one."""
    wanted: dict[tuple[int, str], Lock] = {}
    for intent in intents:
        for lock in intent.locks():
            known = wanted.get((lock.rank, lock.id))
            if known is None or (known.share and not lock.share):
                wanted[lock.rank, lock.id] = lock
    return [wanted[key] for key in sorted(wanted)]
