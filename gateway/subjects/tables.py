"""Tables of the room. No identifier stands here, only its HMAC with the id of the key."""

from sqlalchemy import Table
from sqlmodel import SQLModel

from gateway.db.columns import key, micros, text


class SubjectIdentifier(SQLModel, table=True):
    """One pseudonym of one subject. `digest` is the HMAC in hex, `key_id` the key it was made with."""

    __tablename__ = "subject_identifier"

    digest: str = key()
    key_id: str = text()
    scheme: str = text()
    subject_id: str = text(index=True)
    created_at: int = micros()


class SubjectExchange(SQLModel, table=True):
    """Who looked at my data: deletable, written in the transaction of the exchange."""

    __tablename__ = "subject_exchange"

    subject_id: str = key()
    exchange_id: str = key()


subject_identifier: Table = SQLModel.metadata.tables["subject_identifier"]
subject_exchange: Table = SQLModel.metadata.tables["subject_exchange"]
