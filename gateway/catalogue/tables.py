"""Tables of the room."""

from sqlalchemy import Table
from sqlmodel import SQLModel

from gateway.db.columns import key, micros, text


class Dataset(SQLModel, table=True):
    """A record type that an agency offers. `status`: offered or withdrawn; lists are JSON text; flags 0 or 1."""

    id: str = key()
    provider_id: str = text(index=True)
    record_type: str = text()
    adapter: str = text()
    status: str = text()
    title: str = text()
    description: str = text()
    identifiers: str = text()
    confirm: str = text()
    special_category: int
    criminal_offence: int
    show_to_subject: int
    freshness: str = text()
    contact: str = text()
    created_at: int = micros()


dataset: Table = SQLModel.metadata.tables["dataset"]
