"""Many rows by one statement arrive as they would one by one, whatever stands in them."""

from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    bindparam,
    insert,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as insert_new

from gateway.clock import SystemClock
from gateway.db.intent import RunSingly, Transaction
from gateway.db.open import open_engine

metadata = MetaData()
thing = Table(
    "thing",
    metadata,
    Column("id", Text, primary_key=True),
    Column("data", LargeBinary),
    Column("at", BigInteger),
    Column("level", Integer),
    Column("text", Text),
)
_NAMES = ("id", "data", "at", "level", "text")
INSERT = insert(thing).values({name: bindparam(name) for name in _NAMES})
NEW = insert_new(thing).values(id=bindparam("id"), level=bindparam("level")).on_conflict_do_nothing()
COUNT = update(thing).where(thing.c.id == bindparam("key")).values(level=thing.c.level + bindparam("more"))
ALL = select(*(thing.c[name] for name in _NAMES)).order_by(thing.c.at, thing.c.id)
AWKWARD = (
    "", "NULL", "null", '"', "\\", '\\"', "a,b", "{a}", "{", "}", "'", "''", "%s", "%(id)s", "\n\r\t", " ", "ünï→🗝",
    '{"kind": "exchange", "a": ["\\u0041", "\\\\"]}', "\\x00", "\\\\x41", "\x01\x7f",
)  # fmt: skip


def transaction(url: str) -> Transaction:
    engine = open_engine(url)
    metadata.create_all(engine.alembic_engine())
    connection = engine.connect(writing=True)
    engine.begin(connection, ())
    return Transaction(connection, SystemClock())


def test_whatever_stands_in_a_row_arrives(database_url: str) -> None:
    tx = transaction(database_url)
    rows = [
        {"id": f"{n:03}{text}", "data": text.encode() + bytes(range(n)), "at": n - 2**40, "level": -n, "text": text}
        for n, text in enumerate(AWKWARD)
    ]
    rows.append({"id": "none", "data": b"", "at": 2**62, "level": 0, "text": None})
    assert tx.run_many(INSERT, rows) == len(rows)
    assert [dict(zip(_NAMES, row, strict=True)) for row in tx.all(ALL)] == rows


def test_what_was_there_is_told(database_url: str) -> None:
    tx = transaction(database_url)
    tx.run(NEW, {"id": "b", "level": 1})

    def write(*names: str) -> None:
        tx.insert_new(NEW, [{"id": name, "level": 2} for name in names])
        tx.flush(open_engine(database_url).gathering(tx))

    write("a", "c")
    with pytest.raises(RunSingly):
        write("b", "d")
    assert {row[0]: row[3] for row in tx.all(ALL)} == {"a": 2, "b": 1, "c": 2, "d": 2}


def test_each_row_is_counted_by_its_own(database_url: str) -> None:
    tx = transaction(database_url)
    for name in "abc":
        tx.run(NEW, {"id": name, "level": 10})
    more: list[dict[str, Any]] = [{"key": "a", "more": 1}, {"key": "c", "more": 5}, {"key": "z", "more": 9}]
    assert tx.run_many(COUNT, more) == 2
    assert {row[0]: row[3] for row in tx.all(ALL)} == {"a": 11, "b": 10, "c": 15}
