"""What the client may raise besides `Misconfigured` (a certificate that does not verify).

Retriable
├── NotConnected   nothing was sent: refused, unreachable, no such host
├── Disconnected   the connection broke; `unanswered` where not one byte of the answer had come
└── TimedOut       the call's time was over
Permanent
└── BadAnswer      what came is not HTTP/1.1, or larger than allowed, or not JSON
"""

from adapters.errors import Permanent, Retriable


class NotConnected(Retriable):
    """No connection could be made; nothing was sent."""


class Disconnected(Retriable):
    """The connection broke before the answer was whole."""

    def __init__(self, message: str, *, unanswered: bool) -> None:
        super().__init__(message)
        self.unanswered = unanswered


class TimedOut(Retriable):
    """The call's time was over."""


class BadAnswer(Permanent):
    """The answer cannot be read."""
