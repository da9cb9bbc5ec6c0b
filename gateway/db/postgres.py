"""PostgreSQL: READ COMMITTED, rows locked in one order for the whole batch.

The only module that imports psycopg (LGPL-3.0, an optional extra: `pip install threekeys[postgresql]`).
"""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import psycopg
from psycopg import errors as pg
from sqlalchemy import Engine as SqlAlchemyEngine
from sqlalchemy import bindparam, create_engine, select
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.pool import NullPool

from gateway.db.connection import Connection, Statements
from gateway.db.errors import StorageBusy, StorageContended, StorageFull, StorageUnavailable
from gateway.db.intent import Lock
from gateway.errors import Unavailable


class PostgresEngine:
    """A database by its URL (`postgresql://…`). `busy_timeout` in seconds bounds the wait for a lock."""

    readers = 2

    def __init__(self, url: str, *, busy_timeout: float = 5.0) -> None:
        self.url = "postgresql://" + url.split("://", 1)[1]
        self.busy_timeout = busy_timeout
        dialect: PGDialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        self.statements = Statements(dialect)
        self._lock_statements: dict[tuple[str, bool], Any] = {}

    def connect(self, *, writing: bool) -> Connection:
        raw = psycopg.connect(
            self.url,
            autocommit=True,
            connect_timeout=max(2, int(self.busy_timeout)),
            application_name="threekeys",
            prepare_threshold=2,
            options=f"-c lock_timeout={int(self.busy_timeout * 1000)} -c synchronous_commit=on"
            + ("" if writing else " -c default_transaction_read_only=on"),
        )
        return Connection(raw, self.statements)

    def close(self, connection: Connection) -> None:
        connection.raw.close()

    def begin(self, connection: Connection) -> None:
        connection.cursor.execute("BEGIN ISOLATION LEVEL READ COMMITTED")

    def lock(self, connection: Connection, locks: Sequence[Lock]) -> None:
        for (_, share), group in groupby(locks, key=lambda lock: (lock.rank, lock.share)):
            rows = list(group)
            table = rows[0].table
            key = (table.name, share)
            statement = self._lock_statements.get(key)
            if statement is None:
                column = next(iter(table.primary_key.columns))
                statement = self._lock_statements[key] = (
                    select(column)
                    .where(column == bindparam("ids").any_())
                    .order_by(column)
                    .with_for_update(read=share)
                )
            connection.all(statement, {"ids": [row.id for row in rows]})

    def commit(self, connection: Connection) -> None:
        connection.cursor.execute("COMMIT")

    def rollback(self, connection: Connection) -> None:
        if not connection.raw.closed:
            connection.cursor.execute("ROLLBACK")

    def fault(self, error: BaseException) -> Unavailable | None:
        if isinstance(error, pg.DiskFull):
            return StorageFull()
        if isinstance(error, pg.DeadlockDetected | pg.SerializationFailure):
            return StorageContended()
        if isinstance(error, pg.LockNotAvailable):
            return StorageBusy()
        if isinstance(error, pg.IoError | psycopg.OperationalError | psycopg.InterfaceError):
            return StorageUnavailable()
        return None

    def alembic_engine(self) -> SqlAlchemyEngine:
        return create_engine(self.url.replace("postgresql://", "postgresql+psycopg://"), poolclass=NullPool)
