"""What the room refuses.

Conflict
└── NoticeNotAppropriate      the agreement rests on another signal
"""

from gateway.errors import Conflict


class NoticeNotAppropriate(Conflict):
    """The agreement does not ask for a notice. `signal`: what it asks for."""

    code = "notice-not-appropriate"
    title = "A notice opens nothing here"
    explanation = (
        "The agreement rests on another signal than a notice. `signal` is what it rests on; GET /v1/permissions "
        "names that of each purpose."
    )

    def __init__(self, signal: str | None = None) -> None:
        if signal is None:
            super().__init__()
        else:
            super().__init__(f"for this purpose the agreement rests on the signal {signal}", signal=signal)
