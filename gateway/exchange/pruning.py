"""Forget what has served its time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from gateway.db.intent import Lock, Transaction
from gateway.exchange import repository


@dataclass(frozen=True, slots=True)
class Prune:
    """Drop idempotency keys, confirmations and persons' requests older than `before`, in microseconds: a part.

    Returns how many rows.
    """

    before: int

    heavy: ClassVar[bool] = True

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> int:
        return repository.prune(tx, self.before)
