"""A small ledger for tests: an intent that appends events as a room would, and a store with keys beside it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from gateway.clock import SystemClock
from gateway.db.intent import Lock, Transaction
from gateway.db.open import open_store
from gateway.db.store import Store
from gateway.ledger import repository
from gateway.ledger.entry import Commitment, append
from gateway.ledger.export import export
from gateway.ledger.note import Verifier
from gateway.ledger.sequencer import Sequencer
from gateway.signing.directory import KeyDirectory
from gateway.signing.keys import Purpose

ORIGIN = "gateway.example/ledger"


@dataclass(frozen=True)
class Append:
    """Enter one event, or several in one transaction; fail after it where `fails`."""

    names: tuple[str, ...]
    parties: tuple[str, ...] = ("licensing", "council")
    fails: bool = False

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> list[Commitment]:
        made = [append(tx, {"kind": "exchange", "name": name}, self.parties) for name in self.names]
        if self.fails:
            raise RuntimeError("the state could not be written")
        return made


@dataclass(frozen=True)
class Forget:
    """Delete the openings of these entries."""

    entry_ids: tuple[str, ...]

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> int:
        return repository.forget(tx, self.entry_ids)


@dataclass(frozen=True)
class Log:
    """A store, its keys and one sequencer over it."""

    store: Store
    keys: KeyDirectory
    sequencer: Sequencer

    async def append(self, *names: str) -> list[Commitment]:
        return await self.store.commit(Append(names))

    async def forget(self, *entry_ids: str) -> int:
        return await self.store.commit(Forget(entry_ids))

    async def exported(self, *, openings: bool = True) -> list[str]:
        out = StringIO()
        await self.store.read(export, out, self.keys.live(Purpose.CHECKPOINT), openings=openings)
        return out.getvalue().splitlines(keepends=True)

    def verifiers(self) -> list[Verifier]:
        return [Verifier(ORIGIN, key.public_bytes()) for key in self.keys.live(Purpose.CHECKPOINT)]


@asynccontextmanager
async def opened(url: str, keys: Path, *, create: bool = True, most: int = 10_000) -> AsyncIterator[Log]:
    """Open the ledger of a database."""
    clock = SystemClock()
    store = open_store(url, clock)
    if create:
        store.create_all()
    directory = KeyDirectory(keys).ensure()
    try:
        yield Log(store, directory, Sequencer(store, clock, directory, ORIGIN, interval=0.02, most=most))
    finally:
        await store.aclose()
