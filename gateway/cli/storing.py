"""What the operator's commands do with the gateway's database: commit an intent, or read."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.db.connection import Connection
    from gateway.db.intent import Intent
    from gateway.db.store import Store

T = TypeVar("T")
P = ParamSpec("P")


def commit(settings: Settings, intent: "Intent[T]") -> T:
    """What the intent applied, durable. Raises `ConfigurationError` where the database cannot be used."""
    return _with_store(settings, lambda store: store.commit(intent))


def read(settings: Settings, work: "Callable[Concatenate[Connection, P], T]", *args: P.args, **named: P.kwargs) -> T:
    """What `work(connection, …)` found. Raises `ConfigurationError` where the database cannot be used."""
    return _with_store(settings, lambda store: store.read(work, *args, **named))


def _with_store(settings: Settings, work: "Callable[[Store], Awaitable[T]]") -> T:
    from gateway.clock import SystemClock
    from gateway.db.open import open_store
    from gateway.errors import Unavailable

    async def run() -> T:
        store = open_store(settings.database, SystemClock(), busy_timeout=settings.busy_timeout)
        try:
            return await work(store)
        finally:
            await store.aclose()

    try:
        return asyncio.run(run())
    except Unavailable:
        from gateway.db.migrating import check

        check(settings.database)
        raise
