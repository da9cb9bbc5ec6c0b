"""SQLite: WAL, `synchronous=FULL`, one writer at a time by `BEGIN IMMEDIATE` before any read."""

import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from sqlalchemy import Engine as SqlAlchemyEngine
from sqlalchemy import create_engine
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

from gateway.db.connection import Connection, Row, Statements
from gateway.db.errors import StorageBusy, StorageFull, StorageUnavailable
from gateway.db.intent import Lock, Read
from gateway.errors import Unavailable


class SqliteEngine:
    """A database in one file. `busy_timeout` in seconds; `max_pages` limits its size (None: the disk does)."""

    readers = 1
    inline = True  # a reader of a WAL waits for no writer
    waits_itself = True  # `busy_timeout` of the file would sleep for longer and longer
    reads_ahead = False
    locks_rows = False  # `BEGIN IMMEDIATE` holds the whole database

    def __init__(self, path: str, *, busy_timeout: float = 5.0, max_pages: int | None = None) -> None:
        self.path = path
        self.busy_timeout = busy_timeout
        self.max_pages = max_pages
        self.statements = Statements(SQLiteDialect(paramstyle="named"))

    def connect(self, *, writing: bool) -> Connection:
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        raw = sqlite3.connect(
            self.path,
            timeout=0.0 if writing else self.busy_timeout,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=512,
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "cache_size=-65536", "temp_store=MEMORY"):
            raw.execute(f"PRAGMA {pragma}")
        if not writing:
            raw.execute("PRAGMA query_only=ON")
        elif self.max_pages is not None:
            raw.execute(f"PRAGMA max_page_count={int(self.max_pages)}")
        return Connection(raw, self.statements)

    def close(self, connection: Connection) -> None:
        connection.raw.close()

    def begin(self, connection: Connection, locks: Sequence[Lock], reads: Sequence[Read] = ()) -> list[list[Row]]:
        connection.cursor.execute("BEGIN IMMEDIATE")
        return [connection.all(statement, dict(params)) for statement, params in reads]

    def gathering(self, connection: Connection) -> AbstractContextManager[object]:
        return nullcontext()

    def commit(self, connection: Connection) -> None:
        connection.cursor.execute("COMMIT")

    def rollback(self, connection: Connection) -> None:
        if connection.raw.in_transaction:
            connection.cursor.execute("ROLLBACK")

    def fault(self, error: BaseException) -> Unavailable | None:
        if not isinstance(error, sqlite3.Error) or isinstance(error, sqlite3.IntegrityError):
            return None
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StorageBusy()
        if code == sqlite3.SQLITE_FULL:
            return StorageFull()
        return StorageUnavailable()

    def alembic_engine(self) -> SqlAlchemyEngine:
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        return create_engine(f"sqlite:///{self.path}", connect_args={"timeout": self.busy_timeout})
