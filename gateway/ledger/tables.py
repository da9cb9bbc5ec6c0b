"""The ledger's tables. Entries and tiles are only ever added to; openings alone may be deleted."""

from sqlalchemy import BigInteger, Index, Table, text
from sqlmodel import Field, SQLModel

from gateway.db.columns import blob, key, micros, optional_micros
from gateway.db.columns import text as text_column


class LedgerEntry(SQLModel, table=True):
    """A commitment, and its number once the sequencer gave one. Public. `id` is ordered by time."""

    __tablename__ = "ledger_entry"
    __table_args__ = (
        # All partial: an entry moves from the small one to the large ones when it is numbered, in bulk; appending it
        # on the hot path touches the small one only.
        Index(
            "ledger_entry_unnumbered", "id", postgresql_where=text("seq IS NULL"), sqlite_where=text("seq IS NULL")
        ),
        Index(
            "ledger_entry_seq",
            "seq",
            unique=True,
            postgresql_where=text("seq IS NOT NULL"),
            sqlite_where=text("seq IS NOT NULL"),
        ),
        Index(
            "ledger_entry_commitment",
            "commitment",
            postgresql_where=text("seq IS NOT NULL"),
            sqlite_where=text("seq IS NOT NULL"),
        ),
        {"sqlite_with_rowid": False},
    )
    id: str = key()
    commitment: bytes = blob()
    at: int = micros()
    seq: int | None = optional_micros()


class LedgerOpening(SQLModel, table=True):
    """What a commitment commits to. `parties`: ids of the agencies who may read it, each between two spaces."""

    __tablename__ = "ledger_opening"
    entry_id: str = key()
    salt: bytes = blob()
    event: str = text_column()
    parties: str = text_column()


class LedgerTile(SQLModel, table=True):
    """A tile's hashes so far (tlog-tiles)."""

    __tablename__ = "ledger_tile"
    level: int = Field(primary_key=True)
    idx: int = Field(primary_key=True, sa_type=BigInteger)
    data: bytes = blob()


class LedgerCheckpoint(SQLModel, table=True):
    """A signed checkpoint; one a size."""

    __tablename__ = "ledger_checkpoint"
    size: int = Field(primary_key=True, sa_type=BigInteger)
    root: bytes = blob()
    note: str = text_column()
    at: int = micros()


class LedgerSequencer(SQLModel, table=True):
    """Who numbers entries now: one row. `holder` keeps it until `lease_until`, unless renewed."""

    __tablename__ = "ledger_sequencer"
    id: str = key()
    holder: str = text_column()
    lease_until: int = micros()


def _table(model: type[SQLModel]) -> Table:
    return SQLModel.metadata.tables[str(model.__tablename__)]


ENTRY = _table(LedgerEntry)
OPENING = _table(LedgerOpening)
TILE = _table(LedgerTile)
CHECKPOINT = _table(LedgerCheckpoint)
SEQUENCER_ROW = _table(LedgerSequencer)
