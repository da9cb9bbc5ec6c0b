"""Tables of the room. No identifier stands here, only its HMAC with the id of the key."""

from sqlalchemy import Index, Table
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
    __table_args__ = (Index("subject_exchange_of", "exchange_id"),)

    subject_id: str = key()
    exchange_id: str = key()


class PseudonymExchange(SQLModel, table=True):
    """The same, where the gateway knew nobody by the identifiers that were asked with, or several: one row for each.

    `digest` is the pseudonym of one of them, as in `SubjectIdentifier`.
    """

    __tablename__ = "pseudonym_exchange"

    digest: str = key()
    exchange_id: str = key(index=True)


subject_identifier: Table = SQLModel.metadata.tables["subject_identifier"]
subject_exchange: Table = SQLModel.metadata.tables["subject_exchange"]
pseudonym_exchange: Table = SQLModel.metadata.tables["pseudonym_exchange"]
