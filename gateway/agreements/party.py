"""What the intents about an agreement have in common: one of its two agencies acts, and the ledger is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.agreements import repository
from gateway.agreements.errors import NoSuchAgreement
from gateway.agreements.repository import AgreementRow
from gateway.agreements.tables import agreement
from gateway.auth.actor import Actor
from gateway.db.connection import Connection
from gateway.db.intent import AGREEMENT, Lock, Transaction
from gateway.ledger.entry import append


@dataclass(frozen=True, slots=True)
class OfParty:
    """An intent of one party about an agreement that is there; its `apply` begins with `agreement`."""

    agreement_id: str
    by: Actor

    def locks(self) -> Sequence[Lock]:
        return (*self.by.locks(), Lock(AGREEMENT, self.agreement_id, agreement))

    def agreement(self, tx: Transaction) -> AgreementRow:
        """The agreement. Raises `ClientSuspended`, and `NoSuchAgreement` to anybody but its two agencies."""
        self.by.must_be_active(tx)
        return of_party(tx, self.by.agency_id, self.agreement_id)


def of_party(connection: Connection, agency_id: str, agreement_id: str) -> AgreementRow:
    """The agreement, for one of its two agencies. Raises `NoSuchAgreement` to anybody else."""
    row = repository.find(connection, agreement_id)
    if row is None or agency_id not in row.parties:
        raise NoSuchAgreement
    return row


def enter(tx: Transaction, row: AgreementRow, kind: str, **more: Any) -> None:
    """Enter what became of an agreement; what is None is left out."""
    event = {
        "kind": kind,
        "agreement": row.id,
        "consumer": row.consumer_id,
        "provider": row.provider_id,
        "dataset": row.dataset_id,
        **{name: value for name, value in more.items() if value is not None},
    }
    append(tx, event, row.parties)
