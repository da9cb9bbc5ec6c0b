"""Counting fetches: a sliding 60 s in steps of a second, and a UTC day.

A repeat under an Idempotency-Key reads the source again, so the rate counts it; it hands out nothing more than was
counted before, so the day does not.

Gateways whose clocks differ count in one row. It never goes back: what stands there as later than now goes on being
counted, so that around midnight neither of two gives the other the day anew.
"""

import json
from dataclasses import dataclass, field
from typing import Any

from gateway.agreements import repository
from gateway.clock import DAY, MICROSECONDS
from gateway.db.intent import Transaction
from gateway.policy import Usage

WINDOW = 60


@dataclass(slots=True)
class Counter:
    """One agreement's counts in hand. A fetch leaves the window once its whole second lies 60 s back."""

    day: int = 0
    day_count: int = 0
    recent: list[list[int]] = field(default_factory=list)

    @classmethod
    def read(cls, row: tuple[Any, ...] | None) -> "Counter":
        """From (day, day_count, recent)."""
        return cls() if row is None else cls(row[0], row[1], json.loads(row[2]))

    def count(self, now: int, *, repeat: bool = False, times: int = 1) -> None:
        """Count one fetch, or several."""
        second, day = now // MICROSECONDS, now // DAY
        if self.day < day:
            self.day, self.day_count = day, 0
        self.day_count += 0 if repeat else times
        if self.recent and self.recent[-1][0] >= second:
            self.recent[-1][1] += times
        else:
            self.recent.append([second, times])
        while self.recent[0][0] <= second - WINDOW - 1:
            self.recent.pop(0)

    def usage(self, now: int, per_minute: int) -> Usage:
        """As facts of a decision."""
        second, day = now // MICROSECONDS, max(self.day, now // DAY)
        live = [pair for pair in self.recent if pair[0] >= second - WINDOW]
        in_minute = sum(count for _, count in live)
        free_at, left = 0, in_minute
        for at, count in live:
            if left < per_minute:
                break
            left -= count
            free_at = (at + WINDOW + 1) * MICROSECONDS
        return Usage(
            in_minute=in_minute,
            in_day=self.day_count if self.day == day else 0,
            minute_free_at=free_at,
            day_free_at=(day + 1) * DAY,
        )


class UnderWay:
    """Fetches that this gateway has permitted and not counted yet, by agreement: what stands in no row of them.

    Else as many as come at once would all be permitted by the last place of a limit, read the source and use up the
    day, and the commit could release no more than the one.
    """

    def __init__(self) -> None:
        self.ended = 0
        """How many have ended, of all agreements: what ends while a row is read may stand in neither."""
        self._each: dict[str, tuple[int, int]] = {}

    def begin(self, agreement_id: str, *, repeat: bool) -> None:
        """One more is permitted."""
        first, again = self._each.get(agreement_id, (0, 0))
        self._each[agreement_id] = (first, again + 1) if repeat else (first + 1, again)

    def end(self, agreement_id: str, *, repeat: bool) -> None:
        """It is counted, or will never be."""
        first, again = self._each[agreement_id]
        left = (first, again - 1) if repeat else (first - 1, again)
        self.ended += 1
        if any(left):
            self._each[agreement_id] = left
        else:
            del self._each[agreement_id]

    def of(self, agreement_id: str) -> tuple[int, int]:
        """How many, and how many repeats beside them."""
        return self._each.get(agreement_id, (0, 0))

    def beside(self, row: tuple[Any, ...] | None, agreement_id: str, now: int, per_minute: int) -> Usage:
        """What would be used if they were all counted now, `row` being the agreement's."""
        counter = Counter.read(row)
        first, again = self.of(agreement_id)
        if first:
            counter.count(now, times=first)
        if again:
            counter.count(now, times=again, repeat=True)
        return counter.usage(now, per_minute)


class UsageBook:
    """The counters that a transaction has in hand, each read once and written once."""

    def __init__(self) -> None:
        self._counters: dict[str, Counter] = {}
        self._counted: set[str] = set()

    def counter(self, tx: Transaction, agreement_id: str) -> Counter:
        """The working copy; the row is locked by the intent that asks."""
        found = self._counters.get(agreement_id)
        if found is None:
            found = self._counters[agreement_id] = Counter.read(repository.usage_row(tx, agreement_id))
        return found

    def count(self, tx: Transaction, agreement_id: str, *, repeat: bool = False) -> None:
        """Count one fetch now."""
        self.counter(tx, agreement_id).count(tx.now, repeat=repeat)
        self._counted.add(agreement_id)

    def flush(self, tx: Transaction) -> None:
        for agreement_id in sorted(self._counted):
            held = self._counters[agreement_id]
            repository.write_usage(tx, agreement_id, held.day, held.day_count, json.dumps(held.recent))
