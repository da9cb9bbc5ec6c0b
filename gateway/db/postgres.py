"""PostgreSQL: READ COMMITTED, rows locked in one order for the whole batch.

The only module that imports psycopg (LGPL-3.0, an optional extra: `threekeys[postgresql]`).
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import groupby

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Engine as SqlAlchemyEngine
from sqlalchemy import Executable, Table, bindparam, create_engine, select
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.pool import NullPool

from gateway.db.connection import Connection, Statements
from gateway.db.errors import StorageBusy, StorageContended, StorageFull, StorageUnavailable
from gateway.db.intent import Lock
from gateway.errors import Unavailable
from gateway.settings import ConfigurationError


class PostgresEngine:
    """A database by its URL (`postgresql://…`). `busy_timeout` in seconds bounds the wait for a lock."""

    readers = 2
    inline = False
    waits_itself = False
    reads_ahead = True
    locks_rows = True

    def __init__(self, url: str, *, busy_timeout: float = 5.0) -> None:
        self.url = _readable("postgresql://" + url.split("://", 1)[1])
        self.busy_timeout = busy_timeout
        dialect: PGDialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        self.statements = Statements(dialect)
        self._lock_statements: dict[tuple[str, bool], Executable] = {}

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

    def begin(self, connection: Connection, locks: Sequence[Lock]) -> None:
        """All in one round trip: the statements go out together, and are carried out in their order."""
        with connection.raw.pipeline():
            connection.raw.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
            for (_, share), group in groupby(locks, key=lambda lock: (lock.rank, lock.share)):
                rows = list(group)
                sql, _ = self.statements.compiled(self._locking(rows[0].table, share))
                connection.raw.execute(sql, {"ids": [row.id for row in rows]})

    def _locking(self, table: Table, share: bool) -> Executable:
        """`SELECT … WHERE id = ANY(…) ORDER BY id FOR UPDATE`, or FOR SHARE."""
        key = (table.name, share)
        if key not in self._lock_statements:
            column = next(iter(table.primary_key.columns))
            mine = column == bindparam("ids").any_()
            statement = select(column).where(mine).order_by(column).with_for_update(read=share)
            self._lock_statements[key] = statement
        return self._lock_statements[key]

    def gathering(self, connection: Connection) -> AbstractContextManager[object]:
        pipeline: AbstractContextManager[object] = connection.raw.pipeline()
        return pipeline

    def commit(self, connection: Connection) -> None:
        connection.cursor.execute("COMMIT")

    def rollback(self, connection: Connection) -> None:
        if not connection.raw.closed:
            connection.cursor.execute("ROLLBACK")

    def fault(self, error: BaseException) -> Unavailable | None:
        if isinstance(error, pg.DiskFull) or _cannot_grow(error):
            return StorageFull()
        if isinstance(error, pg.DeadlockDetected | pg.SerializationFailure):
            return StorageContended()
        if isinstance(error, pg.LockNotAvailable):
            return StorageBusy()
        if isinstance(error, pg.IoError | pg.InternalError_ | pg.ReadOnlySqlTransaction):
            return StorageUnavailable()
        if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
            return StorageUnavailable()
        return None

    def alembic_engine(self) -> SqlAlchemyEngine:
        return create_engine(
            "postgresql+psycopg://",
            poolclass=NullPool,
            creator=lambda: psycopg.connect(self.url, connect_timeout=max(2, int(self.busy_timeout))),
        )


def _readable(url: str) -> str:
    """The URL, where libpq can read it. Raises `ConfigurationError`.

    No piece of the URL is repeated, nor libpq's words: where it is written wrongly any piece may be the password.
    """
    try:
        ports = str(conninfo_to_dict(url).get("port") or "").split(",")
    except psycopg.ProgrammingError:
        raise ConfigurationError(
            "database: the URL cannot be read. It is postgresql://user@host:port/database, an IPv6 address in"
            " brackets, % in a name or password as %25, and after ? only what libpq knows"
        ) from None
    for port in filter(None, ports):
        if not (port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
            raise ConfigurationError(
                "database: the port in the URL is a number from 1 to 65535; @ and : in a password are %40 and %3A"
            )
    return url


def _cannot_grow(error: BaseException) -> bool:
    """A file that may not grow (a quota, a limit on its size) is an internal error to PostgreSQL: told by who raised
    it, since the message is in the server's language."""
    return isinstance(error, pg.InternalError_) and error.diag.source_function in ("mdextend", "mdzeroextend")
