"""The only place with SQL of the room."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Any

from sqlalchemy import BindParameter, Select, Text, bindparam, delete, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite too

from gateway.db.connection import Connection, Row, flat
from gateway.db.held import Held, padded, rows_of
from gateway.db.intent import Transaction
from gateway.subjects.pseudonym import Pseudonyms
from gateway.subjects.tables import pseudonym_exchange, subject_exchange, subject_identifier

_INSERT = (
    insert(subject_identifier)
    .values({name: bindparam(name) for name in ("digest", "key_id", "scheme", "subject_id", "created_at")})
    .on_conflict_do_nothing()
)
_MOVE = (
    update(subject_identifier)
    .where(subject_identifier.c.subject_id == bindparam("old"))
    .values(subject_id=bindparam("new"))
)
_COPY_EXCHANGES = (
    insert(subject_exchange)
    .from_select(
        ["subject_id", "exchange_id"],
        select(bindparam("new", type_=Text), subject_exchange.c.exchange_id).where(
            subject_exchange.c.subject_id == bindparam("old")
        ),
    )
    .on_conflict_do_nothing()
)
_INDEX = (
    insert(subject_exchange)
    .values(subject_id=bindparam("subject_id"), exchange_id=bindparam("exchange_id"))
    .on_conflict_do_nothing()
)
_INDEX_ASKED = (
    insert(pseudonym_exchange)
    .values(digest=bindparam("digest"), exchange_id=bindparam("exchange_id"))
    .on_conflict_do_nothing()
)
_ASKED = (pseudonym_exchange.c.digest, pseudonym_exchange.c.exchange_id)
_ASKED_WITH = select(pseudonym_exchange.c.digest).where(pseudonym_exchange.c.exchange_id == bindparam("exchange_id"))
_FORGET_ASKED = delete(pseudonym_exchange).where(pseudonym_exchange.c.exchange_id == bindparam("exchange_id"))
_IS_ABOUT = select(subject_exchange.c.exchange_id).where(
    subject_exchange.c.subject_id == bindparam("subject_id"),
    subject_exchange.c.exchange_id == bindparam("exchange_id"),
)
_ALL_OF = (
    select(subject_identifier.c.digest)
    .where(subject_identifier.c.subject_id == bindparam("subject_id"))
    .order_by(subject_identifier.c.digest)
    .with_for_update()
)
_FORGET_IDENTIFIERS = (
    delete(subject_identifier)
    .where(subject_identifier.c.subject_id == bindparam("subject_id"))
    .returning(subject_identifier.c.digest)
)
_OF_SUBJECT = select(subject_identifier.c.digest).where(subject_identifier.c.subject_id == bindparam("subject_id"))
_FORGET = delete(subject_exchange).where(subject_exchange.c.subject_id == bindparam("subject_id"))
_FORGET_ASKED_TOO = delete(pseudonym_exchange).where(
    pseudonym_exchange.c.exchange_id.in_(
        select(subject_exchange.c.exchange_id).where(subject_exchange.c.subject_id == bindparam("subject_id"))
    )
)


@dataclass(frozen=True, slots=True)
class Resolution:
    """Whom identifiers belong to. `conflict`: to more than one subject. `stale`: only an old key knows them."""

    subjects: tuple[str, ...]
    stale: bool = False

    @property
    def subject_id(self) -> str | None:
        """The one subject, or None where there is none or more than one."""
        return self.subjects[0] if len(self.subjects) == 1 else None

    @property
    def conflict(self) -> bool:
        """Whether the identifiers belong to different people."""
        return len(self.subjects) > 1


class HeldIdentifiers(Held):
    """Pseudonyms in hand: digest -> subject. No intent can name these rows in its `locks`, so they are locked here,
    as they are read: FOR SHARE, and whoever links them to another subject waits until this transaction is over."""

    columns = (subject_identifier.c.digest, subject_identifier.c.subject_id)

    def _read(self, connection: Connection, keys: Iterable[str]) -> dict[str, list[Row]]:
        return _locked(connection, keys, share=True)


@cache
def _locking(size: int, share: bool) -> Select[Any]:
    """SQLite, which has one writer at a time, knows no row locks: there the clause compiles to nothing."""
    digest, subject_id = HeldIdentifiers.columns
    keys: list[BindParameter[str]] = [bindparam(f"k{n}") for n in range(size)]
    return select(digest, subject_id).where(digest.in_(keys)).order_by(digest).with_for_update(read=share)


def _locked(connection: Connection, digests: Iterable[str], *, share: bool) -> dict[str, list[Row]]:
    """Rows by digest, as last committed, locked in the order of their digests."""
    found: dict[str, list[Row]] = {digest: [] for digest in sorted(digests)}
    for part in padded(list(found)):
        for row in connection.all(_locking(len(part), share), {f"k{n}": digest for n, digest in enumerate(part)}):
            found[row[0]].append(row)
    return found


def want(tx: Transaction, known_as: Sequence[Pseudonyms]) -> None:
    """These will be resolved in this transaction."""
    tx.batch(HeldIdentifiers).want(digest for one in known_as for digest in one.digests)


def resolve(connection: Connection, known_as: Sequence[Pseudonyms]) -> Resolution:
    """Look identifiers up under all live keys: in a transaction from what it has in hand."""
    digests = [digest for one in known_as for digest in one.digests]
    if isinstance(connection, Transaction):
        held = connection.batch(HeldIdentifiers)
        held.want(digests)
        rows = {digest: held.rows(connection, digest) for digest in digests}
    else:
        rows = rows_of(connection, HeldIdentifiers.columns, digests)
    return resolution(known_as, {digest: found[0][1] for digest, found in rows.items() if found})


def resolution(known_as: Sequence[Pseudonyms], found: Mapping[str, str]) -> Resolution:
    """Whom identifiers belong to, from digest -> subject."""
    mine: set[str] = set()
    stale = False
    for one in known_as:
        digests = one.digests
        of_this = [found[digest] for digest in digests if digest in found]
        mine.update(of_this)
        stale = stale or (bool(of_this) and digests[0] not in found)
    return Resolution(tuple(sorted(mine)), stale)


def ensure(tx: Transaction, known_as: Sequence[Pseudonyms], resolution: Resolution | None = None) -> str:
    """The subject of these identifiers, made where there is none; rows of an old key gain one of the current.

    A new subject is known by the first identifier only: that two identifiers belong together is for the person's
    own token to say. Of several subjects (`Resolution.conflict`) none can be it: the caller has seen to that.
    """
    resolution = resolution or resolve(tx, known_as)
    assert not resolution.conflict
    subject_id = resolution.subject_id
    if subject_id is not None and not resolution.stale:
        return subject_id
    if subject_id is None:
        return _make(tx, known_as[0])
    for one in known_as:
        if resolve(tx, [one]).subject_id == subject_id:
            _insert(tx, one, subject_id)
    return subject_id


def _make(tx: Transaction, one: Pseudonyms) -> str:
    """A new subject, known by this; or whoever another gateway made of it meanwhile, by one of its pseudonyms."""
    subject_id = tx.clock.new_id()
    _insert(tx, one, subject_id)
    others = sorted({*resolve(tx, (one,)).subjects} - {subject_id})
    if not others:
        return subject_id
    tx.run(_MOVE, {"old": subject_id, "new": others[0]})
    tx.batch(HeldIdentifiers).drop()
    return others[0]


def linked(connection: Connection, known_as: Sequence[Pseudonyms]) -> str | None:
    """The subject of all these identifiers, known by the current key: there is nothing to link. Else None."""
    digests = [digest for one in known_as for digest in one.digests]
    found = _subjects(rows_of(connection, HeldIdentifiers.columns, digests))
    return next(iter(found.values()), None) if _as_one(known_as, found) else None


def link(tx: Transaction, known_as: Sequence[Pseudonyms]) -> tuple[str, tuple[str, ...]]:
    """A person's token says that these identifiers are one person: (the subject, those merged into it).

    Read once more after each round, under lock: another gateway may have met the same person meanwhile. All that the
    subjects are known by is locked at once, in order, also what the token does not name and will only be moved.
    """
    digests = [digest for one in known_as for digest in one.digests]
    found = _subjects(rows_of(tx, HeldIdentifiers.columns, digests))
    if _as_one(known_as, found):
        # As nearly always. A shared lock will do; taken only now, since one taken first could not be raised below
        # without a deadlock between two gateways that both see the person for the first time.
        known = resolve(tx, known_as)
        if known.subject_id is not None and not known.stale:
            return known.subject_id, ()
    others = [flat(tx.all(_OF_SUBJECT, {"subject_id": one})) for one in sorted({*found.values()})]
    held = _subjects(_locked(tx, {*digests, *chain(*others)}, share=False))
    found = {digest: held[digest] for digest in digests if digest in held}
    subject_id, merged = tx.clock.new_id(), list[str]()
    tx.batch(HeldIdentifiers).drop()
    while True:
        if subject_id not in found.values():
            subject_id = min(found.values(), default=subject_id)
        if _as_one(known_as, found):
            return subject_id, tuple(merged)
        for old in sorted({*found.values()} - {subject_id}):
            _merge(tx, old, subject_id)
            merged.append(old)
        for one in known_as:
            if one.digests[0] not in found:
                _insert(tx, one, subject_id)
        found = _subjects(_locked(tx, digests, share=False))


def _subjects(rows: Mapping[str, Sequence[Row]]) -> dict[str, str]:
    return {digest: found[0][1] for digest, found in rows.items() if found}


def _as_one(known_as: Sequence[Pseudonyms], found: Mapping[str, str]) -> bool:
    """Whether all are known, by the current key, as one subject."""
    return len({*found.values()}) <= 1 and all(one.digests[0] in found for one in known_as)


def _merge(tx: Transaction, old: str, new: str) -> None:
    """Identifiers first, until none is left: whoever was relying on one has then committed what it wrote."""
    names = {"old": old, "new": new}
    while tx.run(_MOVE, names):
        pass
    # Both may have been seen in the same exchange (a repeat that named another identifier).
    tx.run(_COPY_EXCHANGES, names)
    tx.run(_FORGET, {"subject_id": old})
    tx.batch(Index).move(old, new)


def _insert(tx: Transaction, one: Pseudonyms, subject_id: str) -> None:
    for key_id, digest in one.keyed[: one.written]:
        tx.batch(HeldIdentifiers).drop(digest)
        row = {"digest": digest, "key_id": key_id, "scheme": one.scheme, "subject_id": subject_id}
        tx.run(_INSERT, {**row, "created_at": tx.now})


class Index:
    """Gathers (subject, exchange) rows of a transaction, and (pseudonym, exchange) where no subject is known."""

    def __init__(self) -> None:
        self.rows: list[dict[str, str]] = []
        self.asked: set[tuple[str, str]] = set()

    def add(self, subject_id: str, exchange_id: str) -> None:
        """Remember that this exchange was about this subject."""
        self.rows.append({"subject_id": subject_id, "exchange_id": exchange_id})

    def add_asked(self, known_as: Sequence[Pseudonyms], exchange_id: str) -> None:
        """Remember that this exchange was asked with these identifiers, of nobody whom the gateway knows for sure."""
        for one in known_as:
            self.asked.update((exchange_id, digest) for digest in one.digests[: one.written])

    def move(self, old: str, new: str) -> None:
        """One subject turned out to be another: rows in hand follow."""
        self.rows = [{**row, "subject_id": new} if row["subject_id"] == old else row for row in self.rows]

    def flush(self, tx: Transaction) -> None:
        if self.rows:
            tx.run_many(_INDEX, self.rows)
        if self.asked:
            asked = [{"exchange_id": exchange_id, "digest": digest} for exchange_id, digest in sorted(self.asked)]
            tx.run_many(_INDEX_ASKED, asked)


def is_about(connection: Connection, exchange_id: str, subject_id: str) -> bool:
    """Whether this exchange was about this subject."""
    return connection.first(_IS_ABOUT, {"subject_id": subject_id, "exchange_id": exchange_id}) is not None


def is_theirs(connection: Connection, exchange_id: str, known_as: Sequence[Pseudonyms]) -> bool:
    """Whether this exchange was about whoever is known by these identifiers: as a subject; or, where it was asked
    with identifiers that the gateway did not all know to be one person's, by all of these being theirs.

    All: one more is perhaps somebody else's, whose affair it then is. Whether the gateway knows that other one makes
    no difference, and so cannot be learnt from the answer.
    """
    mine = subjects_of(connection, known_as)
    if any(is_about(connection, exchange_id, subject_id) for subject_id in mine):
        return True
    asked_with = {*flat(connection.all(_ASKED_WITH, {"exchange_id": exchange_id}))}
    theirs = {digest for one in known_as for digest in one.digests}
    theirs.update(*(flat(connection.all(_OF_SUBJECT, {"subject_id": one})) for one in mine))
    return bool(asked_with) and asked_with <= theirs


def subjects_of(connection: Connection, known_as: Sequence[Pseudonyms]) -> list[str]:
    """Whoever is known by any of these identifiers; nothing is locked."""
    digests = [digest for one in known_as for digest in one.digests]
    return sorted({*_subjects(rows_of(connection, HeldIdentifiers.columns, digests)).values()})


def lock_subject(tx: Transaction, subject_id: str) -> None:
    """Hold all identifiers of a subject: whoever relies on one waits until this transaction is over."""
    tx.all(_ALL_OF, {"subject_id": subject_id})


def forget_index(tx: Transaction, subject_id: str) -> int:
    """Delete the index of a subject, and how it was asked for what stands in it; returns how many exchanges."""
    tx.run(_FORGET_ASKED_TOO, {"subject_id": subject_id})
    return tx.run(_FORGET, {"subject_id": subject_id})


def forget_asked(tx: Transaction, digests: Iterable[str]) -> list[str]:
    """Delete whose identifiers any exchange was asked with that was asked with one of these; returns which."""
    found = rows_of(tx, _ASKED, {*digests})
    exchange_ids = sorted({row[1] for rows in found.values() for row in rows})
    for exchange_id in exchange_ids:
        tx.run(_FORGET_ASKED, {"exchange_id": exchange_id})
    return exchange_ids


def forget_identifiers(tx: Transaction, subject_id: str) -> list[str]:
    """Delete all pseudonyms of a subject, whom nobody is known as any more; returns which."""
    tx.batch(HeldIdentifiers).drop()
    return flat(tx.all(_FORGET_IDENTIFIERS, {"subject_id": subject_id}))
