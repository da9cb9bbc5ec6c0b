"""The store's reads: a database that another process holds stops no event loop, and only a lost one is read again."""

import asyncio
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from gateway.clock import SystemClock
from gateway.db.connection import Connection
from gateway.db.errors import StorageBusy
from gateway.db.open import open_store
from gateway.db.store import Store

EXCLUSIVE = "BEGIN EXCLUSIVE"


def tables(connection: Connection, items: Sequence[str]) -> list[int]:
    """How many tables there are of each name."""
    found = [row[0] for row in connection.cursor.execute("SELECT name FROM sqlite_master").fetchall()]
    return [found.count(item) for item in items]


def emptied(connection: Connection, items: Sequence[str]) -> list[int]:
    """Against the contract: it writes."""
    connection.script("DELETE FROM pot")
    return [0 for _ in items]


def held(folder: Path) -> sqlite3.Connection:
    """A file that is locked against readers too: no WAL yet, as where another process recovers one."""
    other = sqlite3.connect(folder / "g.db", isolation_level=None, check_same_thread=False)
    other.execute("CREATE TABLE pot (id TEXT)")
    other.execute(EXCLUSIVE)
    return other


def store_of(folder: Path, busy_timeout: float) -> Store:
    return open_store(f"sqlite:///{folder / 'g.db'}", SystemClock(), busy_timeout=busy_timeout)


def test_a_look_up_in_a_held_database_waits_without_holding_the_loop(tmp_path: Path) -> None:
    async def scenario() -> tuple[int, float]:
        other, store = held(tmp_path), store_of(tmp_path, 5.0)
        asked = asyncio.ensure_future(store.look_up(tables, "pot"))
        longest, last, begun = 0.0, time.monotonic(), time.monotonic()
        while time.monotonic() - begun < 0.6:
            await asyncio.sleep(0.01)
            longest, last = max(longest, time.monotonic() - last), time.monotonic()
        assert not asked.done()
        other.execute("COMMIT")
        found = await asked
        again = await store.look_up(tables, "pot")
        await store.aclose()
        assert again == found
        return found, longest

    found, longest = asyncio.run(scenario())
    assert found == 1
    assert longest < 0.3


def test_a_look_up_only_reads(tmp_path: Path) -> None:
    async def scenario() -> None:
        other, store = held(tmp_path), store_of(tmp_path, 1.0)
        other.execute("COMMIT")
        with pytest.raises(Exception, match="database"):
            await store.look_up(emptied, "pot")
        await store.aclose()

    asyncio.run(scenario())


def test_a_read_that_found_the_database_busy_is_told_so_at_once(tmp_path: Path) -> None:
    async def scenario() -> list[int]:
        store = store_of(tmp_path, 0.05)
        tried: list[int] = []

        def busy(_: Connection) -> None:
            tried.append(1)
            error = sqlite3.OperationalError("database is locked")
            error.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise error

        await store.read(tables, ["pot"])  # now there is a connection that could have broken
        with pytest.raises(StorageBusy):
            await store.read(busy)
        await store.aclose()
        return tried

    assert asyncio.run(scenario()) == [1]


def test_many_failed_batches_one_after_another_are_each_told(tmp_path: Path) -> None:
    """Each batch that failed began the next from within itself, until the stack ended."""

    class Heavy:
        heavy = False

        def locks(self) -> Sequence[object]:
            return []

        def apply(self, tx: object) -> None:
            raise AssertionError("there is no database to apply it to")

    async def scenario() -> list[object]:
        store = open_store(f"sqlite:///{tmp_path}", SystemClock(), busy_timeout=0.05)  # a folder is no database
        outcomes = await asyncio.gather(
            *(store.commit(Heavy()) for _ in range(64 * 1_200)),  # type: ignore[arg-type]  # never applied
            return_exceptions=True,
        )
        await store.aclose()
        return list(outcomes)

    outcomes = asyncio.run(scenario())
    assert {type(one).__name__ for one in outcomes} == {"StorageUnavailable"}
