"""The sequencer: one holder of the lease at a time numbers new entries, extends the tree and signs a checkpoint.

Every gateway runs one. All of a run is one transaction, so a crash leaves nothing half done; the row of the lease is
locked before any entry is read, so two runs never number at once, whatever the clocks say: the lease only keeps
gateways from waiting for each other.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from gateway.clock import MICROSECONDS, Clock
from gateway.db.connection import Connection
from gateway.db.intent import SEQUENCER, Lock, Transaction
from gateway.db.store import Store
from gateway.errors import Unavailable
from gateway.ledger import repository
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.errors import LedgerCorrupt
from gateway.ledger.merkle import leaf_hash, root
from gateway.ledger.repository import Signed
from gateway.ledger.tables import SEQUENCER_ROW
from gateway.ledger.tiles import ReadTile, TileNodes, extend
from gateway.signing.directory import KeyDirectory
from gateway.signing.keys import Purpose
from gateway.telemetry.log import logger

LEASE = 2 * MICROSECONDS
MOST = 2_000
PATIENCE = 30.0
"""Seconds of a fault, whatever it is, after which what is entered may not be in time for what receipts promise."""
_SAID_AGAIN = 60.0


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a run did: `count` entries numbered, the tree's size after it; `held` where another holds the lease."""

    count: int
    size: int
    held: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """Number the oldest entries without a number, at most `most`, and sign a checkpoint over them.

    Raises `LedgerCorrupt`, signing nothing, where the stored tree is not the one that was signed last, and where that
    was signed under another name: one log under two names verifies under neither.
    """

    heavy: ClassVar[bool] = True
    holder: str
    origin: str
    keys: KeyDirectory
    most: int = MOST

    def locks(self) -> Sequence[Lock]:
        return (Lock(SEQUENCER, repository.ROW, SEQUENCER_ROW),)

    def apply(self, tx: Transaction) -> Numbered:
        leased = repository.take_lease(tx, self.holder, tx.now, tx.now + LEASE)
        signed = repository.latest(tx)
        size = signed.size if signed else 0
        if not leased:
            return Numbered(0, size, held=True)
        _check_name(signed, self.origin)
        commitments = repository.number(tx, size, self.most)
        if commitments is None:
            raise LedgerCorrupt(f"entries from {size} on are numbered already, and no checkpoint covers them")
        count = len(commitments)
        if not count:
            return Numbered(0, size)
        checkpoint = Checkpoint(self.origin, size + count, _grow(tx, signed, [leaf_hash(one) for one in commitments]))
        note = checkpoint.signed(self.keys.current(Purpose.CHECKPOINT))
        repository.add_checkpoint(tx, checkpoint.size, checkpoint.root, note, tx.now)
        return Numbered(count, checkpoint.size)


class Sequencer:
    """The loop: numbers what is there at least every `interval` seconds, writes nothing while there is nothing."""

    def __init__(
        self, store: Store, clock: Clock, keys: KeyDirectory, origin: str, *, interval: float = 0.5, most: int = MOST
    ) -> None:
        self._store = store
        self._clock = clock
        self._keys = keys
        self._origin = origin
        self._interval = interval
        self._most = most
        self.holder = clock.new_id()
        self.fault: str | None = None
        """Why the last run did not number what it should have; None where all is well. For status pages."""
        self.halted = False
        """Whether the promise of receipts cannot be kept: the stored tree is not the signed one, or a fault lasts."""
        self.signed_at: int | None = None
        """When the latest checkpoint was signed, by whichever gateway, in microseconds."""
        self._unsure = True
        self._faulty_since: float | None = None
        self._said_at = 0.0

    async def number(self) -> int:
        """Number all that is there now; returns how many. 0 while another gateway holds the lease."""
        total = 0
        while await self._store.read(repository.pending, self.holder, self._clock.now()):
            done = await self._store.commit(Number(self.holder, self._origin, self._keys, self._most))
            total += done.count
            if done.held or not done.count:
                break
        return total

    async def run(self) -> None:
        """Number for ever, until cancelled. A fault is logged and tried again: entries wait, none is lost."""
        while True:
            await self.once()
            await asyncio.sleep(self._interval)

    async def once(self) -> None:
        """One run; what is wrong is reported, not raised. At first, and after a fault, the stored tree is held
        against what was signed last, even where there is nothing to number."""
        try:
            if self._unsure:
                await self._store.read(_check_tree, self._origin)
            await self.number()
            signed = await self._store.read(repository.latest)
            self.signed_at = signed.at if signed else None
            self.fault, self.halted, self._unsure, self._faulty_since = None, False, False, None
        except Unavailable as error:
            self._report(error.code)
        except LedgerCorrupt as error:
            self._report(str(error), for_good=True)
        except Exception as error:
            self._report(type(error).__name__)

    def _report(self, reason: str, *, for_good: bool = False) -> None:
        now = time.monotonic()
        if reason != self.fault or now - self._said_at >= _SAID_AGAIN:
            self._said_at = now
            logger("ledger").error("ledger not numbered", reason=reason)
        since = self._faulty_since = now if self._faulty_since is None else self._faulty_since
        self.fault, self._unsure, self.halted = reason, True, for_good or now - since >= PATIENCE


def _check_name(signed: Signed | None, origin: str) -> None:
    if signed is not None and signed.origin != origin:
        raise LedgerCorrupt(f"the ledger is called {signed.origin}, and not {origin}: start this gateway again")


def _check_tree(connection: Connection, origin: str) -> None:
    """Raises `LedgerCorrupt` where what is stored is not what was signed last."""
    signed = repository.latest(connection)
    _check_name(signed, origin)
    _check_root(lambda level, index: repository.tile(connection, level, index), signed)


def _check_root(stored: ReadTile, signed: Signed | None) -> None:
    if signed is not None and root(signed.size, TileNodes(stored).node) != signed.root:
        raise LedgerCorrupt(f"the stored tree of size {signed.size} is not the one that was signed")


def _grow(tx: Transaction, signed: Signed | None, leaves: Sequence[bytes]) -> bytes:
    """Write the tiles for `leaves` and return the new root."""
    size = signed.size if signed else 0

    def stored(level: int, index: int) -> bytes:
        return tx.memo(("ledger.tile", level, index), lambda: repository.tile(tx, level, index))

    _check_root(stored, signed)
    changes = extend(size, leaves, stored)
    written = {(change.level, change.index): change.data for change in changes}
    repository.write_tiles(tx, changes)
    for level, index in written:
        tx.forget(("ledger.tile", level, index))

    def grown(level: int, index: int) -> bytes:
        data = written.get((level, index))
        return stored(level, index) if data is None else data

    return root(size + len(leaves), TileNodes(grown).node)
