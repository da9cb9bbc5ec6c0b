"""What storage can do wrong, as callers are told. Nothing was committed where one of these is raised, except
that `StorageUnavailable` after a lost connection leaves open whether the entry stands; nothing left either way."""

from gateway.errors import Unavailable

_RETRY = {"Retry-After": "1"}


class StorageUnavailable(Unavailable):
    """The database is gone, refuses connections, or the connection broke."""

    code = "storage-unavailable"
    title = "The gateway's database cannot be reached"
    explanation = (
        "No record was passed on. Where the connection broke at its very end, the ledger may hold the exchange all "
        "the same. Try again after Retry-After, with the same Idempotency-Key if there was one; the operator sees it "
        "under /health/ready."
    )

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers=_RETRY)


class StorageBusy(Unavailable):
    """Another process held the database for longer than the busy timeout."""

    code = "storage-busy"
    title = "The gateway's database is locked by another process"
    explanation = "Nothing was released. Try again after Retry-After."

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers=_RETRY)


class StorageFull(Unavailable):
    """There is no room left for the entry that each decision must leave."""

    code = "storage-full"
    status = 507
    title = "The gateway's database is full"
    explanation = (
        "Nothing was released: a decision that cannot be entered in the ledger is not carried out. Tell the "
        "operator, who must make room."
    )

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "60"})


class StorageContended(StorageBusy):
    """Two transactions stood in each other's way and one was undone: running it again is safe and usual."""
