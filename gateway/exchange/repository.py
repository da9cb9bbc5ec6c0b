"""The only place with SQL of the room."""

import json
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, exists, null, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite too

from gateway.clock import MICROSECONDS
from gateway.db.connection import Connection, Row, flat
from gateway.db.intent import Transaction
from gateway.db.pruning import some
from gateway.exchange.tables import confirmation, exchange_entry, explicit_request, idempotency
from gateway.subjects.tables import subject_exchange

_ENTRY_FIELDS = ("entry_id", "exchange_id", "consumer_id", "provider_id", "audience")
_INSERT_ENTRY = insert(exchange_entry).values({name: bindparam(name) for name in _ENTRY_FIELDS})
_ENTRIES = (
    select(*[exchange_entry.c[name] for name in _ENTRY_FIELDS])
    .where(exchange_entry.c.exchange_id == bindparam("exchange_id"))
    .order_by(exchange_entry.c.entry_id)
)
_CONFIRMATION = (
    insert(confirmation)
    .values(id=bindparam("id"), failures="[]", updated_at=bindparam("now"))
    .on_conflict_do_update(index_elements=["id"], set_={"updated_at": bindparam("now")})
    .returning(confirmation.c.failures)
)
_FAILURES = select(confirmation.c.failures).where(confirmation.c.id == bindparam("id"))
_WRITE_FAILURES = (
    update(confirmation).where(confirmation.c.id == bindparam("key")).values(failures=bindparam("failures"))
)
_PRUNE_CONFIRMATIONS = some(confirmation, confirmation.c.updated_at < bindparam("before"))
_KEY = select(
    idempotency.c.body_mac,
    idempotency.c.exchange_id,
    idempotency.c.released,
    idempotency.c.created_at,
    idempotency.c.lease_until,
).where(idempotency.c.caller == bindparam("caller"), idempotency.c.idempotency_key == bindparam("key"))
_LOCK_KEY = _KEY.with_for_update()
_MAKE = (
    insert(idempotency)
    .values(
        caller=bindparam("caller"),
        idempotency_key=bindparam("key"),
        body_mac=bindparam("body_mac"),
        exchange_id=bindparam("exchange_id"),
        released=0,
        created_at=bindparam("now"),
        lease_until=bindparam("lease_until"),
    )
    .on_conflict_do_nothing()
)
_LEASE = (
    update(idempotency)
    .where(idempotency.c.caller == bindparam("caller_id"), idempotency.c.idempotency_key == bindparam("the_key"))
    .values(lease_until=bindparam("until"))
)
_RESET = (
    update(idempotency)
    .where(idempotency.c.caller == bindparam("caller_id"), idempotency.c.idempotency_key == bindparam("the_key"))
    .values(
        body_mac=bindparam("new_mac"), exchange_id=bindparam("new_id"), released=0, created_at=bindparam("created")
    )
)
_DONE = (
    update(idempotency)
    .where(idempotency.c.caller == bindparam("caller_id"), idempotency.c.idempotency_key == bindparam("the_key"))
    .values(released=bindparam("was_released"), lease_until=null())
)
_PRUNE_KEYS = some(idempotency, idempotency.c.created_at < bindparam("before"))


_other = subject_exchange.alias("other")
_OURS_ALONE = (
    select(subject_exchange.c.exchange_id)
    .where(subject_exchange.c.subject_id == bindparam("subject_id"))
    .where(
        ~exists().where(
            _other.c.exchange_id == subject_exchange.c.exchange_id, _other.c.subject_id != bindparam("subject_id")
        )
    )
)
_ENTRIES_ABOUT = select(exchange_entry.c.entry_id).where(exchange_entry.c.exchange_id.in_(_OURS_ALONE))
_FORGET_ENTRIES = delete(exchange_entry).where(exchange_entry.c.exchange_id.in_(_OURS_ALONE))
_FORGET_NOBODYS = (
    delete(exchange_entry)
    .where(
        exchange_entry.c.exchange_id == bindparam("exchange_id"),
        ~exists().where(subject_exchange.c.exchange_id == exchange_entry.c.exchange_id),
    )
    .returning(exchange_entry.c.entry_id)
)
_EXCHANGE_OF = select(exchange_entry.c.exchange_id).where(
    exchange_entry.c.entry_id == bindparam("entry_id"), exchange_entry.c.audience == "both"
)
_USE = (
    insert(explicit_request)
    .values(once=bindparam("once"), exchange_id=bindparam("exchange_id"))
    .on_conflict_do_nothing()
)
_USED_BY = select(explicit_request.c.exchange_id).where(explicit_request.c.once == bindparam("once"))
_PRUNE_REQUESTS = some(explicit_request, explicit_request.c.once < bindparam("before"))


class EntryRow(NamedTuple):
    """A ledger entry about an exchange."""

    entry_id: str
    exchange_id: str
    consumer_id: str
    provider_id: str
    audience: str


class KeyRow(NamedTuple):
    """An Idempotency-Key as stored."""

    body_mac: str
    exchange_id: str
    released: int
    created_at: int
    lease_until: int | None


