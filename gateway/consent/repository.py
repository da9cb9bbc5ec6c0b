"""The only place with SQL of the room."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Select, and_, bindparam, delete, insert, or_, select, update

from gateway.clock import DAY
from gateway.consent.tables import consent, consent_entry
from gateway.db.connection import Connection, flat
from gateway.db.held import Held, padded
from gateway.db.intent import Transaction
from gateway.policy import ConsentFacts
from gateway.subjects.tables import subject_identifier

OPEN_FOR = 30 * DAY


class ConsentRow(NamedTuple):
    """A consent as stored."""

    id: str
    subject_id: str
    consumer_id: str
    provider_id: str
    client_id: str
    dataset_id: str
    purpose: str
    agreement_id: str
    agreement_version: int
    legal_power: str
    terms: str
    required: str
    optional: str
    chosen: str
    status: str
    valid_days: int
    max_uses: int | None
    uses: int
    requested_at: int
    decided_at: int | None
    expires_at: int | None
    revoked_at: int | None
    evidence: str | None
    entry_id: str | None

    def in_force(self, now: int) -> bool:
        """Whether it is active and has not expired."""
        return self.status == "active" and (self.expires_at or 0) > now

    @property
    def rank(self) -> tuple[bool, int, str]:
        """Of several for the same, the highest counts: an active one, else the newest."""
        return (self.status == "active", self.requested_at, self.id)

    @property
    def decide_by(self) -> int:
        """Until when the person may answer the request."""
        return self.requested_at + OPEN_FOR

    def standing(self, now: int) -> str:
        """The status as it counts now: a consent expires, and so does a request that nobody has answered."""
        if self.status == "requested":
            return "expired" if now > self.decide_by else "requested"
        return "expired" if self.status == "active" and not self.in_force(now) else self.status

    def facts(self, now: int) -> ConsentFacts:
        """As a fact of a decision."""
        return ConsentFacts(
            id=self.id,
            status=self.standing(now),
            fields=paths(self.required) | paths(self.chosen),
            offered=paths(self.optional) - paths(self.chosen),
            expires_at=self.expires_at or 0,
            uses=self.uses,
            max_uses=self.max_uses,
            terms=self.terms,
        )


@lru_cache(maxsize=65_536)
def paths(json_list: str) -> frozenset[str]:
    """A stored list of field paths."""
    return frozenset(json.loads(json_list))


_COLUMNS = [consent.c[name] for name in ConsentRow._fields]
_BY_ID = select(*_COLUMNS).where(consent.c.id == bindparam("id"))
_FOR = (
    select(*_COLUMNS)
    .where(
        consent.c.subject_id == bindparam("subject_id"),
        consent.c.consumer_id == bindparam("consumer_id"),
        consent.c.dataset_id == bindparam("dataset_id"),
        consent.c.purpose == bindparam("purpose"),
    )
    .order_by(
        and_(consent.c.status == "active", consent.c.expires_at > bindparam("now")).desc(),
        consent.c.requested_at.desc(),
        consent.c.id.desc(),
    )
    .limit(1)
)
_INSERT = insert(consent).values({name: bindparam(name) for name in ConsentRow._fields})
_MUTABLE = ("chosen", "status", "decided_at", "expires_at", "revoked_at", "evidence", "entry_id")
_WRITE = update(consent).where(consent.c.id == bindparam("key")).values({n: bindparam(n) for n in _MUTABLE})
_COUNT = update(consent).where(consent.c.id == bindparam("key")).values(uses=consent.c.uses + bindparam("more"))
_OTHERS = (
    select(consent.c.id)
    .where(
        consent.c.subject_id == bindparam("subject_id"),
        consent.c.consumer_id == bindparam("consumer_id"),
        consent.c.dataset_id == bindparam("dataset_id"),
        consent.c.purpose == bindparam("purpose"),
        consent.c.status == "active",
        consent.c.id != bindparam("id"),
    )
    .order_by(consent.c.id)
    .with_for_update()
)
_ONE = consent.alias("one")
_RIVALS = select(consent.c.id).join_from(
    _ONE,
    consent,
    and_(
        *(consent.c[name] == _ONE.c[name] for name in ("subject_id", "consumer_id", "dataset_id", "purpose")),
        consent.c.id != _ONE.c.id,
        or_(consent.c.status == "requested", consent.c.status == "active"),
        _ONE.c.id == bindparam("id"),
    ),
)
_ACTIVE_OF = (
    select(*_COLUMNS)
    .where(consent.c.subject_id.in_((bindparam("old"), bindparam("new"))), consent.c.status == "active")
    .order_by(consent.c.id)
    .with_for_update()
)
_REPLACE = update(consent).where(consent.c.id == bindparam("key")).values(status="replaced")
_ASKED = (
    select(*_COLUMNS)
    .where(
        consent.c.subject_id == bindparam("subject_id"),
        consent.c.consumer_id == bindparam("consumer_id"),
        consent.c.dataset_id == bindparam("dataset_id"),
        consent.c.requested_at >= bindparam("since"),
    )
    .order_by(consent.c.id)
)
_IDS_OF = select(consent.c.id).where(consent.c.subject_id == bindparam("subject_id"))
_MOVE = update(consent).where(consent.c.subject_id == bindparam("old")).values(subject_id=bindparam("new"))
_ADD_ENTRY = insert(consent_entry).values(entry_id=bindparam("entry_id"), consent_id=bindparam("consent_id"))
_OF_SUBJECT = (
    select(*_COLUMNS).where(consent.c.subject_id == bindparam("subject_id")).order_by(consent.c.id).with_for_update()
)
_ENTRIES = (
    select(consent_entry.c.entry_id)
    .join(consent, consent.c.id == consent_entry.c.consent_id)
    .where(consent.c.subject_id == bindparam("subject_id"))
)
_IS_ENTRY = _ENTRIES.where(consent_entry.c.entry_id == bindparam("entry_id"))
_DELETE_ENTRIES = delete(consent_entry).where(consent_entry.c.consent_id == bindparam("consent_id"))
_DELETE = delete(consent).where(consent.c.id == bindparam("id"))
_DETACH = update(consent).where(consent.c.id == bindparam("key")).values(subject_id=bindparam("nobody"))


def _listing(column: str) -> Select[tuple[object, ...]]:
    return (
        select(*_COLUMNS)
        .where(consent.c[column] == bindparam("owner"))
        .order_by(consent.c.id.desc())  # ids are ordered by time
        .limit(bindparam("limit"))
    )


_LISTS = {column: _listing(column) for column in ("subject_id", "consumer_id")}
_MORE = {column: listing.where(consent.c.id < bindparam("after")) for column, listing in _LISTS.items()}


def find(connection: Connection, consent_id: str) -> ConsentRow | None:
    """One consent by id."""
    row = connection.first(_BY_ID, {"id": consent_id})
    return None if row is None else ConsentRow._make(row)


class Wanted(NamedTuple):
    """Whose consent, for whom and what: asked by the pseudonyms of a request."""

    digests: tuple[str, ...]
    consumer_id: str
    dataset_id: str
    purpose: str


class Known(NamedTuple):
    """The subjects behind the pseudonyms (digest -> subject), and the consent that counts, if there is one."""

    subjects: Mapping[str, str]
    consent: ConsentRow | None


@cache
def _current(size: int) -> Select[Any]:
    digests: list[BindParameter[str]] = [bindparam(f"k{n}") for n in range(size)]
    mine = and_(
        consent.c.subject_id == subject_identifier.c.subject_id,
        consent.c.consumer_id == bindparam("consumer_id"),
        consent.c.dataset_id == bindparam("dataset_id"),
        consent.c.purpose == bindparam("purpose"),
    )
    return (
        select(subject_identifier.c.digest, subject_identifier.c.subject_id, *_COLUMNS)
        .join_from(subject_identifier, consent, mine, isouter=True)
        .where(subject_identifier.c.digest.in_(digests))
    )


def current(connection: Connection, wanted: Sequence[Wanted]) -> list[Known]:
    """For each of these at once: whom the pseudonyms belong to, and the consent that counts."""
    by_right: dict[tuple[str, str, str], list[Wanted]] = {}
    for one in wanted:
        by_right.setdefault((one.consumer_id, one.dataset_id, one.purpose), []).append(one)
    subjects: dict[str, str] = {}
    best: dict[tuple[str, str, str, str], ConsentRow] = {}
    for right, group in by_right.items():
        names = {"consumer_id": right[0], "dataset_id": right[1], "purpose": right[2]}
        for part in padded([digest for one in group for digest in one.digests]):
            for row in connection.all(_current(len(part)), {**names, **{f"k{n}": key for n, key in enumerate(part)}}):
                subjects[row[0]] = row[1]
                if row[2] is not None:
                    found = ConsentRow._make(row[2:])
                    kept = best.get((row[1], *right))
                    if kept is None or found.rank > kept.rank:
                        best[row[1], *right] = found
    answers = []
    for one in wanted:
        mine = {digest: subjects[digest] for digest in one.digests if digest in subjects}
        [subject] = set(mine.values()) if len(set(mine.values())) == 1 else [""]
        answers.append(Known(mine, best.get((subject, one.consumer_id, one.dataset_id, one.purpose))))
    return answers


class HeldConsents(Held):
    """Consents in hand, by id."""

    columns = _COLUMNS


def in_hand(tx: Transaction, consent_id: str) -> ConsentRow | None:
    """One consent by id, from what this transaction has in hand. Its row is locked by whoever asks."""
    rows = tx.batch(HeldConsents).rows(tx, consent_id)
    return ConsentRow._make(rows[0]) if rows else None


def consent_for(
    connection: Connection, subject_id: str, consumer_id: str, dataset_id: str, purpose: str, now: int
) -> ConsentRow | None:
    """The one that counts: one in force, else the newest, which is the person's last word."""
    key = {
        "subject_id": subject_id, "consumer_id": consumer_id, "dataset_id": dataset_id, "purpose": purpose, "now": now
    }  # fmt: skip
    row = connection.first(_FOR, key)
    return None if row is None else ConsentRow._make(row)


