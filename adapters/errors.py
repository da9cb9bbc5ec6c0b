"""What an adapter may raise, named by what the caller of it should do.

AdapterError
├── Retriable       the source is down, slow or overloaded: the same query may succeed later
│   └── retry_after   seconds to wait, where the source said so
├── Permanent       the source answered something that no repeat will mend (malformed, wrong schema)
├── Misconfigured   the adapter's own settings or credentials are wrong: an operator must act
└── NotFound        the source holds no such record; the same as returning None

Messages are for operators and stand in logs: never put a value of a person's record or query in one.
"""


class AdapterError(Exception):
    """Base of all that an adapter may raise on purpose; anything else counts as `Permanent`."""


class Retriable(AdapterError):
    """The source cannot answer now. `retry_after` is in seconds, None where unknown."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Permanent(AdapterError):
    """The source's answer cannot be used, and asking again will not help."""


class Misconfigured(AdapterError):
    """Settings, mapping or credentials are wrong; the message says which setting to mend."""


class NotFound(AdapterError):
    """The source holds no record for this query."""
