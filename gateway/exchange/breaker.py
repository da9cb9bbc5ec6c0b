"""A circuit breaker (Nygard, "Release It!"): after failures in a row the source is left alone for some seconds."""

from dataclasses import dataclass

from gateway.clock import MICROSECONDS


@dataclass(slots=True)
class Breaker:
    """Closed, open, or half open: after the rest one trial passes, and its outcome decides. Times in microseconds."""

    most_failures: int = 5
    rest: int = 10 * MICROSECONDS
    failures: int = 0
    open_until: int = 0
    trial: bool = False

    def admits(self, now: int) -> bool:
        """Whether a fetch may go out now; where it is the trial, others wait for its outcome."""
        if self.failures < self.most_failures:
            return True
        if now < self.open_until or self.trial:
            return False
        self.trial = True
        return True

    def succeeded(self) -> None:
        """The source answered, whatever it said."""
        self.failures, self.trial, self.open_until = 0, False, 0

    def failed(self, now: int) -> None:
        """The source did not answer."""
        self.failures += 1
        self.trial = False
        if self.failures >= self.most_failures:
            self.open_until = now + self.rest

    def abandoned(self) -> None:
        """The fetch was cancelled: it tells nothing."""
        self.trial = False

    def seconds_left(self, now: int) -> int:
        """Whole seconds until a trial may pass, at least one; one too while a trial is under way."""
        return max(1, -(-(self.open_until - now) // MICROSECONDS))

    def is_open(self, now: int) -> bool:
        """Whether fetches are refused now."""
        return self.failures >= self.most_failures and now < self.open_until