def add(connection: Connection, row: ConsentRow) -> None:
    """Write a new request."""
    connection.run(_INSERT, row._asdict())


def write(tx: Transaction, row: ConsentRow) -> ConsentRow:
    """Write what became of it."""
    tx.batch(HeldConsents).drop()
    tx.run(_WRITE, {"key": row.id, **{name: getattr(row, name) for name in _MUTABLE}})
    return row


def replace_others(tx: Transaction, row: ConsentRow) -> list[str]:
    """Whatever was active for the same is replaced by this one; the ids of what was."""
    tx.batch(HeldConsents).drop()
    replaced: list[str] = flat(tx.all(_OTHERS, row._asdict()))
    for consent_id in replaced:
        tx.run(_REPLACE, {"key": consent_id})
    return replaced


def rivals(connection: Connection, consent_id: str) -> list[str]:
    """What else of this person's, for the same, is active or may become so: of all these at most one may be."""
    return flat(connection.all(_RIVALS, {"id": consent_id}))


def replace_rivals(tx: Transaction, old: str, new: str) -> list[tuple[ConsentRow, str]]:
    """Two subjects turn out to be one: of what is active for the same, one stays. Those replaced, and by which."""
    tx.batch(HeldConsents).drop()
    stays: dict[tuple[str, str, str], ConsentRow] = {}
    replaced: list[tuple[ConsentRow, str]] = []
    rows = [ConsentRow._make(row) for row in tx.all(_ACTIVE_OF, {"old": old, "new": new})]
    for row in sorted(rows, key=lambda row: (row.in_force(tx.now), *row.rank), reverse=True):
        best = stays.setdefault((row.consumer_id, row.dataset_id, row.purpose), row)
        if best is not row:
            tx.run(_REPLACE, {"key": row.id})
            replaced.append((row, best.id))
    return replaced


