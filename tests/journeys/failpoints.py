"""Where a gateway dies: kill -9 of itself at a point of the exchange, put round the product's functions from outside.

As a command this is `threekeys` with one failpoint round it:

    python -m tests.journeys.failpoints POINT HIT VARIANT FUSE serve …
"""

import asyncio
import mmap
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

POINTS = (
    "decided",
    "fetching",
    "fetched",
    "minimised",
    "queued",
    "in-transaction",
    "committed",
    "replying",
    "numbering",
    "signing",
)
IN_THE_SOURCE = 0.2
"""Seconds that the test's source takes where the gateway is to die meanwhile."""


class Fuse:
    """A byte that the test sets when the gateway is to die from now on, one that the gateway sets as it dies, and one
    that the test's source sets once it was asked by the exchange that is to die.

    In a file that both map: what was written outlives the process that wrote it.
    """

    def __init__(self, path: Path) -> None:
        self._gateway = os.getpid()
        if not path.exists():
            path.write_bytes(bytes(3))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 3)

    def arm(self) -> None:
        """From now on hits count."""
        self._map[0] = 1

    @property
    def armed(self) -> bool:
        return self._map[0] == 1

    @property
    def blown(self) -> bool:
        """Whether the gateway died at its point."""
        return self._map[1] == 1

    @property
    def asked(self) -> bool:
        return self._map[2] == 1

    def ask(self) -> None:
        """The source was asked, and takes its time."""
        self._map[2] = 1

    def blow(self) -> None:
        """Die, the gateway and the process of its that this is, if it is one: no handler runs, nothing is flushed."""
        self._map[1] = 1
        os.kill(self._gateway, signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)


class Strikes:
    """Counts the passes of a point once the fuse is armed, and blows it at the `hit`-th."""

    def __init__(self, fuse: Fuse, hit: int) -> None:
        self.fuse = fuse
        self._left = hit

    def __call__(self) -> None:
        if self.fuse.armed:
            self._left -= 1
            if self._left == 0:
                self.fuse.blow()


def install(point: str, strike: Strikes, variant: int) -> None:
    """Put the point round the product's functions. A name that is gone is an error: the point would never be hit."""
    {
        "decided": _decided,
        "fetching": _fetching,
        "fetched": _fetched,
        "minimised": _minimised,
        "queued": _queued,
        "in-transaction": _in_transaction,
        "committed": _committed,
        "replying": _replying,
        "numbering": _numbering,
        "signing": _signing,
    }[point](strike, variant)


def _after(holder: Any, name: str, strike: Callable[[], None]) -> None:
    original = getattr(holder, name)
    if asyncio.iscoroutinefunction(original):

        async def wrapped_async(*args: Any, **more: Any) -> Any:
            result = await original(*args, **more)
            strike()
            return result

        setattr(holder, name, wrapped_async)
        return

    def wrapped(*args: Any, **more: Any) -> Any:
        result = original(*args, **more)
        strike()
        return result

    setattr(holder, name, wrapped)


def _before(holder: Any, name: str, strike: Callable[[], None]) -> None:
    original = getattr(holder, name)

    def wrapped(*args: Any, **more: Any) -> Any:
        strike()
        return original(*args, **more)

    setattr(holder, name, wrapped)


def _decided(strike: Callable[[], None], variant: int) -> None:
    from gateway.exchange.service import Exchanges

    _after(Exchanges, "_decide", strike)


def _fetching(strike: Strikes, variant: int) -> None:
    from gateway.exchange.sources import Source

    original = Source.fetch

    async def fetch(self: Source, query: Any) -> Any:
        fetching = asyncio.ensure_future(original(self, query))
        while not fetching.done():
            await asyncio.wait((fetching,), timeout=0.002)
            if strike.fuse.asked:
                strike()
        return fetching.result()

    Source.fetch = fetch  # type: ignore[method-assign]  # that is what a failpoint does


def _fetched(strike: Callable[[], None], variant: int) -> None:
    from gateway.exchange.sources import Source

    _after(Source, "fetch", strike)


def _minimised(strike: Callable[[], None], variant: int) -> None:
    from gateway.exchange import service

    _after(service, "minimise", strike)


def _queued(strike: Callable[[], None], variant: int) -> None:
    from gateway.db.committer import Committer
    from gateway.exchange.commit import CommitExchange

    original = Committer._hand_over

    def hand_over(self: Committer, waiter: Any) -> None:
        original(self, waiter)
        if isinstance(waiter[0], CommitExchange):
            strike()

    Committer._hand_over = hand_over  # type: ignore[method-assign]  # that is what a failpoint does


def _in_transaction(strike: Callable[[], None], variant: int) -> None:
    from gateway.db.intent import Transaction
    from gateway.exchange.commit import CommitExchange

    if variant % 2:
        _after(CommitExchange, "apply", strike)
    else:
        _after(Transaction, "flush", _once_applied(CommitExchange, strike))


def _committed(strike: Callable[[], None], variant: int) -> None:
    from gateway.db.postgres import PostgresEngine
    from gateway.db.sqlite import SqliteEngine
    from gateway.exchange.commit import CommitExchange

    after = _once_applied(CommitExchange, strike)
    for engine in (SqliteEngine, PostgresEngine):
        _after(engine, "commit", after)


def _once_applied(intent: Any, strike: Callable[[], None]) -> Callable[[], None]:
    """A strike that counts only where an exchange was applied since the last."""
    applied: list[int] = []
    _after(intent, "apply", lambda: applied.append(1))

    def after() -> None:
        if applied:
            applied.clear()
            strike()

    return after


def _replying(strike: Callable[[], None], variant: int) -> None:
    from gateway.exchange.asgi import ExchangeRoute
    from gateway.exchange.reply import Replier

    if variant % 3 == 0:
        _after(Replier, "reply", strike)
        return
    original = ExchangeRoute.__call__
    last = "http.response.start" if variant % 3 == 1 else "http.response.body"

    async def call(self: ExchangeRoute, scope: Any, receive: Any, send: Any) -> None:
        released = False

        async def struck(message: Any) -> None:
            nonlocal released
            released = released or message.get("status") == 201
            await send(message)
            if released and message["type"] == last:
                strike()

        await original(self, scope, receive, struck)

    ExchangeRoute.__call__ = call  # type: ignore[method-assign]  # the same


def _numbering(strike: Callable[[], None], variant: int) -> None:
    from gateway.ledger import repository

    _after(repository, ("number", "write_tiles")[variant % 2], strike)


def _signing(strike: Callable[[], None], variant: int) -> None:
    from gateway.ledger import repository
    from gateway.ledger.checkpoint import Checkpoint

    if variant % 3 == 0:
        _before(Checkpoint, "signed", strike)
    elif variant % 3 == 1:
        _after(Checkpoint, "signed", strike)
    else:
        _after(repository, "add_checkpoint", strike)


if __name__ == "__main__":
    point, hit, variant, fuse = sys.argv[1:5]
    install(point, Strikes(Fuse(Path(fuse)), int(hit)), int(variant))
    sys.argv = ["threekeys", *sys.argv[5:]]
    from gateway.cli import main

    main()
