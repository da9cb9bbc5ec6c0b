"""The intent that suspends an agreement, resumes it, and ends it."""

import json
from dataclasses import dataclass
from typing import Literal

from gateway.agreements import repository
from gateway.agreements.errors import AgreementStateForbids
from gateway.agreements.party import OfParty, enter
from gateway.agreements.repository import AgreementRow
from gateway.db.intent import Transaction

Action = Literal["suspend", "resume", "end"]
_KINDS = {"suspend": "agreement-suspended", "resume": "agreement-resumed", "end": "agreement-ended"}


@dataclass(frozen=True, slots=True)
class ChangeStatus(OfParty):
    """Suspend, resume or end. From the commit on no exchange is released under a suspended or ended agreement.

    Each party suspends for itself, and lifts its own suspension only: it is in force again once none is left.
    """

    action: Action
    reason: str | None = None

    def apply(self, tx: Transaction) -> AgreementRow:
        row = self.agreement(tx)
        mine = self.by.agency_id
        by = set(row.suspenders)
        if self.action == "end" and row.status != "ended":
            row = row._replace(status="ended", suspended_by=None)
        elif self.action == "suspend" and row.status in ("in-force", "suspended") and mine not in by:
            row = _suspended(row, by | {mine})
        elif self.action == "resume" and row.status == "suspended" and mine in by:
            row = _suspended(row, by - {mine})
        else:
            raise AgreementStateForbids
        repository.write_agreement(tx, row)
        enter(
            tx,
            row,
            _KINDS[self.action],
            version=row.in_force,
            by=mine,
            status=row.status,
            reason=self.reason,
        )
        return row


def _suspended(row: AgreementRow, by: set[str]) -> AgreementRow:
    if not by:
        return row._replace(status="in-force", suspended_by=None)
    return row._replace(status="suspended", suspended_by=json.dumps(sorted(by)))
