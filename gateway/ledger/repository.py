"""The ledger's SQL, all of it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, or_, select, update

from gateway.clock import MICROSECONDS
from gateway.db.connection import Connection, flat
from gateway.ledger.tables import CHECKPOINT, ENTRY, OPENING, SEQUENCER_ROW, TILE
from gateway.ledger.tiles import TileChange

ROW = "sequencer"

_entry = ENTRY.c
_INSERT_ENTRY = insert(ENTRY).values({name: bindparam(name) for name in ("id", "commitment", "at")})
_INSERT_OPENING = insert(OPENING).values({name: bindparam(name) for name in ("entry_id", "salt", "event", "parties")})
_OLDEST = (
    select(_entry.id, _entry.commitment).where(_entry.seq.is_(None)).order_by(_entry.id).limit(bindparam("most"))
)
_TAKEN = select(func.count()).where(_entry.seq >= bindparam("base"), _entry.seq < bindparam("end"))
# By their ids, not "those without a number": a planner that last looked when all had one joins each with each.
_NUMBER = (
    update(ENTRY)
    .where(_entry.id == bindparam("entry_id"), _entry.seq.is_(None))
    .values(seq=bindparam("number", type_=_entry.seq.type))
)
_PENDING = select(_entry.id).where(_entry.seq.is_(None)).order_by(_entry.id).limit(1)
_WAITING = select(func.count(), func.max(_entry.id)).where(_entry.seq.is_(None))
_STILL_WAITING = _WAITING.where(_entry.id <= bindparam("until"))
_COMMITMENTS = (
    select(_entry.commitment)
    .where(_entry.seq >= bindparam("start"), _entry.seq < bindparam("end"))
    .order_by(_entry.seq)
)
_BY_ID = select(_entry.seq, _entry.commitment).where(_entry.id == bindparam("id"))
_BY_COMMITMENT = select(_entry.seq).where(_entry.commitment == bindparam("commitment"), _entry.seq.is_not(None))
_PENDING_COMMITMENT = select(_entry.id).where(_entry.seq.is_(None), _entry.commitment == bindparam("commitment"))
_EXPORTED = (
    select(_entry.id, _entry.seq, _entry.commitment, OPENING.c.salt, OPENING.c.event)
    .select_from(ENTRY.outerjoin(OPENING, OPENING.c.entry_id == _entry.id))
    .where(_entry.seq >= bindparam("start"), _entry.seq < bindparam("end"))
    .order_by(_entry.seq)
)
_OPENING = select(OPENING.c.salt, OPENING.c.event, OPENING.c.parties).where(OPENING.c.entry_id == bindparam("id"))
_FORGET = delete(OPENING).where(OPENING.c.entry_id == bindparam("id"))
_TILE = select(TILE.c.data).where(TILE.c.level == bindparam("level"), TILE.c.idx == bindparam("idx"))
_INSERT_TILE = insert(TILE).values({name: bindparam(name) for name in ("level", "idx", "data")})
_WIDEN_TILE = (
    update(TILE)
    .where(TILE.c.level == bindparam("at_level"), TILE.c.idx == bindparam("at_idx"))
    .values(data=bindparam("data"))
)
_INSERT_CHECKPOINT = insert(CHECKPOINT).values({name: bindparam(name) for name in ("size", "root", "note", "at")})
_LATEST = (
    select(CHECKPOINT.c.size, CHECKPOINT.c.root, CHECKPOINT.c.note, CHECKPOINT.c.at)
    .order_by(CHECKPOINT.c.size.desc())
    .limit(1)
)
_CHECKPOINTS = (
    select(CHECKPOINT.c.note)
    .where(CHECKPOINT.c.size > bindparam("after"), CHECKPOINT.c.size <= bindparam("end"))
    .order_by(CHECKPOINT.c.size)
)
LONGEST = 60 * MICROSECONDS
"""No lease is for longer: one that is was taken by a wrong clock, and would stop all numbering until then."""
_LEASE = select(SEQUENCER_ROW.c.holder, SEQUENCER_ROW.c.lease_until).where(SEQUENCER_ROW.c.id == ROW)
_FIRST_LEASE = insert(SEQUENCER_ROW).values({name: bindparam(name) for name in ("id", "holder", "lease_until")})
_TAKE_LEASE = (
    update(SEQUENCER_ROW)
    .where(
        SEQUENCER_ROW.c.id == ROW,
        or_(
            SEQUENCER_ROW.c.holder == bindparam("who"),
            SEQUENCER_ROW.c.lease_until <= bindparam("now"),
            SEQUENCER_ROW.c.lease_until > bindparam("longest"),
        ),
    )
    .values(holder=bindparam("who"), lease_until=bindparam("until"))
)


def insert_all(connection: Connection, entries: Sequence[Mapping[str, Any]], openings: Sequence[Any]) -> None:
    """Insert entries and their openings."""
    connection.run_many(_INSERT_ENTRY, entries)
    connection.run_many(_INSERT_OPENING, openings)


def number(connection: Connection, base: int, most: int) -> list[bytes] | None:
    """Give the oldest entries without a number the numbers from `base` on; returns their commitments in that order,
    or None where one of these numbers is taken. Needs the lease."""
    rows = connection.all(_OLDEST, {"most": most})
    if connection.first(_TAKEN, {"base": base, "end": base + len(rows)}) != (0,):
        return None
    if rows:
        connection.run_many(_NUMBER, [{"entry_id": row[0], "number": base + at} for at, row in enumerate(rows)])
    return [row[1] for row in rows]


def pending(connection: Connection, holder: str, now: int) -> bool:
    """Is there an entry without a number, and may `holder` number it?"""
    lease = connection.first(_LEASE)
    free = lease is None or lease[0] == holder or not now < lease[1] <= now + LONGEST
    return free and connection.first(_PENDING) is not None


def waiting(connection: Connection, until: str | None = None) -> tuple[int, str]:
    """How many entries have no number, up to one of them (ids are in the order of time), and the id of the last."""
    row = connection.first(_WAITING) if until is None else connection.first(_STILL_WAITING, {"until": until})
    return (row[0], row[1] or "") if row else (0, "")


def take_lease(connection: Connection, holder: str, now: int, until: int) -> bool:
    """Take or renew the lease; False while another holds it. Two who insert the first row at once: one is undone."""
    if connection.run(_TAKE_LEASE, {"who": holder, "now": now, "until": until, "longest": now + LONGEST}):
        return True
    if connection.first(_LEASE) is not None:
        return False
    connection.run(_FIRST_LEASE, {"id": ROW, "holder": holder, "lease_until": until})
    return True


def commitments(connection: Connection, start: int, end: int) -> list[bytes]:
    """The commitments numbered start..end."""
    return flat(connection.all(_COMMITMENTS, {"start": start, "end": end}))


def exported(connection: Connection, start: int, end: int) -> list[tuple[Any, ...]]:
    """(id, seq, commitment, salt, event) numbered start..end; salt and event are null where forgotten."""
    return connection.all(_EXPORTED, {"start": start, "end": end})


def find(connection: Connection, entry_id: str) -> tuple[int | None, bytes] | None:
    """(number, commitment) of an entry."""
    row = connection.first(_BY_ID, {"id": entry_id})
    return None if row is None else (row[0], row[1])


def find_commitment(connection: Connection, commitment: bytes) -> int | None:
    """The number of the entry with this commitment."""
    row = connection.first(_BY_COMMITMENT, {"commitment": commitment})
    return None if row is None else row[0]


def is_pending(connection: Connection, commitment: bytes) -> bool:
    """Does an entry with this commitment wait for its number?"""
    return connection.first(_PENDING_COMMITMENT, {"commitment": commitment}) is not None


def opening(connection: Connection, entry_id: str) -> tuple[bytes, str, str] | None:
    """(salt, event, parties) of an entry, unless forgotten."""
    row = connection.first(_OPENING, {"id": entry_id})
    return None if row is None else (row[0], row[1], row[2])


def forget(connection: Connection, entry_ids: Sequence[str]) -> int:
    """Delete openings; returns how many there were. The commitments stay, and tell nothing without their salts."""
    return connection.run_many(_FORGET, [{"id": entry_id} for entry_id in entry_ids]) if entry_ids else 0


def tile(connection: Connection, level: int, index: int) -> bytes:
    """A tile's hashes so far, empty where there is none."""
    row = connection.first(_TILE, {"level": level, "idx": index})
    return b"" if row is None else row[0]


