"""What the room refuses.

AnotherSignal
└── NoticeNotAppropriate      the agreement does not ask for a notice
"""

from gateway.agreements.errors import AnotherSignal


class NoticeNotAppropriate(AnotherSignal):
    """The agreement does not ask for a notice."""

    code = "notice-not-appropriate"
    title = "A notice opens nothing here"
    explanation = (
        "The agreement rests on another signal than a notice. `signal` is what it rests on; GET /v1/permissions "
        "names that of each purpose."
    )
