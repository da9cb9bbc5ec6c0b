"""What can be wrong with the ledger.

NotFound
├── LedgerNotFound        no such tile, size or entry, or one that is not yours to open
└── EntryPending          the entry is durable and promised, but has no number yet: ask again in a second
Unavailable
└── LedgerHalted          what is entered now could not be proven: nothing is released until an operator acted
LedgerCorrupt             the stored tree contradicts itself: the sequencer signs nothing until an operator acted
"""

from gateway.errors import NotFound, Unavailable


class LedgerNotFound(NotFound):
    """No such tile, size or entry."""

    code = "ledger-not-found"
    title = "The ledger holds no such thing"
    explanation = (
        "Fetch the latest checkpoint: it names the size of the tree. Openings are shown to their parties only."
    )


class EntryPending(NotFound):
    """The entry has no number yet."""

    code = "ledger-entry-pending"
    title = "The ledger has this entry, and has not numbered it yet"
    explanation = "Entries are numbered at least every second while there is traffic. Ask again after Retry-After."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


class LedgerHalted(Unavailable):
    """The sequencer signs nothing: a receipt would promise an inclusion that cannot be kept."""

    code = "ledger-halted"
    title = "The gateway cannot prove what it does now"
    explanation = (
        "Its ledger is not signed any more, so nothing is released. Its operator is told; try again after "
        "Retry-After."
    )

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "60"})


class LedgerCorrupt(Exception):
    """The stored tree contradicts itself; the message names the tile or the size."""
