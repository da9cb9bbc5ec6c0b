"""Applying intents on a thread of this process: for commands, which write little, and where nothing can fork."""

import asyncio
import threading
from contextlib import suppress
from queue import SimpleQueue

from gateway.db.applier import Applier, Intents
from gateway.db.committer import Done


class OwnThread:
    """A thread that begins with the first batch."""

    def __init__(self, applier: Applier) -> None:
        self._applier = applier
        self._batches: SimpleQueue[Intents | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def begin(self, loop: asyncio.AbstractEventLoop, done: Done) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, args=(loop, done), name="committer", daemon=True)
        self._thread.start()

    def take(self, intents: Intents) -> None:
        """Apply a batch."""
        self._batches.put(intents)

    async def aclose(self) -> None:
        """End the thread, if there is one."""
        if self._thread is not None:
            self._batches.put(None)
            await asyncio.to_thread(self._thread.join)

    def _run(self, loop: asyncio.AbstractEventLoop, done: Done) -> None:
        while (intents := self._batches.get()) is not None:
            outcomes = self._applier.apply(intents)
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more, and what was committed stays
                loop.call_soon_threadsafe(done, outcomes)
        self._applier.close()
