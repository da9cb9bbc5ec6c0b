"""Reads that are foreseen go out together, and what they found is forgotten once the transaction writes."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import Column, MetaData, String, Table, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert

from gateway.clock import SystemClock
from gateway.db.connection import Connection
from gateway.db.intent import Ahead, RunSingly, Transaction
from gateway.db.open import open_engine

POT = Table("pot", MetaData(), Column("id", String, primary_key=True), Column("holds", String))
BY_ID = select(POT.c.holds).where(POT.c.id == bindparam("id"))
FILL = update(POT).where(POT.c.id == bindparam("key")).values(holds=bindparam("holds"))
PUT = insert(POT).values(id=bindparam("id"), holds=bindparam("holds")).on_conflict_do_nothing()
TAKE = update(POT).where(POT.c.id == bindparam("key")).values(holds="").returning(POT.c.holds)


def holds(connection: Connection, pot: str) -> str | None:
    row = connection.first(BY_ID, {"id": pot})
    return None if row is None else str(row[0])


@pytest.fixture
def tx(postgres_url: str) -> Iterator[Transaction]:
    engine = open_engine(postgres_url)
    connection = engine.connect(writing=True)
    with closing(connection.raw):
        connection.script("CREATE TABLE pot (id text PRIMARY KEY, holds text)")
        connection.script("INSERT INTO pot VALUES ('a', 'tea'), ('b', 'coffee')")
        made = Transaction(connection, SystemClock())
        made.ahead = Ahead()
        assert [holds(made.ahead, pot) for pot in "abc"] == [None, None, None]
        reads = made.foreseen()
        made.began(reads, engine.begin(made, (), reads))
        yield made


def test_what_was_foreseen_is_asked_of_the_database_no_more(tx: Transaction) -> None:
    tx.raw.close()
    assert [holds(tx, pot) for pot in "abc"] == ["tea", "coffee", None]
    assert tx.all(BY_ID, {"id": "a"}) == [("tea",)]


@pytest.mark.parametrize("write", ["run", "run_many", "first"])
def test_a_write_is_seen_by_whoever_reads_after_it(tx: Transaction, write: str) -> None:
    values: dict[str, Any] = {"key": "a", "holds": "milk"}
    if write == "first":
        tx.first(TAKE, {"key": "a"})
    else:
        getattr(tx, write)(FILL, [values] if write == "run_many" else values)
    assert holds(tx, "a") == ("" if write == "first" else "milk")


def test_what_was_not_foreseen_is_read(tx: Transaction) -> None:
    other = select(POT.c.id).where(POT.c.holds == bindparam("holds"))
    assert tx.all(other, {"holds": "coffee"}) == [("b",)]


@pytest.mark.parametrize(("pots", "conflict"), [(["c", "d"], False), (["c", "a", "d"], True), (["a"], True)])
def test_a_row_that_had_to_be_new_and_is_not_stops_the_whole_transaction(
    tx: Transaction, pots: list[str], conflict: bool
) -> None:
    class New:
        def flush(self, tx: Transaction) -> None:
            tx.insert_new(PUT, [{"id": pot, "holds": "new"} for pot in pots])

    tx.batch(New)
    try:
        tx.flush(tx.raw.pipeline())
    except RunSingly:
        assert conflict
    else:
        assert not conflict
        assert [holds(tx, pot) for pot in pots] == ["new", "new"]
