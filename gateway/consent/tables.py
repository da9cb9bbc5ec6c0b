"""Tables of the room. Lists of field paths are JSON text."""

from sqlalchemy import Index, Table
from sqlalchemy import text as sql
from sqlmodel import SQLModel

from gateway.db.columns import key, micros, optional_micros, optional_text, text

_FOR = ("subject_id", "consumer_id", "dataset_id", "purpose")
_ACTIVE = sql("status = 'active'")


class Consent(SQLModel, table=True):
    """A request for consent and what became of it.

    `status`: requested, active, declined, revoked, replaced; that an active one has expired follows from
    `expires_at`. Of a subject's for the same at most one is active. `terms` is the digest of the terms that it was
    asked under. `required` must be granted as a whole; `optional` are offered, `chosen` of them taken. `evidence` is
    JSON about the person's token (issuer, acr), never an identifier.
    """

    __table_args__ = (
        Index("consent_for", *_FOR),
        Index("consent_of_consumer", "consumer_id", "id"),
        Index("consent_one_active", *_FOR, unique=True, sqlite_where=_ACTIVE, postgresql_where=_ACTIVE),
    )

    id: str = key()
    subject_id: str = text()
    consumer_id: str = text()
    provider_id: str = text()
    client_id: str = text()
    dataset_id: str = text()
    purpose: str = text()
    agreement_id: str = text()
    agreement_version: int
    legal_power: str = text()
    terms: str = text()
    required: str = text()
    optional: str = text()
    chosen: str = text()
    status: str = text()
    valid_days: int
    max_uses: int | None = None
    uses: int
    requested_at: int = micros()
    decided_at: int | None = optional_micros()
    expires_at: int | None = optional_micros()
    revoked_at: int | None = optional_micros()
    evidence: str | None = optional_text()
    entry_id: str | None = optional_text()


class ConsentEntry(SQLModel, table=True):
    """A ledger entry about a consent: asked for, granted, declined, revoked."""

    __tablename__ = "consent_entry"

    entry_id: str = key()
    consent_id: str = text(index=True)


consent: Table = SQLModel.metadata.tables["consent"]
consent_entry: Table = SQLModel.metadata.tables["consent_entry"]
