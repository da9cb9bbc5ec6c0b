"""Applying intents in a process of its own, so that a commit never waits for the event loop's Python, nor that for a
commit (docs/adr/0018).

Where the process is gone, whoever waits is told that the storage is unavailable, and the gateway ends too (`lost`): a
new one finds out what was committed, this one cannot.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from gateway.apart import Apart
from gateway.db.applier import Applier, Intents, Outcome
from gateway.db.committer import Done
from gateway.db.errors import StorageUnavailable
from gateway.db.intent import Lock, Transaction
from gateway.db.parcels import Elsewhere, pack, travels, unpack


class OwnProcess:
    """The gateway's side of it. The process begins as this is made, so make it before any thread."""

    def __init__(self, applier: Applier) -> None:
        self.lost: Callable[[], None] = lambda: None
        """Called once, in the loop, where the process is gone and was not told to go."""
        self._apart = Apart("3keys-commit", lambda parcel: _answer(applier, parcel), applier.close)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._done: Done | None = None
        self._sent: deque[int] = deque()
        """How many intents each batch has that was sent and not answered."""

    def begin(self, loop: asyncio.AbstractEventLoop, done: Done) -> None:
        """Listen for outcomes."""
        self._loop, self._done = loop, done
        self._apart.begin(loop, self._answered, self._end)

    def take(self, intents: Intents) -> None:
        """Send a batch. An intent that cannot travel fails by itself, before anything was done."""
        try:
            parcel = pack(intents)
        except Exception:
            parcel = pack([one if travels(one) else Stays(type(one).__name__) for one in intents])
        self._sent.append(len(intents))
        if self._apart.gone:
            self._fail()
        else:
            self._apart.send(parcel)

    def kill(self) -> None:
        """End it, whatever it does."""
        self._apart.kill()

    async def aclose(self) -> None:
        """Tell it to end, and wait until it has."""
        await self._apart.aclose()

    def _answered(self, parcel: memoryview) -> None:
        count = self._sent.popleft()
        try:
            found: list[Outcome] | Exception = unpack(parcel)
        except Exception as error:
            found = error
        if isinstance(found, Exception):
            found = [(None, found) for _ in range(count)]
        assert self._done is not None
        self._done(found)

    def _end(self) -> None:
        self._fail()
        self.lost()

    def _fail(self) -> None:
        """Not from within `take`: each batch that fails would begin the next a call deeper."""
        assert self._loop is not None
        assert self._done is not None
        while self._sent:
            failed: list[Outcome] = [(None, StorageUnavailable()) for _ in range(self._sent.popleft())]
            self._loop.call_soon(self._done, failed)


def _answer(applier: Applier, parcel: bytearray) -> bytes:
    """In the process: a list of outcomes; an exception where the batch cannot be read. An outcome that cannot travel
    is told by its name: what it is of is durable."""
    try:
        intents = unpack(parcel)
    except Exception as error:
        return pack(error)
    outcomes = applier.apply(intents)
    try:
        return pack(outcomes)
    except Exception:
        told: list[Outcome] = [one if travels(one) else (None, Elsewhere(type(one[0]).__name__)) for one in outcomes]
        return pack(told)


@dataclass(frozen=True, slots=True)
class Stays:
    """Stands for an intent that cannot travel, by the name of its class."""

    name: str

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> NoReturn:
        raise Elsewhere(self.name)
