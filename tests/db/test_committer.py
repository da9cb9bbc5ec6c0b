"""The committer's promises, on SQLite and on PostgreSQL."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, bindparam, insert, select, update

from gateway.clock import SystemClock
from gateway.db import committer
from gateway.db.applier import in_order
from gateway.db.connection import Connection
from gateway.db.errors import StorageBusy, StorageFull
from gateway.db.intent import Lock, RunSingly, Transaction
from gateway.db.open import open_store
from gateway.db.sqlite import SqliteEngine
from gateway.db.store import Store

metadata = MetaData()
pot = Table("pot", metadata, Column("id", Text, primary_key=True), Column("coins", Integer))
note = Table("note", metadata, Column("id", Text, primary_key=True), Column("text", Text))

READ = select(pot.c.coins).where(pot.c.id == bindparam("pot"))
WRITE = update(pot).where(pot.c.id == bindparam("pot")).values(coins=bindparam("amount"))
NOTE = insert(note).values(id=bindparam("id"), text=bindparam("text"))
NOTES = select(note.c.id)


@pytest.fixture(params=[False, True], ids=["thread", "process"])
def apart(request: pytest.FixtureRequest) -> bool:
    """Both hands of the committer keep its promises."""
    return bool(request.param)


def coins(connection: Connection, name: str = "a") -> int:
    row = connection.first(READ, {"pot": name})
    assert row is not None
    return int(row[0])


@dataclass(frozen=True)
class Take:
    """Take a coin from the pot while there is one."""

    name: str = "a"
    fail: bool = False

    def locks(self) -> Sequence[Lock]:
        return [Lock(4, self.name, pot)]

    def apply(self, tx: Transaction) -> bool:
        left = coins(tx, self.name)
        if left:
            tx.run(WRITE, {"pot": self.name, "amount": left - 1})
        if self.fail:
            raise ValueError("this one item fails")
        return left > 0


class Notes:
    """A gathered insert that asks for single running on a duplicate."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def flush(self, tx: Transaction) -> None:
        if len({row["id"] for row in self.rows}) < len(self.rows):
            raise RunSingly
        tx.run_many(NOTE, self.rows)


@dataclass(frozen=True)
class Write:
    id: str
    text: str = "x"

    def locks(self) -> Sequence[Lock]:
        return []

    def apply(self, tx: Transaction) -> str:
        tx.batch(Notes).rows.append({"id": self.id, "text": self.text})
        return self.id


def prepared(url: str, amount: int = 10, **options: Any) -> Store:
    store = open_store(url, SystemClock(), **options)
    engine = store.engine.alembic_engine()
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(insert(pot), [{"id": "a", "coins": amount}, {"id": "b", "coins": amount}])
    engine.dispose()
    return store


def test_items_of_a_batch_see_those_before_and_never_overspend(database_url: str, apart: bool) -> None:
    async def scenario() -> tuple[list[bool], int]:
        store = prepared(database_url, served=apart)
        taken = await asyncio.gather(*(store.commit(Take()) for _ in range(50)))
        left = await store.read(coins)
        await store.aclose()
        return taken, left

    taken, left = asyncio.run(scenario())
    assert sum(taken) == 10
    assert left == 0


def test_two_stores_on_one_database_never_overspend(database_url: str, apart: bool) -> None:
    async def scenario() -> int:
        one = prepared(database_url, 60, served=apart)
        two = open_store(database_url, SystemClock(), served=apart)
        taken = await asyncio.gather(*(s.commit(Take()) for _ in range(50) for s in (one, two)))
        await one.aclose()
        await two.aclose()
        return sum(taken)

    assert asyncio.run(scenario()) == 60


def test_one_bad_item_costs_only_itself(database_url: str, apart: bool) -> None:
    async def scenario() -> tuple[list[Any], int]:
        store = prepared(database_url, served=apart)
        outcomes = await asyncio.gather(*(store.commit(Take(fail=n == 3)) for n in range(6)), return_exceptions=True)
        left = await store.read(coins)
        await store.aclose()
        return outcomes, left

    outcomes, left = asyncio.run(scenario())
    assert [type(o) for o in outcomes] == [bool, bool, bool, ValueError, bool, bool]
    assert left == 5


def test_a_gathered_conflict_is_found_when_items_run_singly(database_url: str, apart: bool) -> None:
    async def scenario() -> tuple[list[Any], int]:
        store = prepared(database_url, served=apart)
        outcomes = await asyncio.gather(
            *(store.commit(Write(name)) for name in ("p", "q", "q", "r")), return_exceptions=True
        )
        count = len(await store.read(lambda connection: connection.all(NOTES)))
        await store.aclose()
        return outcomes, count

    outcomes, count = asyncio.run(scenario())
    assert [isinstance(o, str) for o in outcomes].count(False) == 1, outcomes
    assert count == 3


