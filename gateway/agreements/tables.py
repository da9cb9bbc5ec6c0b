"""Tables of the room."""

from sqlalchemy import BigInteger, Index, Table
from sqlmodel import Field, SQLModel

from gateway.db.columns import key, micros, optional_text
from gateway.db.columns import text as text_column


class Agreement(SQLModel, table=True):
    """The lockable row. `version` is the newest, `in_force` the one that exchanges are decided by (0: none yet).
    `suspended_by` is a JSON list of the parties that have suspended it, NULL where neither has.

    The two indexes find those in force, and the newest, whatever number of drafts and ended ones lies beside them.
    """

    __table_args__ = (
        Index("agreement_live", "consumer_id", "dataset_id", "status"),
        Index("agreement_newest", "consumer_id", "dataset_id", "created_at", "id"),
    )

    id: str = key()
    consumer_id: str = text_column(index=True)
    provider_id: str = text_column(index=True)
    dataset_id: str = text_column(index=True)
    status: str = text_column()
    version: int
    in_force: int
    suspended_by: str | None = optional_text()
    created_at: int = micros()


class AgreementVersion(SQLModel, table=True):
    """An immutable text: RFC 8785 JSON as served, and its SHA-256 in hex."""

    __tablename__ = "agreement_version"

    agreement_id: str = key()
    version: int = Field(primary_key=True)
    text: str = text_column()
    sha256: str = text_column()
    drafted_by: str = text_column()
    created_at: int = micros()


class AgreementAcceptance(SQLModel, table=True):
    """One agency's signature under one version."""

    __tablename__ = "agreement_acceptance"

    agreement_id: str = key()
    version: int = Field(primary_key=True)
    agency_id: str = key()
    client_id: str = text_column()
    jws: str = text_column()
    accepted_at: int = micros()


class AgreementUsage(SQLModel, table=True):
    """Fetches counted. `day` is the number of the UTC day; `recent` is JSON [[second, count], …], oldest first."""

    __tablename__ = "agreement_usage"

    agreement_id: str = key()
    day: int
    day_count: int = Field(sa_type=BigInteger)
    recent: str = text_column()


agreement: Table = SQLModel.metadata.tables["agreement"]
agreement_version: Table = SQLModel.metadata.tables["agreement_version"]
agreement_acceptance: Table = SQLModel.metadata.tables["agreement_acceptance"]
agreement_usage: Table = SQLModel.metadata.tables["agreement_usage"]
