"""The receipt of a consent: signed by the gateway over the ledger's entry of its latest decision."""

import json
from dataclasses import dataclass

from gateway.consent.repository import ConsentRow, paths
from gateway.db.store import Store
from gateway.ledger import repository as ledger
from gateway.ledger.entry import Commitment
from gateway.receipts.issue import ConsentStatement, ReceiptIssuer

_DECISIONS = {"active": "granted", "replaced": "granted", "declined": "declined", "revoked": "revoked"}


@dataclass(frozen=True, slots=True)
class ConsentReceipts:
    """Issues them again whenever asked: a receipt is a statement about a durable entry."""

    store: Store
    issuer: ReceiptIssuer

    async def of(self, row: ConsentRow) -> str | None:
        """The compact JWS, or None where nothing was decided, or its opening was forgotten."""
        decision = _DECISIONS.get(row.status)
        if decision is None or row.entry_id is None:
            return None
        opening = await self.store.read(ledger.opening, row.entry_id)
        entry = await self.store.read(ledger.find, row.entry_id)
        if opening is None or entry is None:
            return None
        at = row.revoked_at if decision == "revoked" else row.decided_at
        statement = ConsentStatement(
            consent_id=row.id,
            decision=decision,
            dataset=row.dataset_id,
            purpose=row.purpose,
            fields=sorted(paths(row.required) | paths(row.chosen)),
            consumer=row.consumer_id,
            provider=row.provider_id,
            expires_at=row.expires_at,
        )
        commitment = Commitment(row.entry_id, entry[1].hex(), opening[0])
        assert json.loads(opening[1])["consentId"] == row.id
        return self.issuer.issue(statement, commitment, at or row.requested_at)
