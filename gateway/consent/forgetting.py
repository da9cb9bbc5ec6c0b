"""A person is forgotten: what of their consents goes, and what stays for the agencies to read."""

from dataclasses import dataclass

from gateway.consent import repository
from gateway.consent.repository import ConsentRow
from gateway.consent.requesting import enter
from gateway.db.intent import Transaction
from gateway.ledger import repository as ledger


@dataclass(frozen=True, slots=True)
class Ended:
    """How many: openings deleted, live consents revoked, ended ones deleted."""

    openings: int
    revoked: int
    deleted: int


def forget_consents(tx: Transaction, subject_id: str) -> Ended:
    """End and delete all of a subject.

    What had ended is deleted, and so is every opening. What was still live, active or open to be answered, is
    revoked; its row stays, of nobody, so that both agencies can read that it is over (UK GDPR Art 19), and so does
    the opening of this revocation, which they are parties of.
    """
    rows = repository.lock_all_of(tx, subject_id)
    openings = ledger.forget(tx, repository.entries_about(tx, subject_id))
    revoked = 0
    for row in rows:
        repository.delete_entries(tx, row.id)
        if _is_live(row, tx.now):
            _end(tx, row)
            revoked += 1
        else:
            repository.remove(tx, row.id)
    return Ended(openings, revoked, len(rows) - revoked)


def _is_live(row: ConsentRow, now: int) -> bool:
    return row.standing(now) in ("requested", "active")


def _end(tx: Transaction, row: ConsentRow) -> None:
    row = repository.detach(tx, row)._replace(status="revoked", revoked_at=tx.now, evidence=None)
    entry = enter(tx, row, "consent-revoked", by="operator", reason="person-forgotten")
    repository.write(tx, row._replace(entry_id=entry.entry_id))
