"""The reply: record, provenance, what was withheld and why, and a receipt."""

from dataclasses import dataclass
from typing import Any

from gateway.clock import to_iso
from gateway.exchange.asking import Ask
from gateway.exchange.commit import Committed
from gateway.exchange.idempotency import Taken
from gateway.exchange.minimise import Minimised
from gateway.exchange.receipts import withheld
from gateway.policy import Permit, in_order
from gateway.receipts.issue import ReceiptIssuer
from schemas.records import project


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: 201, its Location, its body JSON-ready."""

    exchange_id: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Replier:
    """Builds replies of what was committed."""

    receipts: ReceiptIssuer

    def reply(self, ask: Ask, taken: Taken, found: Minimised, fetched_at: int, done: Committed) -> Reply:
        """Of a release or of a miss. Only fields in both permits are in it."""
        assert done.entry is not None
        assert done.permit is not None
        permit = done.permit
        body: dict[str, Any] = {
            "exchangeId": taken.exchange_id,
            "outcome": done.outcome,
            "recordType": ask.dataset.record_type,
        }
        if done.outcome == "released":
            assert found.record is not None
            source: dict[str, Any] = {
                "fields": in_order(permit.fields),
                "source": ask.dataset.provider_id,
                "fetchedAt": to_iso(fetched_at),
            }
            if found.as_of is not None:
                source["asOf"] = to_iso(found.as_of)
            body["record"] = found.record if permit.fields == found.fields else project(found.record, permit.fields)
            body["provenance"] = [source]
            body["withheld"] = withheld(permit)
        body |= _by_right(permit)
        body["ledger"] = {
            "commitment": done.entry.commitment_hex,
            "includedBy": self.receipts.included_by(done.at),
        }
        body["receipt"] = done.receipt
        return Reply(taken.exchange_id, body)


def _by_right(permit: Permit) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if permit.agreement_id is not None:
        body["agreement"] = {"id": permit.agreement_id, "version": permit.agreement_version}
    if permit.consent_id is not None:
        body["consentId"] = permit.consent_id
    return body
