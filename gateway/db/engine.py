"""What a database must be able to do for the committer and the readers. Two modules do it: `sqlite`, `postgres`."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Engine as SqlAlchemyEngine

from gateway.db.connection import Connection, Row
from gateway.db.intent import Lock, Read
from gateway.errors import Unavailable


class Engine(Protocol):
    """One database, reached by several connections; each connection is used by one thread at a time."""

    readers: int
    """How many reader threads pay off."""
    busy_timeout: float
    """Seconds to wait for another process that holds the database, or a row."""
    inline: bool
    """Whether a look-up of a few indexed rows is faster than a hand-over to a thread, and never waits."""
    waits_itself: bool
    """Whether a writer that meets another is told at once, and is to try again; else the database makes it wait."""
    reads_ahead: bool
    """Whether each statement waits for a server, so that reads are better made together."""
    locks_rows: bool
    """Whether rows can be locked; where a writer holds the whole database there are none to name."""

    def connect(self, *, writing: bool) -> Connection:
        """A new connection; a driver error where the database is not there."""

    def close(self, connection: Connection) -> None:
        """Close it, whatever its state."""

    def begin(self, connection: Connection, locks: Sequence[Lock], reads: Sequence[Read] = ()) -> list[list[Row]]:
        """Open a transaction that may write, lock these rows, given sorted and each once, and then make these reads;
        returns what each of them found."""

    def gathering(self, connection: Connection) -> AbstractContextManager[object]:
        """Within it statements may go out together; their errors come at its end, their row counts not at all."""

    def commit(self, connection: Connection) -> None:
        """Make it durable."""

    def rollback(self, connection: Connection) -> None:
        """Undo."""

    def fault(self, error: BaseException) -> Unavailable | None:
        """What a driver's error means for all waiters; None where it is the fault of one statement."""

    def alembic_engine(self) -> SqlAlchemyEngine:
        """A plain SQLAlchemy engine, for migrations and for creating tables."""
