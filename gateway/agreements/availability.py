"""Who may ask for which dataset, and for what: the agreements in force, as the catalogue shows them."""

from gateway.agreements import repository
from gateway.agreements.terms import text_of
from gateway.db.connection import Connection
from schemas.api.catalogue import WhoMayAsk


def availability(connection: Connection) -> dict[str, list[WhoMayAsk]]:
    """Dataset id -> who may ask."""
    found: dict[str, list[WhoMayAsk]] = {}
    for row in repository.in_force(connection):
        stored = repository.version_text(connection, row.id, row.in_force)
        assert stored is not None
        purposes = [purpose.code for purpose in text_of(stored[0]).purposes]
        found.setdefault(row.dataset_id, []).append(WhoMayAsk(consumer=row.consumer_id, purposes=purposes))
    return found
