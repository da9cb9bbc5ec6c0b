"""Who may ask for which dataset, and for what: the agreements in force, as the catalogue shows them."""

from collections.abc import Iterable

from gateway.agreements import repository
from gateway.agreements.terms import facts
from gateway.db.connection import Connection
from schemas.api.catalogue import WhoMayAsk

WhoMayAskFor = dict[str, list[WhoMayAsk]]


def availability(connection: Connection, dataset_ids: Iterable[str], now: int) -> WhoMayAskFor:
    """Dataset id -> who may ask, by agreements that are in force and have not run out at `now` (microseconds)."""
    found: WhoMayAskFor = {}
    for row in repository.in_force_for(connection, dataset_ids):
        known = facts(connection, row)
        if known.valid_until > now:
            found.setdefault(row.dataset_id, []).append(
                WhoMayAsk(consumer=row.consumer_id, purposes=list(known.purposes))
            )
    return found
