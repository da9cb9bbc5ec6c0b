"""What a database's error asks of the caller. The database's own text is shown only where it cannot hold a value."""

from typing import Any, Final

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapters.errors import AdapterError, Misconfigured, Permanent, Retriable

# SQLSTATE by class or code (PostgreSQL, appendix A): the first two characters unless a whole code is named.
_MISCONFIGURED: Final = ("28", "3D", "3F", "42", "25006", "0A")
_PERMANENT: Final = ("21", "22", "23", "P0")
# About the statement alone, which the configuration wrote: no such column, table, function; syntax; not allowed.
_ABOUT_THE_STATEMENT: Final = ("42703", "42P01", "42883", "42601", "42501", "25006")


def translated(error: SQLAlchemyError, *, connecting: bool = False) -> AdapterError:
    """The error of the adapters' tree for one of the database."""
    if isinstance(error, PoolTimeout):
        return Retriable("no connection to the database came free")
    if not isinstance(error, DBAPIError) or error.orig is None:
        return Misconfigured(f"the query cannot be run: {type(error).__name__}")
    original: Any = error.orig
    state = getattr(original, "sqlstate", None)
    if state is not None:
        return _by_state(state, original)
    if getattr(original, "sqlite_errorname", None) is not None:
        return _by_sqlite(original)
    if connecting:
        return _by_text(str(original))
    if isinstance(error, DataError | IntegrityError):
        return Permanent("the database refused a value of the query")
    if isinstance(error, ProgrammingError):
        return Misconfigured("the database refused the query")
    return Retriable("the connection to the database broke")


def _by_state(state: str, original: Any) -> AdapterError:
    if state.startswith(_MISCONFIGURED):
        said = f": {original.diag.message_primary}" if state in _ABOUT_THE_STATEMENT else ""
        return Misconfigured(f"the database refused the query (SQLSTATE {state}){said}")
    if state.startswith(_PERMANENT):
        return Permanent(f"the database refused a value of the query (SQLSTATE {state})")
    if state == "57014":
        return Retriable("the database did not answer within the deadline")
    return Retriable(f"the database cannot answer now (SQLSTATE {state})")


def _by_sqlite(original: Any) -> AdapterError:
    name = original.sqlite_errorname
    if name == "SQLITE_ERROR":
        return Misconfigured(f"the database refused the query: {original}")
    if name in ("SQLITE_READONLY", "SQLITE_NOTADB", "SQLITE_AUTH", "SQLITE_PERM"):
        return Misconfigured(f"the database refused the query ({name})")
    if name.startswith(("SQLITE_MISMATCH", "SQLITE_CONSTRAINT", "SQLITE_CORRUPT")):
        return Permanent(f"the database cannot answer the query ({name})")
    return Retriable(f"the database cannot answer now ({name})")


def _by_text(said: str) -> AdapterError:
    """libpq gives no SQLSTATE for a connection that was never made; its text names no person."""
    if any(word in said for word in ("authentication failed", "does not exist", "no pg_hba.conf entry")):
        return Misconfigured(
            "the database does not let us in: check the user, the password and the database of `url`"
        )
    return Retriable("the database cannot be reached")
