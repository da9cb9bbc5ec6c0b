"""From a URL to a store: `sqlite:///path/to/file.db` or `postgresql://…`."""

from gateway.clock import Clock
from gateway.db.engine import Engine
from gateway.db.sqlite import SqliteEngine
from gateway.db.store import Store
from gateway.settings import ConfigurationError


def open_engine(url: str, *, busy_timeout: float = 5.0, max_pages: int | None = None) -> Engine:
    """The engine for a URL. Raises `ConfigurationError`, which says what is wrong with it."""
    scheme, _, rest = url.partition("://")
    if scheme == "sqlite" and rest.startswith("/") and len(rest) > 1:
        return SqliteEngine(rest[1:], busy_timeout=busy_timeout, max_pages=max_pages)
    if scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        try:
            from gateway.db.postgres import PostgresEngine
        except ImportError:
            raise ConfigurationError(
                "PostgreSQL needs the extra threekeys[postgresql]: pip install -r requirements-postgresql.txt"
            ) from None
        return PostgresEngine(url, busy_timeout=busy_timeout)
    raise ConfigurationError("a database URL is sqlite:///relative.db, sqlite:////absolute.db or postgresql://…")


def open_store(
    url: str, clock: Clock, *, busy_timeout: float = 5.0, max_pages: int | None = None, served: bool = False
) -> Store:
    """Open a store; connections are made when first needed. `served`: for a gateway, which commits in a process of
    its own and lets nobody wait for ever."""
    engine = open_engine(url, busy_timeout=busy_timeout, max_pages=max_pages)
    return Store(engine, clock, apart=served, patience=2 * busy_timeout + 2 if served else None)
