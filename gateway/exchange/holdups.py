"""Which adapter holds up the event loop: one whose `fetch` waits without `await` stops every other request too."""

import time
from collections.abc import Callable, Coroutine, Generator
from types import coroutine
from typing import Any, Final, TypeVar

T = TypeVar("T")
SECONDS: Final = 0.5
"""As long without letting go, and it is told. A shorter hold-up may be the machine's; and as nothing else runs
meanwhile, no adapter can fill the log with it."""


@coroutine
def timed(work: Coroutine[Any, Any, T], tell: Callable[[float], None]) -> Generator[Any, Any, T]:
    """The work's result; `tell` is called with the seconds of each of its steps that took `SECONDS` or more.

    A step is what runs from one `await` that waits to the next. It costs two looks at the clock; the loop's own would
    not do, since uvloop's stands still while a step runs.
    """
    error: BaseException | None = None
    while True:
        began = time.monotonic()
        try:
            awaited = work.send(None) if error is None else work.throw(error)
        except StopIteration as done:
            result: T = done.value
            return result
        finally:
            took = time.monotonic() - began
            if took >= SECONDS:
                tell(took)
        try:
            yield awaited
            error = None
        except BaseException as thrown:  # a cancellation: the work is to see it
            error = thrown
