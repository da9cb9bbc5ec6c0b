"""Many consents: one, requested and granted over REST, is copied for as many other subjects."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from typing import Any

import psycopg

from gateway.clock import SystemClock
from gateway.signing.pseudonyms import PseudonymKeys

_CHUNK = 50_000
_SUBJECT = ("digest", "key_id", "scheme", "subject_id", "created_at")


def nino(number: int) -> str:
    """A NINO of a range that is never issued."""
    return f"ZZ{number:06d}A"


def fill(database: str, keys: PseudonymKeys, model: str, count: int) -> None:
    """Copy the consent with the id `model` for the subjects numbered 0 to `count` - 1, in bulk, and analyse."""
    if database.startswith("sqlite:///"):
        with closing(sqlite3.connect(database.removeprefix("sqlite:///"), isolation_level=None)) as raw:
            _fill(raw, "?", keys, model, count)
    else:
        with psycopg.connect(database, autocommit=True) as raw:
            _fill(raw, "%s", keys, model, count)


def entries(database: str) -> int:
    """How many entries the ledger holds."""
    sql = "SELECT count(*) FROM ledger_entry"
    if database.startswith("sqlite:///"):
        with closing(sqlite3.connect(database.removeprefix("sqlite:///"))) as raw:
            return int(raw.execute(sql).fetchone()[0])
    with psycopg.connect(database) as connection:
        row = connection.execute(sql).fetchone()
        assert row is not None
        return int(row[0])


def _fill(raw: Any, mark: str, keys: PseudonymKeys, model: str, count: int) -> None:
    cursor = raw.cursor()
    cursor.execute(f"SELECT * FROM consent WHERE id = {mark}", (model,))
    values = cursor.fetchone()
    row = dict(zip([column[0] for column in cursor.description], values, strict=True))
    cursor.execute("SELECT digest FROM subject_identifier")
    known = {digest for (digest,) in cursor.fetchall()}
    clock = SystemClock()
    names = list(row)
    now = clock.now()

    def rows() -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        for number in range(count):
            key_id, digest = keys.digest("nino", nino(number))[0]
            if digest in known:  # the person of the model has a consent already
                continue
            subject_id = clock.new_id()
            own = {**row, "id": clock.new_id(), "subject_id": subject_id}
            yield (digest, key_id, "nino", subject_id, now), tuple(own[name] for name in names)

    pending = rows()
    while chunk := list(islice(pending, _CHUNK)):
        cursor.execute("BEGIN")
        _insert(cursor, mark, "subject_identifier", _SUBJECT, sorted(one for one, _ in chunk))
        _insert(cursor, mark, "consent", names, [other for _, other in chunk])
        cursor.execute("COMMIT")
    cursor.execute("ANALYZE")


def _insert(cursor: Any, mark: str, table: str, names: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
    columns = ", ".join(names)
    if mark == "?":
        cursor.executemany(f"INSERT INTO {table} ({columns}) VALUES ({', '.join([mark] * len(names))})", rows)
        return
    with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
