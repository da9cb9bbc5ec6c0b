"""How much of what no agreement limits a caller may bring about in a minute: it all stands in the ledger for ever."""

from dataclasses import dataclass, field

from gateway.clock import MICROSECONDS, Clock
from gateway.errors import GatewayError

MOST_OF_A_PERSON = 60
"""Exchanges, and dry decisions, a minute and gateway: a person asks by hand."""
MOST_REFUSED = 600
"""Refusals, and faults of sources that were not asked, a minute, client and gateway that are entered."""
_MOST_COUNTED = 10_000


class TooManyDecisions(GatewayError):
    """More dry decisions than a caller may ask for in a minute."""

    code = "too-many-decisions"
    status = 429
    title = "Too many dry decisions"
    explanation = "Ask for the exchange itself, or wait for Retry-After."


class TooManyExchanges(GatewayError):
    """More requests than a person may make in a minute."""

    code = "too-many-exchanges"
    status = 429
    title = "Too many requests of one person"
    explanation = "Wait for Retry-After. Each request leaves an entry in the ledger, whatever comes of it."


class TooManyRefusals(GatewayError):
    """More refusals, and faults of sources that were not asked, than a client may bring about in a minute."""

    code = "too-many-refusals"
    status = 429
    title = "Too many refused exchanges of one client"
    explanation = (
        "Read the reasons of those before: asking again changes nothing while the key is missing, or the source is "
        "busy or rests. Each was entered in the ledger; this one was not. What is permitted goes on; the rest has to "
        "wait for Retry-After."
    )


@dataclass(slots=True)
class PerMinute:
    """A count of each caller and calendar minute, of this gateway alone; `error` is raised beyond `most`."""

    clock: Clock
    most: int
    error: type[GatewayError]
    _recent: dict[str, tuple[int, int]] = field(default_factory=dict)

    def admit(self, caller_id: str) -> None:
        """Count one more. Raises `error` with Retry-After."""
        seconds = self.clock.now() // MICROSECONDS
        minute = seconds // 60
        at, count = self._recent.pop(caller_id, (minute, 0))  # put in again below: the oldest stands first
        count = count + 1 if at == minute else 1
        self._recent[caller_id] = (minute, count)
        if len(self._recent) > _MOST_COUNTED:
            del self._recent[next(iter(self._recent))]
        if count > self.most:
            raise self.error(headers={"Retry-After": str(60 - seconds % 60)})