def asked(connection: Connection, like: ConsentRow, since: int) -> list[ConsentRow]:
    """What this agency has asked this person about this dataset since then: the oldest first."""
    rows = connection.all(_ASKED, {**like._asdict(), "since": since})
    return [ConsentRow._make(row) for row in rows]


def of_subjects(connection: Connection, subject_ids: Iterable[str]) -> list[str]:
    """The ids of every consent of these subjects."""
    return [one for name in subject_ids for one in flat(connection.all(_IDS_OF, {"subject_id": name}))]


def move(tx: Transaction, old: str, new: str) -> None:
    """One subject turned out to be another: consents follow."""
    tx.batch(HeldConsents).drop()
    tx.run(_MOVE, {"old": old, "new": new})


def listed(connection: Connection, column: str, owner: str, after: str, limit: int) -> list[ConsentRow]:
    """Those of a subject (`subject_id`) or of an agency (`consumer_id`), the newest first; `after` is the id of the
    last that was seen, or empty."""
    if after:
        rows = connection.all(_MORE[column], {"owner": owner, "after": after, "limit": limit})
    else:
        rows = connection.all(_LISTS[column], {"owner": owner, "limit": limit})
    return [ConsentRow._make(row) for row in rows]


def add_entry(tx: Transaction, entry_id: str, consent_id: str) -> None:
    """This entry of the ledger is about this consent."""
    tx.run(_ADD_ENTRY, {"entry_id": entry_id, "consent_id": consent_id})


