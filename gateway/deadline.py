"""A time limit for many pieces of work, by one timer.

`asyncio.timeout` sets and cancels a timer of its own for each block that it guards, which on the hot path costs more
than what it guards. All blocks of one `Deadline` have one timer; it may ring for nobody, and is set anew then.
"""

import asyncio

Task = asyncio.Task[object]


class Deadline:
    """For one event loop; a task is in one block of it at a time.

    Between `begin` and `end` (in a `finally`) a task is cancelled once its seconds are over; whoever catches the
    `CancelledError` asks `passed` whether it was that, and raises it again where it was not.
    """

    def __init__(self) -> None:
        self._due: dict[Task, float] = {}
        self._passed: dict[Task, int] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    def begin(self, seconds: float) -> Task:
        """The time of the current task runs from now."""
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()
        assert task is not None
        self._due[task] = due = loop.time() + seconds
        if self._timer is None or due < self._rings_at:
            self._set(loop, due)
        return task

    def passed(self, task: Task) -> bool:
        """Whether a `CancelledError` of the task is this deadline's, and nobody else's besides: asked once."""
        requests = self._passed.pop(task, None)
        return requests is not None and task.uncancel() <= requests

    def end(self, task: Task) -> None:
        """The block is left, in whatever way."""
        self._due.pop(task, None)
        if self._passed.pop(task, None) is not None:  # what was guarded took the cancellation for its own
            task.uncancel()

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        now = loop.time()
        for task in [task for task, due in self._due.items() if due <= now]:
            del self._due[task]
            self._passed[task] = task.cancelling()
            task.cancel()
        if self._due:
            self._set(loop, min(self._due.values()))

    def _set(self, loop: asyncio.AbstractEventLoop, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._rings_at = loop.call_at(at, self._ring, loop), at
