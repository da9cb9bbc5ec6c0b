"""The event that the ledger commits to: what was decided and why. Never a value, never whose.

Members that a receipt has too carry the same name and the same value there (`docs/receipts.md`).
"""

from typing import Any

from gateway.clock import to_iso
from gateway.exchange.asking import Ask
from gateway.policy import ExplicitRequest, OwnRequest, Permit, Refusal, in_order


def exchange_event(
    ask: Ask,
    exchange_id: str,
    outcome: str,
    *,
    kind: str = "exchange",
    permit: Permit | None = None,
    refusal: Refusal | None = None,
    **more: Any,
) -> dict[str, Any]:
    """The event of an exchange or of a dry decision."""
    event: dict[str, Any] = {
        "kind": kind,
        "exchangeId": exchange_id,
        "outcome": outcome,
        "by": "client" if ask.client_id else "person",
        "provider": ask.dataset.provider_id,
        "dataset": ask.dataset.id,
        "purpose": ask.asked.purpose,
        "asked": in_order(ask.asked.fields),
        **more,
    }
    if ask.client_id:
        event |= {"consumer": ask.consumer_id, "client": ask.client_id}
    if ask.case_reference:
        event["caseReference"] = ask.case_reference
    if ask.acting_user:
        event["actingUser"] = ask.acting_user
    request = ask.asked.explicit_request
    if request and not (isinstance(request, OwnRequest) and not request.same_person):
        event["explicitRequest"] = _explicit(request)
    by_right = permit or refusal
    if by_right and by_right.agreement_id:
        event["agreement"] = {"id": by_right.agreement_id, "version": by_right.agreement_version}
    if by_right and by_right.consent_id:
        event["consentId"] = by_right.consent_id
    if permit:
        event["fields"] = in_order(permit.fields)
        event["withheld"] = [{"field": w.field, "reason": w.reason} for w in permit.withheld]
    if refusal:
        event["reasons"] = [
            {"code": reason.code, "missingKey": reason.of.key, "fields": list(reason.fields)}
            for reason in refusal.reasons
        ]
    return event


def _explicit(request: ExplicitRequest | OwnRequest) -> dict[str, Any]:
    at = to_iso(request.requested_at)
    if isinstance(request, OwnRequest):
        return {"by": "person", "requestedAt": at, "issuer": request.issuer}
    return {"by": "caller", "requestedAt": at, "channel": request.channel, "reference": request.reference}