def is_entry_about(connection: Connection, entry_id: str, subject_id: str) -> bool:
    """Whether an entry of the ledger is about a consent of this person."""
    return connection.first(_IS_ENTRY, {"entry_id": entry_id, "subject_id": subject_id}) is not None


def lock_all_of(tx: Transaction, subject_id: str) -> list[ConsentRow]:
    """Every consent of a subject, locked in the order of their ids."""
    return [ConsentRow._make(row) for row in tx.all(_OF_SUBJECT, {"subject_id": subject_id})]


def entries_about(tx: Transaction, subject_id: str) -> list[str]:
    """The entries of the ledger about a subject's consents."""
    return flat(tx.all(_ENTRIES, {"subject_id": subject_id}))


def delete_entries(tx: Transaction, consent_id: str) -> None:
    """No entry is about this consent any more."""
    tx.run(_DELETE_ENTRIES, {"consent_id": consent_id})


def remove(tx: Transaction, consent_id: str) -> None:
    """Delete a consent."""
    tx.batch(HeldConsents).drop()
    tx.run(_DELETE, {"id": consent_id})


def detach(tx: Transaction, row: ConsentRow) -> ConsentRow:
    """The consent of nobody in particular: its subject becomes an id that leads nowhere."""
    row = row._replace(subject_id=tx.clock.new_id())
    tx.run(_DETACH, {"key": row.id, "nobody": row.subject_id})
    return row


class Uses:
    """Releases counted against consents in a transaction: each written once."""

    def __init__(self) -> None:
        self._more: dict[str, int] = {}

    def counted(self, consent_id: str) -> int:
        """How many this transaction has counted so far."""
        return self._more.get(consent_id, 0)

    def count(self, consent_id: str) -> None:
        """Count one release."""
        self._more[consent_id] = self._more.get(consent_id, 0) + 1

    def flush(self, tx: Transaction) -> None:
        if self._more:
            tx.run_many(_COUNT, [{"key": name, "more": self._more[name]} for name in sorted(self._more)])
