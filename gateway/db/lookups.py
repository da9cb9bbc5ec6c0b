"""Look-ups that share a statement: what is asked for while one is under way forms the next, as commits do."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from gateway.db.connection import Connection
from gateway.db.errors import StorageUnavailable

Work = Callable[[Connection, Sequence[Any]], Sequence[Any]]
Item = TypeVar("Item")
Found = TypeVar("Found")
_MOST_AT_ONCE = 256


class LookUps:
    """Gathers the items of each `work`; one call of it is under way at a time. `read` runs it on a reader thread."""

    def __init__(self, read: Callable[..., Awaitable[Any]]) -> None:
        self._read = read
        self._waiting: dict[Work, list[tuple[Any, asyncio.Future[Any]]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, work: Callable[[Connection, Sequence[Item]], Sequence[Found]], item: Item) -> Found:
        """The item's part of what `work` answers for all."""
        future: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        waiting = self._waiting.get(work)
        if waiting is not None:
            waiting.append((item, future))
        else:
            self._waiting[work] = [(item, future)]
            task = asyncio.ensure_future(self._run(work))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await future

    async def _run(self, work: Work) -> None:
        """Until nobody waits: take all, ask once, tell each."""
        while waiting := self._waiting[work]:
            taken, self._waiting[work] = waiting[:_MOST_AT_ONCE], waiting[_MOST_AT_ONCE:]
            try:
                found: Sequence[Any] = await self._read(work, [item for item, _ in taken])
            except BaseException as error:
                reason = error if isinstance(error, Exception) else StorageUnavailable()
                for _, future in taken:
                    if not future.done():
                        future.set_exception(reason)
                if not isinstance(error, Exception):
                    raise
                continue
            for (_, future), one in zip(taken, found, strict=True):
                if not future.done():
                    future.set_result(one)
        del self._waiting[work]
