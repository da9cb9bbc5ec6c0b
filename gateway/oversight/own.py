"""What an entry about a person commits to, told to that person: who looked, what became of their consents, what they
were notified of."""

from collections.abc import Sequence

from gateway.consent import repository as consents
from gateway.db.connection import Connection
from gateway.exchange import repository as exchanges
from gateway.ledger import repository as ledger
from gateway.ledger.errors import LedgerNotFound
from gateway.ledger.service import Opening
from gateway.notices import repository as notices
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms


def own_opening(connection: Connection, entry_id: str, known_as: Sequence[Pseudonyms]) -> Opening:
    """Salt and event. `LedgerNotFound` for an entry about anybody else, or about nobody, or once forgotten."""
    found = ledger.opening(connection, entry_id) if _is_own(connection, entry_id, known_as) else None
    if found is None:
        raise LedgerNotFound
    return Opening(entry_id, found[0], found[1])


def _is_own(connection: Connection, entry_id: str, known_as: Sequence[Pseudonyms]) -> bool:
    exchange_id = exchanges.exchange_of(connection, entry_id)
    if exchange_id is not None:
        return subjects.is_theirs(connection, exchange_id, known_as)
    mine = subjects.subjects_of(connection, known_as)
    return any(room.is_entry_about(connection, entry_id, one) for room in (consents, notices) for one in mine)
