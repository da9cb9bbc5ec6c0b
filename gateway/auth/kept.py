"""What was verified once, kept by its text until it expires."""

from typing import Generic, TypeVar

T = TypeVar("T")
LONGEST = 8192
"""Bytes of a token that is looked at at all."""


class Kept(Generic[T]):
    """At most `most` values, none past its time; when full, the expired go first, then the oldest."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._values: dict[bytes, tuple[int, T]] = {}

    def get(self, token: bytes, now: int) -> T | None:
        """The value, unless it has expired; times in microseconds."""
        found = self._values.get(token)
        if found is None:
            return None
        if found[0] <= now:
            del self._values[token]
            return None
        return found[1]

    def put(self, token: bytes, value: T, expires_at: int, now: int) -> None:
        """Keep it until then."""
        if len(self._values) >= self._most:
            self._values = {key: kept for key, kept in self._values.items() if kept[0] > now}
            while len(self._values) >= self._most:
                del self._values[next(iter(self._values))]
        self._values[token] = (expires_at, value)

    def __contains__(self, token: object) -> bool:
        return token in self._values

    def __len__(self) -> int:
        return len(self._values)
