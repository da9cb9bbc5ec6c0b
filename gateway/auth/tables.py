"""What was used once and may not be used again, unique across all gateways of one database."""

from sqlalchemy import LargeBinary, Table
from sqlmodel import Field, SQLModel

# The key is the row: SQLite then keeps one tree instead of a table and its index.
_KEY_ONLY = {"sqlite_with_rowid": False}


class DpopProof(SQLModel, table=True):
    """A DPoP proof that was used. `once` begins with the second after which it is worthless (see `once.py`)."""

    __tablename__ = "dpop_proof"
    __table_args__ = _KEY_ONLY
    once: bytes = Field(primary_key=True, sa_type=LargeBinary)


class ClientAssertion(SQLModel, table=True):
    """A client assertion (RFC 7523) that was used."""

    __tablename__ = "client_assertion"
    __table_args__ = _KEY_ONLY
    once: bytes = Field(primary_key=True, sa_type=LargeBinary)


dpop_proof: Table = SQLModel.metadata.tables["dpop_proof"]
client_assertion: Table = SQLModel.metadata.tables["client_assertion"]
