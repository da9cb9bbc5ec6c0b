"""A clock that a test moves on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from gateway.clock import DAY, MICROSECONDS, SystemClock, uuid7


class MovableClock(SystemClock):
    """The machine's clock, which a test may move on: everybody in the World lives by it, the callers too."""

    def __init__(self) -> None:
        self.ahead = 0
        self.held: int | None = None

    def now(self) -> int:
        return (super().now() if self.held is None else self.held) + self.ahead

    def new_id(self) -> str:
        return uuid7(self.now() // 1_000, os.urandom(10))

    def advance(self, seconds: float = 0, *, days: float = 0) -> None:
        """Let time pass."""
        self.ahead += round((seconds + days * 86_400) * MICROSECONDS)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Let time pass by `advance` only, from noon of the next day on: for limits to the very second."""
        now = super().now() + self.ahead
        self.held, self.ahead = (now // DAY + 1) * DAY + DAY // 2, 0
        try:
            yield
        finally:
            self.ahead += self.held - super().now()
            self.held = None
