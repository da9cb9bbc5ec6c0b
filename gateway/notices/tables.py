"""The room's table."""

from sqlalchemy import Index, Table
from sqlmodel import SQLModel

from gateway.db.columns import key, micros, text


class Notice(SQLModel, table=True):
    """An agency's word that it notified a person; `entry_id` is its entry in the ledger."""

    __table_args__ = (Index("notice_for", "subject_id", "consumer_id", "dataset_id", "purpose"),)

    id: str = key()
    subject_id: str = text()
    consumer_id: str = text()
    dataset_id: str = text()
    purpose: str = text()
    notice_version: str = text()
    channel: str = text()
    given_at: int = micros()
    recorded_at: int = micros()
    entry_id: str = text(index=True)


notice: Table = SQLModel.metadata.tables["notice"]
