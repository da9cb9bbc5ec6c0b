"""Connections to the agency's database: pooled, checked, read-only, and saying for which exchange they read."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from adapters.errors import AdapterError, Misconfigured, Retriable
from adapters.sql_errors import translated

_EXCHANGE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SETTINGS: Final = text(
    "SELECT set_config('statement_timeout', :ms, true), set_config('application_name', :name, true),"
    " set_config('threekeys.exchange_id', :exchange, true)"
)
_LEAST_MS: Final = 1  # zero would switch the timeout off


def make_engine(url: str, connections: int, connect_timeout: int) -> Engine:
    """An engine that opens nothing yet. Raises `Misconfigured` where the URL or its driver cannot be used."""
    try:
        parsed = make_url(url.strip())
        if parsed.drivername in ("postgres", "postgresql"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() == "sqlite":
            parsed = _read_only(parsed)
        engine = create_engine(
            parsed,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=connect_timeout,
            pool_pre_ping=True,
            pool_recycle=1800,
            hide_parameters=True,
            connect_args=_connect_args(parsed, connect_timeout),
        )
    except (NoSuchModuleError, ImportError):
        raise Misconfigured("`url` does not lead to a database that can be read: no driver for it is here") from None
    except (ArgumentError, ValueError, TypeError):  # their words may hold the password
        raise Misconfigured(
            "`url` does not lead to a database that can be read: it is scheme://user@host:port/database, with a"
            " number for the port"
        ) from None
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _query_only)
    if engine.dialect.name != "postgresql":
        event.listen(engine, "before_cursor_execute", _with_comment, retval=True)
    return engine


@contextmanager
def begin_read(engine: Engine, exchange_id: str, deadline: float) -> Iterator[Connection]:
    """A read-only transaction, rolled back at its end. `deadline` is of the monotonic clock.

    Raises `Retriable` where no time is left.
    """
    if not _EXCHANGE_ID.fullmatch(exchange_id):
        raise Misconfigured("an exchange's id has letters, digits, dots and dashes only")
    if deadline - time.monotonic() <= 0:
        raise Retriable("the database was too busy to be asked within the deadline")
    with _connected(engine) as connection:
        milliseconds = int((deadline - time.monotonic()) * 1000)
        if milliseconds < _LEAST_MS:
            raise Retriable("the database was too busy to be asked within the deadline")
        if engine.dialect.name == "postgresql":
            connection.execution_options(postgresql_readonly=True)
            connection.execute(
                _SETTINGS,
                {"ms": str(milliseconds), "name": f"threekeys {exchange_id}", "exchange": exchange_id},
            )
        else:
            connection.execution_options(threekeys_exchange=exchange_id)
            if engine.dialect.name in ("mysql", "mariadb"):
                connection.exec_driver_sql("SET TRANSACTION READ ONLY")
        yield connection


@contextmanager
def _connected(engine: Engine) -> Iterator[Connection]:
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise _not_connected(engine, error) from None
    with connection:
        yield connection


def _read_only(url: URL) -> URL:
    """A file is opened as it is, and never made where there is none (https://sqlite.org/uri.html, `mode=ro`)."""
    if not url.database or url.database == ":memory:" or "uri" in url.query:
        return url
    return url.set(database=Path(url.database).absolute().as_uri()).update_query_dict({"mode": "ro", "uri": "true"})


def _not_connected(engine: Engine, error: SQLAlchemyError) -> AdapterError:
    original = error.orig if isinstance(error, DBAPIError) else None
    if str(getattr(original, "sqlite_errorname", "")).startswith("SQLITE_CANTOPEN"):
        return Misconfigured(f"the file of `url` is not there, or may not be read: {engine.url.database}")
    return translated(error, connecting=True)


def _connect_args(url: URL, connect_timeout: int) -> dict[str, Any]:
    backend = url.get_backend_name()
    if backend == "postgresql":
        # A host that falls silent is noticed within about a minute, so that no thread is held by it for hours.
        return {"connect_timeout": connect_timeout, "keepalives_idle": 30, "tcp_user_timeout": 60_000}
    return {"timeout": connect_timeout} if backend == "sqlite" else {}


def _query_only(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA query_only = ON")


def _with_comment(
    connection: Connection, cursor: Any, statement: str, values: Any, context: Any, executemany: bool
) -> tuple[str, Any]:
    exchange_id = connection.get_execution_options().get("threekeys_exchange")
    return (f"{statement} /* threekeys {exchange_id} */" if exchange_id else statement), values
