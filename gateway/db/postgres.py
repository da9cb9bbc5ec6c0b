"""PostgreSQL: READ COMMITTED, rows locked in one order for the whole batch.

With `gateway.db.libpq` the only module that imports psycopg (LGPL-3.0, an optional extra: `threekeys[postgresql]`).
"""

import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import groupby

import psycopg
from psycopg import errors as pg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import Engine as SqlAlchemyEngine
from sqlalchemy import Executable, Table, bindparam, create_engine, select
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.pool import NullPool

from gateway.db.connection import Connection, Params, Row, Statements
from gateway.db.errors import StorageBusy, StorageContended, StorageFull, StorageUnavailable
from gateway.db.intent import Lock, Read
from gateway.db.libpq import LibpqConnection, array
from gateway.errors import Unavailable
from gateway.settings import ConfigurationError


class PostgresStatements(Statements):
    """With a statement for many rows that reads them from arrays, where running it once a row would be as many
    statements for client and server."""

    def __init__(self, dialect: PGDialect) -> None:
        super().__init__(dialect)
        self._gathered: dict[Executable, str | None] = {}

    def gathered(self, statement: Executable, rows: Sequence[Params]) -> tuple[str, Params] | None:
        if statement not in self._gathered:
            sql, constants = self.compiled(statement)
            self._gathered[statement] = None if constants else _from_arrays(sql)
        found = self._gathered[statement]
        return None if found is None else (found, {name: array([row[name] for row in rows]) for name in rows[0]})


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
        given = conninfo_to_dict(self.url)
        network = {name: value for name, value in _NETWORK.items() if name not in given}
        self._conninfo = make_conninfo(self.url, **network)
        dialect: PGDialect = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
        self.statements = PostgresStatements(dialect)
        self._lock_statements: dict[tuple[str, bool], Executable] = {}

    def connect(self, *, writing: bool) -> Connection:
        raw = psycopg.connect(
            self._conninfo,
            autocommit=True,
            connect_timeout=max(2, int(self.busy_timeout)),
            application_name="threekeys",
            client_encoding="UTF8",  # whatever the database's own, the role's or the environment's
            options=f"-c lock_timeout={int(self.busy_timeout * 1000)} -c synchronous_commit=on"
            + ("" if writing else " -c default_transaction_read_only=on"),
        )
        return Connection(LibpqConnection(raw), self.statements)

    def close(self, connection: Connection) -> None:
        connection.raw.close()

    def begin(self, connection: Connection, locks: Sequence[Lock], reads: Sequence[Read] = ()) -> list[list[Row]]:
        """All in one round trip: the statements go out together, and are carried out in their order, each on what is
        committed as it begins. So what is read is what stands there once all rows are locked."""
        run = connection.raw.execute
        with connection.raw.pipeline():
            run("BEGIN ISOLATION LEVEL READ COMMITTED")
            for (_, share), group in groupby(locks, key=lambda lock: (lock.rank, lock.share)):
                rows = list(group)
                sql, _ = self.statements.compiled(self._locking(rows[0].table, share))
                run(sql, {"ids": [row.id for row in rows]})
            made = [run(*self.statements.bound(statement, dict(params))) for statement, params in reads]
        return [cursor.fetchall() for cursor in made]

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
        if connection.cursor.execute("COMMIT").tag != "COMMIT":  # of a transaction that had failed it is no error
            raise psycopg.OperationalError("the transaction was undone")

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


_NETWORK = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}
"""How soon a host that is gone is noticed: 25 seconds where nothing was sent, 20 where something was. libpq's names;
what the URL says itself counts."""


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


def _from_arrays(sql: str) -> str | None:
    """`INSERT … VALUES (…)` and `UPDATE … WHERE …` as SQLAlchemy writes them, of the rows of some arrays."""
    names: dict[str, str] = {}

    def of_row(found: re.Match[str]) -> str:
        names[found["name"]] = found["type"] or "BYTEA"  # the one type that SQLAlchemy does not name
        return f'given."{found["name"]}"'

    into = _INSERT.fullmatch(sql)
    where = _UPDATE.fullmatch(sql)
    if into is not None:
        head, values, tail = into.groups()
        head, tail = f"{head} SELECT {_PARAMETER.sub(of_row, values)}", tail
    elif where is not None:
        head, tail = (_PARAMETER.sub(of_row, part) for part in where.groups())
    else:
        return None
    arrays = ", ".join(f"%({name})s::{kind}[]" for name, kind in names.items())
    columns = ", ".join(f'"{name}"' for name in names)
    return f"{head} FROM unnest({arrays}) AS given({columns}){tail}"


_PARAMETER = re.compile(r"%\((?P<name>\w+)\)s(?:::(?P<type>\w+))?")
_INSERT = re.compile(r"(INSERT INTO \w+ \([^()]*\)) VALUES \((.*)\)((?: ON CONFLICT DO NOTHING)?)")
_UPDATE = re.compile(r"(UPDATE \w+ SET .*)( WHERE .*)")


def _cannot_grow(error: BaseException) -> bool:
    """A file that may not grow (a quota, a limit on its size) is an internal error to PostgreSQL: told by who raised
    it, since the message is in the server's language."""
    return isinstance(error, pg.InternalError_) and error.diag.source_function in ("mdextend", "mdzeroextend")
