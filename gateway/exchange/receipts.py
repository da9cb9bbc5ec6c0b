"""The receipt of an exchange: what was decided, for whom, and by which right; no subject, no value."""

from gateway.exchange.asking import Ask
from gateway.ledger.entry import Commitment
from gateway.policy import Permit, in_order
from gateway.receipts.issue import ExchangeStatement, ReceiptIssuer


def receipt(
    issuer: ReceiptIssuer, ask: Ask, exchange_id: str, outcome: str, permit: Permit, entry: Commitment, at: int
) -> str:
    """Of a release, a repeat or a miss whose entry is durable."""
    released = outcome != "not-held"
    statement = ExchangeStatement(
        exchange_id=exchange_id,
        outcome=outcome,
        dataset=ask.dataset.id,
        record_type=ask.dataset.record_type,
        purpose=ask.asked.purpose,
        fields=in_order(permit.fields) if released else (),
        withheld=withheld(permit) if released else (),
        agreement_id=permit.agreement_id,
        agreement_version=permit.agreement_version,
        consent_id=permit.consent_id,
        consumer=ask.consumer_id,
        provider=ask.dataset.provider_id,
    )
    return issuer.issue(statement, entry, at)


def withheld(permit: Permit) -> list[dict[str, str]]:
    """What was asked for and is not given: [{"field": …, "reason": …}]."""
    return [{"field": one.field, "reason": one.reason} for one in permit.withheld]
