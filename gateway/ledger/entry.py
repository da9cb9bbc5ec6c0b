"""Appending: an event goes in with the state that it tells of, in the same transaction."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from gateway.clock import to_iso
from gateway.db.intent import Transaction
from gateway.ledger import repository
from gateway.ledger.canonical import canonical

SALT = 32


@dataclass(frozen=True, slots=True)
class Commitment:
    """What the ledger holds of an event once its transaction is durable: 32 bytes, and the salt that opens them."""

    entry_id: str
    commitment_hex: str
    salt: bytes


class Entries:
    """The entries of one transaction, inserted together just before its commit."""

    def __init__(self) -> None:
        self._entries: list[dict[str, Any]] = []
        self._openings: list[dict[str, Any]] = []

    def add(self, entry_id: str, commitment: bytes, at: int, salt: bytes, event: str, parties: str) -> None:
        """Gather one."""
        self._entries.append({"id": entry_id, "commitment": commitment, "at": at})
        self._openings.append({"entry_id": entry_id, "salt": salt, "event": event, "parties": parties})

    def flush(self, tx: Transaction) -> None:
        """Insert what was gathered."""
        if self._entries:
            repository.insert_all(tx, self._entries, self._openings)
            self._entries, self._openings = [], []


def append(tx: Transaction, event: Mapping[str, Any], parties: Sequence[str] = ()) -> Commitment:
    """Enter an event; `parties` are the ids of the agencies who may read its opening.

    The event has a `kind`, holds no personal value (it is shown to auditors of the parties), and gets `id` and `at`
    here, so that the commitment binds both. A TypeError or ValueError where it holds what `canonical` refuses.
    """
    if not event.get("kind"):
        raise ValueError("an event has a kind")
    entry_id = tx.clock.new_id()
    text = canonical({**event, "id": entry_id, "at": tx.memo("ledger.at", lambda: to_iso(tx.now))})
    salt = os.urandom(SALT)
    commitment = commit_to(salt, text)
    tx.batch(Entries).add(entry_id, commitment, tx.now, salt, text.decode(), " ".join(("", *parties, "")))
    return Commitment(entry_id, commitment.hex(), salt)


def commit_to(salt: bytes, text: bytes) -> bytes:
    """SHA-256(salt ‖ event in canonical JSON)."""
    return sha256(salt + text).digest()