def test_a_caller_who_hangs_up_cancels_nothing(database_url: str, apart: bool) -> None:
    async def scenario() -> int:
        store = prepared(database_url, served=apart)
        task = asyncio.create_task(store.commit(Take()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await store.commit(Write("barrier"))
        left = await store.read(coins)
        await store.aclose()
        return left

    assert asyncio.run(scenario()) == 9


def test_a_locked_sqlite_file_is_told_as_busy_and_works_again_after(tmp_path: Path, apart: bool) -> None:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"

    async def scenario() -> bool:
        store = prepared(url, busy_timeout=0.1, served=apart)
        other = sqlite3.connect(tmp_path / "gateway.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StorageBusy):
            await store.commit(Take())
        other.execute("ROLLBACK")
        again = await store.commit(Take())
        await store.aclose()
        return again

    assert asyncio.run(scenario())


def test_a_full_sqlite_file_fails_the_item_and_keeps_what_was_there(tmp_path: Path, apart: bool) -> None:
    url = f"sqlite:///{tmp_path / 'gateway.db'}"

    async def scenario() -> tuple[int, int]:
        await prepared(url).aclose()
        store = open_store(url, SystemClock(), max_pages=12, served=apart)
        kept = 0
        for n in range(100):
            try:
                await store.commit(Write(f"n{n}", "x" * 2000))
            except StorageFull:
                break
            kept += 1
        else:
            pytest.fail("the file never filled")
        count = len(await store.read(lambda connection: connection.all(NOTES)))
        await store.aclose()
        return kept, count

    kept, count = asyncio.run(scenario())
    assert kept == count > 0


def test_locks_are_taken_once_each_in_the_lock_order_and_exclusive_wins() -> None:
    class Wants:
        def __init__(self, *locks: Lock) -> None:
            self._locks = locks

        def locks(self) -> Sequence[Lock]:
            return self._locks

        def apply(self, tx: Transaction) -> None: ...

    found = in_order(
        [Wants(Lock(4, "b", pot), Lock(1, "z", pot, share=True)), Wants(Lock(1, "z", pot), Lock(4, "a", pot))]
    )
    assert [(lock.rank, lock.id, lock.share) for lock in found] == [(1, "z", False), (4, "a", False), (4, "b", False)]


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "others"])
@pytest.mark.parametrize(("quick", "is_quick"), [(60.0, True), (0.002, False)], ids=["quick", "slow"])
def test_an_intent_is_applied_in_the_loop_only_where_nobody_else_waits_and_the_disk_is_quick(
    tmp_path: Path, quick: float, is_quick: bool, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    committed = SqliteEngine.commit
    seen: list[bool] = []

    def commit(self: SqliteEngine, connection: Connection) -> None:
        seen.append(threading.current_thread() is threading.main_thread())
        committed(self, connection)
        time.sleep(0.003)  # a disk that is quick until it was measured

    async def scenario(store: Store) -> None:
        store.alone(lambda: alone)
        for _ in range(10):
            assert await store.commit(Take())
        await store.aclose()

    monkeypatch.setattr(committer, "QUICK", quick)
    store = prepared(f"sqlite:///{tmp_path / 'g.db'}")
    monkeypatch.setattr(SqliteEngine, "commit", commit)
    asyncio.run(scenario(store))
    assert len(seen) == 10
    assert any(seen) is alone
    assert all(seen) is (alone and is_quick)


def test_what_is_alone_and_finds_the_file_held_waits_for_it_and_holds_the_loop_up_for_nobody(tmp_path: Path) -> None:
    async def scenario() -> tuple[bool, int]:
        store = prepared(f"sqlite:///{tmp_path / 'g.db'}", busy_timeout=5.0)
        store.alone(lambda: True)
        assert await store.commit(Take())
        other = sqlite3.connect(tmp_path / "g.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        task = asyncio.create_task(store.commit(Take()))
        turns = 0
        until = asyncio.get_running_loop().time() + 0.2
        while asyncio.get_running_loop().time() < until:
            await asyncio.sleep(0.005)
            turns += 1
        assert not task.done()
        other.execute("ROLLBACK")
        taken = await task
        await store.aclose()
        return taken, turns

    taken, turns = asyncio.run(scenario())
    assert taken
    assert turns > 20


@dataclass(frozen=True)
class Says:
    """What it says once it is durable is what the caller is told."""

    fail: bool = False

    def locks(self) -> Sequence[Lock]:
        return []

    def apply(self, tx: Transaction) -> str:
        tx.run(NOTE, {"id": "said", "text": "x"})
        return "applied"

    def afterwards(self, result: str) -> str:
        if self.fail:
            raise ValueError("it cannot be said")
        return f"{result} and said"


@pytest.mark.parametrize("fail", [False, True])
def test_what_is_said_afterwards_is_told_and_undoes_nothing(database_url: str, fail: bool, apart: bool) -> None:
    async def scenario() -> tuple[Sequence[Any], int]:
        store = prepared(database_url, served=apart)
        said = await asyncio.gather(store.commit(Says(fail)), return_exceptions=True)
        count = len(await store.read(lambda connection: connection.all(NOTES)))
        await store.aclose()
        return said, count

    [said], count = asyncio.run(scenario())
    assert repr(said) == ("ValueError('it cannot be said')" if fail else "'applied and said'")
    assert count == 1
