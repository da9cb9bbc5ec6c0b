"""Deleting what has served its time, a part a transaction: whoever commits meanwhile waits for one part alone."""

from sqlalchemy import ColumnElement, Delete, Table, delete, select, tuple_

PART = 5_000


def some(table: Table, served: ColumnElement[bool]) -> Delete:
    """Deletes `PART` rows at most of those that have served; where it was as many, there may be more."""
    keys = list(table.primary_key.columns)
    key = keys[0] if len(keys) == 1 else tuple_(*keys)
    return delete(table).where(key.in_(select(*keys).where(served).limit(PART)))