class ExchangeEntries:
    """Rows gathered over a transaction."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []

    def add(self, *values: str) -> None:
        """(entry_id, exchange_id, consumer_id, provider_id, audience)."""
        self.rows.append(dict(zip(_ENTRY_FIELDS, values, strict=True)))

    def flush(self, tx: Transaction) -> None:
        if self.rows:
            rows, self.rows = self.rows, []
            tx.run_many(_INSERT_ENTRY, rows)


class OwnRequests:
    """Persons' own requests used in a transaction: each opens one exchange, and its repeats."""

    def __init__(self) -> None:
        self._gathered: dict[bytes, str] = {}

    def use(self, tx: Transaction, once: bytes, exchange_id: str) -> bool:
        """Use it; False where it opened another exchange. In a batch the answer may come as `RunSingly`."""
        if tx.single:
            tx.run(_USE, {"once": once, "exchange_id": exchange_id})
            return request_used_by(tx, once) == exchange_id
        return self._gathered.setdefault(once, exchange_id) == exchange_id

    def flush(self, tx: Transaction) -> None:
        """Insert what was gathered; one may have been used before."""
        if not self._gathered:
            return
        gathered, self._gathered = sorted(self._gathered.items()), {}
        rows = [{"once": once, "exchange_id": exchange_id} for once, exchange_id in gathered]
        tx.insert_new(_USE, rows)


def request_used_by(connection: Connection, once: bytes) -> str | None:
    """The exchange that a person's own request opened."""
    row = connection.first(_USED_BY, {"once": once})
    return None if row is None else row[0]


def entries(connection: Connection, exchange_id: str) -> list[EntryRow]:
    """All entries about an exchange, in order."""
    return [EntryRow._make(row) for row in connection.all(_ENTRIES, {"exchange_id": exchange_id})]


def exchange_of(connection: Connection, entry_id: str) -> str | None:
    """The exchange that an entry is about, unless it is an agency's own affair."""
    row = connection.first(_EXCHANGE_OF, {"entry_id": entry_id})
    return None if row is None else row[0]


def forget_entries(tx: Transaction, subject_id: str) -> list[str]:
    """Forget which entries are about exchanges about this subject; returns their ids.

    An exchange that is indexed about somebody else too (an agency named both in one request) stays theirs.
    """
    found: list[str] = flat(tx.all(_ENTRIES_ABOUT, {"subject_id": subject_id}))
    tx.run(_FORGET_ENTRIES, {"subject_id": subject_id})
    return found


def forget_nobodys(tx: Transaction, exchange_id: str) -> list[str]:
    """Forget which entries are about an exchange, unless somebody is indexed for it; returns their ids."""
    return flat(tx.all(_FORGET_NOBODYS, {"exchange_id": exchange_id}))


def failures(connection: Connection, confirmation_id: str) -> list[int]:
    """Seconds of wrong confirmations, a plain look."""
    row = connection.first(_FAILURES, {"id": confirmation_id})
    return list(json.loads(row[0])) if row else []


class Confirmations:
    """Wrong confirmations in hand, by row.

    The rows are locked for all items of a batch at once, in the order of their ids, so that two gateways never wait
    for each other. A row is made where there is none, so that its absence turns nothing.
    """

    def __init__(self) -> None:
        self._wanted: set[str] = set()
        self._failures: dict[str, list[int]] = {}

    def want(self, confirmation_ids: Iterable[str]) -> None:
        """These will be asked for."""
        self._wanted.update(confirmation_ids)

    def failures(self, tx: Transaction, confirmation_id: str) -> list[int]:
        """Seconds of wrong confirmations, under lock."""
        if confirmation_id not in self._failures:
            for one in sorted(self._wanted - self._failures.keys() | {confirmation_id}):
                row: Row | None = tx.first(_CONFIRMATION, {"id": one, "now": tx.now})
                assert row is not None
                self._failures[one] = list(json.loads(row[0]))
        return self._failures[confirmation_id]

    def write(self, tx: Transaction, confirmation_id: str, seconds: list[int]) -> None:
        """Write them."""
        self._failures[confirmation_id] = seconds
        tx.run(_WRITE_FAILURES, {"key": confirmation_id, "failures": json.dumps(seconds)})

    def flush(self, tx: Transaction) -> None:
        """Nothing is left to write."""


def find_key(connection: Connection, caller: str, key: str) -> KeyRow | None:
    """One Idempotency-Key."""
    row = connection.first(_KEY, {"caller": caller, "key": key})
    return None if row is None else KeyRow._make(row)


def make_key(tx: Transaction, caller: str, key: str, body_mac: str, exchange_id: str, lease_until: int) -> bool:
    """Make it, in flight; False where it is there."""
    values = {"caller": caller, "key": key, "body_mac": body_mac, "exchange_id": exchange_id}
    return tx.run(_MAKE, {**values, "now": tx.now, "lease_until": lease_until}) == 1


def lock_key(tx: Transaction, caller: str, key: str) -> KeyRow:
    """The key that is there, held against other gateways."""
    row = tx.first(_LOCK_KEY, {"caller": caller, "key": key})
    assert row is not None
    return KeyRow._make(row)


def lease_key(tx: Transaction, caller: str, key: str, until: int) -> None:
    """Mark it as in flight."""
    tx.run(_LEASE, {"caller_id": caller, "the_key": key, "until": until})


def reset_key(tx: Transaction, caller: str, key: str, body_mac: str, exchange_id: str) -> None:
    """A key older than a day begins anew."""
    values = {"caller_id": caller, "the_key": key, "new_mac": body_mac, "new_id": exchange_id, "created": tx.now}
    tx.run(_RESET, values)


def finish_key(tx: Transaction, caller: str, key: str, *, released: bool) -> None:
    """The request with this key is done."""
    tx.run(_DONE, {"caller_id": caller, "the_key": key, "was_released": int(released)})


def prune(tx: Transaction, before: int) -> int:
    """Drop keys, confirmations and persons' requests older than that, a part of each; returns how many rows."""
    worthless = (before // MICROSECONDS).to_bytes(5, "big")
    dropped = tx.run(_PRUNE_KEYS, {"before": before}) + tx.run(_PRUNE_CONFIRMATIONS, {"before": before})
    return dropped + tx.run(_PRUNE_REQUESTS, {"before": worthless})
