"""Tables of the room. No value of a record, of a body or of an identifier stands in any of them."""

from typing import ClassVar

from sqlalchemy import LargeBinary, Table
from sqlmodel import Field, SQLModel

from gateway.db.columns import key, micros, optional_micros, text


class ExchangeEntry(SQLModel, table=True):
    """A ledger entry about an exchange. `audience`: `both` parties, or `provider` only."""

    __tablename__ = "exchange_entry"

    entry_id: str = key()
    exchange_id: str = text(index=True)
    consumer_id: str = text()
    provider_id: str = text()
    audience: str = text()


class Idempotency(SQLModel, table=True):
    """One Idempotency-Key of one caller. `body_mac` is a keyed HMAC of the canonical body.

    `released`: 1 once it has released. `lease_until` marks one in flight, and runs out by itself.
    """

    caller: str = key()
    idempotency_key: str = key()
    body_mac: str = text()
    exchange_id: str = text()
    released: int
    created_at: int = micros(index=True)
    lease_until: int | None = optional_micros()


class Confirmation(SQLModel, table=True):
    """Wrong confirmations by one agency for one identifier (a keyed hash of both): JSON list of seconds."""

    id: str = key()
    failures: str = text()
    updated_at: int = micros(index=True)


class ExplicitRequest(SQLModel, table=True):
    """A person's own request, and the one exchange that it opened. `once`: see `gateway.auth.once`."""

    __tablename__ = "explicit_request"
    __table_args__: ClassVar[dict[str, bool]] = {"sqlite_with_rowid": False}

    once: bytes = Field(primary_key=True, sa_type=LargeBinary)
    exchange_id: str = text()


exchange_entry: Table = SQLModel.metadata.tables["exchange_entry"]
idempotency: Table = SQLModel.metadata.tables["idempotency"]
confirmation: Table = SQLModel.metadata.tables["confirmation"]
explicit_request: Table = SQLModel.metadata.tables["explicit_request"]
