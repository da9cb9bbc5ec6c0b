"""Time and ids, injected so that tests can hold both still. Times are integer microseconds since 1970, UTC."""

import os
import time
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

MICROSECONDS = 1_000_000
DAY = 86_400 * MICROSECONDS
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """The source of time and of ids."""

    def now(self) -> int:
        """Microseconds since 1970-01-01T00:00:00Z."""

    def new_id(self) -> str:
        """A new id, ordered by time: a UUID of version 7 (RFC 9562)."""


class SystemClock:
    """The machine's clock and random source."""

    def now(self) -> int:
        return time.time_ns() // 1_000

    def new_id(self) -> str:
        return uuid7(time.time_ns() // 1_000_000, os.urandom(10))


def uuid7(milliseconds: int, random: bytes) -> str:
    """Format a UUID of version 7 from a time and ten random bytes (RFC 9562, section 5.7)."""
    value = (milliseconds << 80) | int.from_bytes(random, "big")
    value = value & ~(0xF << 76) | (7 << 76)
    value = value & ~(0x3 << 62) | (2 << 62)
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def to_iso(microseconds: int) -> str:
    """RFC 3339 in UTC with milliseconds: `2026-11-24T20:58:02.123Z`."""
    seconds, rest = divmod(microseconds, MICROSECONDS)
    return f"{_second(seconds)}.{rest // 1_000:03d}Z"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    """`2026-11-24T20:58:02`. Not by `strftime`, which looks the local time zone up in the file system each time."""
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def from_datetime(moment: datetime) -> int:
    """Microseconds of an aware datetime, exactly.

    Raises `ValueError` for a naive one, and for one that in UTC is not of the years 1 to 9999: `to_iso` could not
    write it.
    """
    if moment.tzinfo is None:
        raise ValueError("a naive datetime has no place here")
    try:
        return (moment.astimezone(UTC) - _EPOCH) // _MICROSECOND
    except OverflowError:
        raise ValueError("in UTC the moment is not in the calendar") from None
