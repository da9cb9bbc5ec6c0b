"""The only place with SQL of the room."""

import json
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite too

from gateway.agencies.repository import GROUNDS
from gateway.catalogue.errors import NoSuchDataset
from gateway.catalogue.tables import dataset
from gateway.db.connection import Connection
from gateway.db.intent import Transaction


class DatasetRow(NamedTuple):
    """A dataset as stored."""

    id: str
    provider_id: str
    record_type: str
    adapter: str
    status: str
    title: str
    description: str
    identifiers: str
    confirm: str
    special_category: int
    criminal_offence: int
    show_to_subject: int
    freshness: str
    contact: str
    created_at: int

    @property
    def identifier_schemes(self) -> tuple[str, ...]:
        """The schemes that the dataset takes."""
        return _list(self.identifiers)

    @property
    def confirmations(self) -> tuple[str, ...]:
        """Names of what must confirm the person (`dateOfBirth`, …), empty where nothing must."""
        return _list(self.confirm)


_COLUMNS = [dataset.c[name] for name in DatasetRow._fields]
_BY_ID = select(*_COLUMNS).where(dataset.c.id == bindparam("id"))
_ALL = select(*_COLUMNS).where(dataset.c.id > bindparam("after")).order_by(dataset.c.id)
_INSERT = insert(dataset).values({name: bindparam(name) for name in DatasetRow._fields}).on_conflict_do_nothing()
_CHANGEABLE = ("status", "title", "description", "identifiers", "freshness", "contact", "adapter")
_WRITE = (
    update(dataset).where(dataset.c.id == bindparam("key")).values({name: bindparam(name) for name in _CHANGEABLE})
)


@lru_cache(maxsize=1024)
def _list(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def find(connection: Connection, dataset_id: str) -> DatasetRow | None:
    """One dataset by id."""
    row = connection.first(_BY_ID, {"id": dataset_id})
    return None if row is None else DatasetRow._make(row)


def the(connection: Connection, dataset_id: str) -> DatasetRow:
    """The dataset of this id. Raises `NoSuchDataset`, which names it: for the operator."""
    row = find(connection, dataset_id)
    if row is None:
        raise NoSuchDataset(f"there is no dataset {dataset_id}: `threekeys dataset list` shows those that there are")
    return row


def everything(connection: Connection, after: str = "") -> list[DatasetRow]:
    """Every dataset, by id."""
    return [DatasetRow._make(row) for row in connection.all(_ALL, {"after": after})]


def versions(connection: Connection, name: str) -> list[DatasetRow]:
    """Every version of `{agency}/{name}`."""
    return [row for row in everything(connection) if row.id.rpartition("/")[0] == name]


def add(connection: Connection, row: DatasetRow) -> bool:
    """Write a new dataset; False where the id is taken."""
    return connection.run(_INSERT, row._asdict()) == 1


def write(tx: Transaction, row: DatasetRow) -> DatasetRow:
    """Write a dataset that is there; whose it is, and of which record type, never changes."""
    tx.forget_all(GROUNDS)
    tx.run(_WRITE, {"key": row.id, **{name: getattr(row, name) for name in _CHANGEABLE}})
    return row
