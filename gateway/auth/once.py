"""Use once: a proof or an assertion is refused where any gateway of this database has seen it.

The key of a use is 16 bytes: the second after which it is worthless, then a hash. So rows lie in the order of
time, inserts go to the end of the tree, and pruning drops its beginning; no further index is needed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite too

from gateway.auth.tables import client_assertion, dpop_proof
from gateway.clock import MICROSECONDS
from gateway.db.intent import Lock, Transaction
from gateway.db.pruning import some

_CLOCKS_APART = 60  # seconds that the clocks of two gateways may differ


def once_key(worthless_after: int, *parts: str) -> bytes:
    """The key of one use; `worthless_after` in seconds. The parts name it: whose it is, and its `jti`."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return worthless_after.to_bytes(5, "big") + digest[:11]


class _Claims:
    """Uses gathered over a transaction and inserted at its end; a conflict makes all intents run singly."""

    table: Table

    def __init__(self) -> None:
        self._gathered: dict[bytes, None] = {}

    def claim(self, tx: Transaction, once: bytes) -> bool:
        """Use it; False where it was used before. In a batch the answer may come as `RunSingly`."""
        if tx.single:
            return tx.run(_INSERT[self.table], {"once": once}) == 1
        if once in self._gathered:
            return False
        self._gathered[once] = None
        return True

    def flush(self, tx: Transaction) -> None:
        """Insert what was gathered; another gateway may have been first."""
        if not self._gathered:
            return
        gathered, self._gathered = sorted(self._gathered), {}
        tx.insert_new(_INSERT[self.table], [{"once": once} for once in gathered])


class Proofs(_Claims):
    """DPoP proofs: `tx.batch(Proofs).claim(tx, caller.proof)`; False is a replay, to be answered with 401."""

    table = dpop_proof


class Assertions(_Claims):
    """Client assertions of the token endpoint."""

    table = client_assertion


_INSERT = {
    table: insert(table).values(once=bindparam("once")).on_conflict_do_nothing()
    for table in (dpop_proof, client_assertion)
}
_PRUNE = {table: some(table, table.c.once < bindparam("before")) for table in (dpop_proof, client_assertion)}


@dataclass(frozen=True, slots=True)
class UseProof:
    """Use a proof by itself, where no other intent claims it in its own transaction; False for a replay."""

    once: bytes

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> bool:
        return tx.batch(Proofs).claim(tx, self.once)


@dataclass(frozen=True, slots=True)
class PruneOnce:
    """Forget the uses that are worthless by now, a part of them; returns how many rows went."""

    heavy: ClassVar[bool] = True

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> int:
        before = (tx.now // MICROSECONDS - _CLOCKS_APART).to_bytes(5, "big")
        return sum(tx.run(statement, {"before": before}) for statement in _PRUNE.values())
