"""Who may ask for which dataset, and for what: the agreements in force, as the catalogue shows them."""

from gateway.agreements import repository
from gateway.agreements.terms import facts
from gateway.db.connection import Connection
from schemas.api.catalogue import WhoMayAsk

_EVERY = 1_000_000


def availability(connection: Connection, now: int) -> dict[str, list[WhoMayAsk]]:
    """Dataset id -> who may ask, by agreements that are in force and have not run out at `now` (microseconds)."""
    found: dict[str, list[WhoMayAsk]] = {}
    for row in repository.in_force(connection, limit=_EVERY):
        known = facts(connection, row)
        if known.valid_until > now:
            found.setdefault(row.dataset_id, []).append(
                WhoMayAsk(consumer=row.consumer_id, purposes=list(known.purposes))
            )
    return found