def write_tiles(connection: Connection, changes: Sequence[TileChange]) -> None:
    """Write new and widened tiles."""
    fresh = [{"level": c.level, "idx": c.index, "data": c.data} for c in changes if c.fresh]
    wider = [{"at_level": c.level, "at_idx": c.index, "data": c.data} for c in changes if not c.fresh]
    if fresh:
        connection.run_many(_INSERT_TILE, fresh)
    if wider:
        connection.run_many(_WIDEN_TILE, wider)


class Signed(NamedTuple):
    """A checkpoint as stored: the tree's size and root, the note that was signed, and when (microseconds)."""

    size: int
    root: bytes
    note: str
    at: int

    @property
    def origin(self) -> str:
        """The log's name: the first line of the note."""
        return self.note.partition("\n")[0]


def latest(connection: Connection) -> Signed | None:
    """The latest checkpoint; None while there is none."""
    row = connection.first(_LATEST)
    return None if row is None else Signed._make(row)


def name(connection: Connection) -> str | None:
    """The log's name; None while it has none."""
    signed = latest(connection)
    return None if signed is None else signed.origin


def add_checkpoint(connection: Connection, size: int, root: bytes, note: str, at: int) -> None:
    """Keep a checkpoint."""
    connection.run(_INSERT_CHECKPOINT, {"size": size, "root": root, "note": note, "at": at})


def checkpoints(connection: Connection, after: int, end: int) -> list[str]:
    """The notes of all checkpoints with after < size <= end."""
    return flat(connection.all(_CHECKPOINTS, {"after": after, "end": end}))
