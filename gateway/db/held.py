"""Rows that a transaction holds in hand: read together for the whole batch, dropped as soon as one is written.

A batch of intents would read its rows one statement each; told beforehand which keys will be wanted, one statement
reads them all. Within a transaction the rows are locked, so what is held stays true until the transaction itself
writes: whoever writes such a row calls `drop`, and the next reader asks the database again.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, ClassVar

from sqlalchemy import BindParameter, Column, Select, bindparam, select

from gateway.db.connection import Connection, Row
from gateway.db.intent import Ahead, Transaction

_SIZES = (1, 2, 4, 16, 64, 256)


class Held:
    """A `Batch` that writes nothing. Subclasses name the columns; the first is the key, by which rows are found."""

    columns: ClassVar[Sequence[Column[Any]]]

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._rows: dict[str, list[Row]] = {}

    def want(self, keys: Iterable[str]) -> None:
        """These will be asked for."""
        self._wanted.update(key for key in keys if key not in self._rows)

    def rows(self, tx: Transaction, key: str) -> list[Row]:
        """The rows of a key; read now, with all that are wanted, unless in hand already."""
        found = self._rows.get(key)
        if found is None:
            self._wanted.add(key)
            self._rows.update(self._read(tx, self._wanted))
            self._wanted = set()
            found = self._rows[key]
        return found

    def look_ahead(self, ahead: Ahead) -> None:
        """Say what will be read."""
        if self._wanted:
            self._read(ahead, self._wanted)

    def _read(self, connection: Connection, keys: Iterable[str]) -> dict[str, list[Row]]:
        return rows_of(connection, self.columns, keys)

    def drop(self, *keys: str) -> None:
        """Rows of these keys were written (of any, where none is named): they are read again when asked for."""
        for key in keys or tuple(self._rows):
            if self._rows.pop(key, None) is not None:
                self._wanted.add(key)

    def flush(self, tx: Transaction) -> None:
        """Nothing to write."""


def rows_of(connection: Connection, columns: Sequence[Column[Any]], keys: Iterable[str]) -> dict[str, list[Row]]:
    """Rows by the value of their first column, for these keys; an empty list where there is none."""
    found: dict[str, list[Row]] = {key: [] for key in keys}
    for part in padded(sorted(found)):
        statement = _statement(tuple(columns), len(part))
        for row in connection.all(statement, {f"k{n}": key for n, key in enumerate(part)}):
            found[row[0]].append(row)
    return found


def padded(keys: list[str]) -> Iterator[list[str]]:
    """The keys in parts of a few sizes, the last filled up with one of its own: few statements to prepare."""
    while keys:
        size = next((size for size in _SIZES if size >= len(keys)), _SIZES[-1])
        part, keys = keys[:size], keys[size:]
        yield part + [part[0]] * (size - len(part))


@cache
def _statement(columns: tuple[Column[Any], ...], size: int) -> Select[Any]:
    keys: list[BindParameter[str]] = [bindparam(f"k{n}") for n in range(size)]
    return select(*columns).where(columns[0].in_(keys))
