"""The only place with SQL of the room."""

from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from gateway.db.connection import Connection, flat
from gateway.db.intent import Transaction
from gateway.notices.tables import notice
from gateway.policy import NoticeFacts


class NoticeRow(NamedTuple):
    """A notice as stored."""

    id: str
    subject_id: str
    consumer_id: str
    dataset_id: str
    purpose: str
    notice_version: str
    channel: str
    given_at: int
    recorded_at: int
    entry_id: str


_TO = notice.c.subject_id == bindparam("subject_id")
_INSERT = insert(notice).values({name: bindparam(name) for name in NoticeRow._fields})
_FOR = (
    select(notice.c.notice_version, notice.c.given_at)
    .where(
        _TO,
        notice.c.consumer_id == bindparam("consumer_id"),
        notice.c.dataset_id == bindparam("dataset_id"),
        notice.c.purpose == bindparam("purpose"),
    )
    .order_by(notice.c.given_at.desc(), notice.c.id.desc())
    .limit(1)
)
_MOVE = update(notice).where(notice.c.subject_id == bindparam("old")).values(subject_id=bindparam("new"))
_ENTRIES = select(notice.c.entry_id).where(_TO)
_IS_ENTRY = _ENTRIES.where(notice.c.entry_id == bindparam("entry_id"))
_DELETE = delete(notice).where(_TO)


def add(connection: Connection, row: NoticeRow) -> None:
    """Record a notice."""
    connection.run(_INSERT, row._asdict())


def newest(
    connection: Connection, subject_id: str, consumer_id: str, dataset_id: str, purpose: str
) -> NoticeFacts | None:
    """The newest notice to a subject, as a fact of a decision."""
    key = {"subject_id": subject_id, "consumer_id": consumer_id, "dataset_id": dataset_id, "purpose": purpose}
    row = connection.first(_FOR, key)
    return None if row is None else NoticeFacts(row[0], row[1])


def move(tx: Transaction, old: str, new: str) -> None:
    """One subject turned out to be another: notices follow."""
    tx.run(_MOVE, {"old": old, "new": new})


def is_entry_about(connection: Connection, entry_id: str, subject_id: str) -> bool:
    """Whether an entry of the ledger is about a notice to this person."""
    return connection.first(_IS_ENTRY, {"entry_id": entry_id, "subject_id": subject_id}) is not None


def entries_about(tx: Transaction, subject_id: str) -> list[str]:
    """The entries of the ledger about notices to a subject."""
    return flat(tx.all(_ENTRIES, {"subject_id": subject_id}))


def remove_all_of(tx: Transaction, subject_id: str) -> int:
    """Delete the notices to a subject; returns how many."""
    return tx.run(_DELETE, {"subject_id": subject_id})
