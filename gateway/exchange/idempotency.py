"""Idempotency-Key: a repeat goes the whole way again under the same exchange id, and consumes no further use.

Stored are the caller, the key, a keyed HMAC of the canonical body, the exchange id and whether it released; never a
value. What is in flight holds a lease, so that a crash never leaves 409 for ever.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.clock import DAY, MICROSECONDS
from gateway.db.intent import Lock, Transaction
from gateway.exchange import repository
from gateway.exchange.errors import IdempotencyKeyReused, InFlight

LEASE = 30 * MICROSECONDS


@dataclass(frozen=True, slots=True)
class Taken:
    """The exchange id to go under, whether it has released before, and the name that the caller holds the key by."""

    exchange_id: str
    repeat: bool
    caller_id: str


@dataclass(frozen=True, slots=True)
class TakeKey:
    """Take the key, or find what became of it. Raises `InFlight` and `IdempotencyKeyReused`.

    `body_macs`: the body's HMAC under the current pseudonym key first, then under all others that live. `callers`:
    the caller's name, and those that other pseudonym keys give, where it is a pseudonym. A row keeps the name that it
    was made by. What two gateways in different phases of a rotation take in the very same moment, both take.
    """

    callers: tuple[str, ...]
    key: str
    body_macs: tuple[str, ...]
    exchange_id: str

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> Taken:
        until = tx.now + LEASE
        caller = self._caller(tx)
        if repository.make_key(tx, caller, self.key, self.body_macs[0], self.exchange_id, until):
            return Taken(self.exchange_id, False, caller)
        row = repository.lock_key(tx, caller, self.key)
        if row.created_at < tx.now - DAY:
            repository.reset_key(tx, caller, self.key, self.body_macs[0], self.exchange_id)
            repository.lease_key(tx, caller, self.key, until)
            return Taken(self.exchange_id, False, caller)
        if row.body_mac not in self.body_macs:
            raise IdempotencyKeyReused
        if row.lease_until is not None and row.lease_until > tx.now:
            raise InFlight
        repository.lease_key(tx, caller, self.key, until)
        return Taken(row.exchange_id, bool(row.released), caller)

    def _caller(self, tx: Transaction) -> str:
        """The name under which the key is there already; else the current one."""
        if len(self.callers) > 1:
            for name in sorted(self.callers):
                if repository.find_key(tx, name, self.key) is not None:
                    return name
        return self.callers[0]


@dataclass(frozen=True, slots=True)
class LetKeyGo:
    """Give the key back as it was taken: what was begun with it came to nothing, and stands nowhere."""

    taken: Taken
    key: str

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> None:
        repository.finish_key(tx, self.taken.caller_id, self.key, released=self.taken.repeat)
