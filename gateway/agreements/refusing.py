"""From a `Refusal` of the policy to the error that tells it."""

import math
from typing import Any

from gateway.clock import MICROSECONDS
from gateway.errors import Refused
from gateway.policy import REASONS, Facts, Reason, Refusal, Usage
from schemas.api.limits import LimitsLeft

_LIMITS = frozenset({"rate-limit", "daily-limit"})
_OF_PARTIES = ("consumer-suspended", "provider-suspended", "dataset-withdrawn", "unknown-field")
FORESEEN = tuple(
    reason
    for reason in REASONS.values()
    if reason.code in _OF_PARTIES or (reason.key in ("agreement", "law") and reason.status == 403)
)
"""Why asking a person for consent, or recording a notice, may be refused beforehand (`foreseen`)."""


def reason_body(reason: Reason) -> dict[str, Any]:
    """One reason as both parties read it."""
    of = reason.of
    remedy = {"text": of.remedy, "method": of.method, "href": of.href}
    body: dict[str, Any] = {
        "code": of.code,
        "missingKey": of.key,
        "title": of.title,
        "remedy": {name: value for name, value in remedy.items() if value is not None},
    }
    if reason.fields:
        body["fields"] = list(reason.fields)
    return body


def limits_left(per_minute: int, per_day: int, usage: Usage) -> LimitsLeft:
    """What is left of an agreement's limits."""
    return LimitsLeft(
        per_minute=per_minute,
        per_minute_left=max(0, per_minute - usage.in_minute),
        per_day=per_day,
        per_day_left=max(0, per_day - usage.in_day),
    )


def limits_reached(refusal: Refusal, facts: Facts) -> dict[str, Any]:
    """The member `limits` of a problem that an agreement's limit gives; nothing for any other refusal."""
    agreement, usage = facts.agreement, facts.usage
    if agreement is None or usage is None or not _LIMITS & {reason.code for reason in refusal.reasons}:
        return {}
    return {"limits": limits_left(agreement.per_minute, agreement.per_day, usage).model_dump(mode="json")}


def refused(refusal: Refusal, now: int, **members: Any) -> Refused:
    """The error. 429 with Retry-After only where waiting alone would mend it; else the first other reason leads."""
    waits = [reason for reason in refusal.reasons if reason.of.status == 429]
    others = [reason for reason in refusal.reasons if reason.of.status != 429]
    leading = (others or waits)[0]
    headers = {}
    if not others:
        retry_at = max((reason.retry_at or 0) for reason in waits)
        headers["Retry-After"] = str(max(1, math.ceil((retry_at - now) / MICROSECONDS)))
    return Refused(
        [reason_body(reason) for reason in (*others, *waits)],
        code=leading.of.code,
        status=leading.of.status,
        title=leading.of.title,
        headers=headers,
        **members,
    )
