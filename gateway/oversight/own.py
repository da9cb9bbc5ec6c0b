"""What an entry about a person commits to, told to that person: who looked, and what became of their consents."""

from collections.abc import Sequence

from gateway.consent import repository as consents
from gateway.db.connection import Connection
from gateway.exchange import repository as exchanges
from gateway.ledger import repository as ledger
from gateway.ledger.errors import LedgerNotFound
from gateway.ledger.service import Opening
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms


def own_opening(connection: Connection, entry_id: str, known_as: Sequence[Pseudonyms]) -> Opening:
    """Salt and event. `LedgerNotFound` for an entry about anybody else, or about nobody, or once forgotten."""
    for subject_id in subjects.subjects_of(connection, known_as):
        if any(room.is_entry_about(connection, entry_id, subject_id) for room in (consents, exchanges)):
            found = ledger.opening(connection, entry_id)
            if found is not None:
                return Opening(entry_id, found[0], found[1])
    raise LedgerNotFound
