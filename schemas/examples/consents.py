"""A person's consent from the question to its end, and a notice."""

from typing import Any, Final

from schemas.examples import ids
from schemas.examples.exchanges import SUBJECT

ASKED: Final[dict[str, Any]] = {
    "dataset": ids.LICENCES,
    "purpose": "blue-badge-eligibility",
    "subject": SUBJECT,
    "fields": ["status", "validUntil"],
    "optionalFields": ["holder.familyName"],
    "validDays": 90,
    "maxUses": 3,
    "caseReference": "BB-2026-0117",
}
GRANT: Final[dict[str, Any]] = {"decision": "grant", "optionalFields": ["holder.familyName"]}
DECLINE: Final[dict[str, Any]] = {"decision": "decline"}
REQUESTED: Final[dict[str, Any]] = {
    "id": ids.CONSENT,
    "status": "requested",
    "consumer": "sandbox.council",
    "provider": "sandbox.licensing",
    "dataset": ids.LICENCES,
    "purpose": "blue-badge-eligibility",
    "agreement": ids.AGREEMENT,
    "agreementVersion": 1,
    "legalPower": "Sandbox Public Services Act 2024, section 12",
    "requiredFields": ["status", "validUntil"],
    "optionalFields": ["holder.familyName"],
    "chosenFields": [],
    "requestedAt": "2026-11-25T09:40:11.502Z",
    "decideBy": "2026-12-25T09:40:11.502Z",
    "decidedAt": None,
    "expiresAt": None,
    "revokedAt": None,
    "maxUses": 3,
    "validDays": 90,
    "uses": 0,
}
ACTIVE: Final[dict[str, Any]] = {
    **REQUESTED,
    "status": "active",
    "chosenFields": ["holder.familyName"],
    "decideBy": None,
    "decidedAt": "2026-11-25T10:02:45.118Z",
    "expiresAt": "2027-02-23T10:02:45.118Z",
    "uses": 1,
}
REVOKED: Final[dict[str, Any]] = {**ACTIVE, "status": "revoked", "revokedAt": "2026-11-26T08:30:00Z"}
DECLINED: Final[dict[str, Any]] = {
    **REQUESTED,
    "status": "declined",
    "decideBy": None,
    "decidedAt": "2026-11-25T10:02:45.118Z",
}
REVOKE: Final[dict[str, Any]] = {"reason": "no-longer-needed"}
RECEIPT: Final[dict[str, Any]] = {"consentId": ids.CONSENT, "receipt": ids.RECEIPT}
NOTIFY: Final[dict[str, Any]] = {
    "purpose": "council-tax-reduction",
    "dataset": ids.AWARDS,
    "subject": SUBJECT,
    "noticeVersion": "council-tax-reduction-2026",
    "channel": "letter",
    "givenAt": "2026-11-20T09:00:00Z",
}
NOTIFIED: Final[dict[str, Any]] = {
    "id": ids.NOTICE,
    "dataset": ids.AWARDS,
    "purpose": "council-tax-reduction",
    "noticeVersion": "council-tax-reduction-2026",
    "channel": "letter",
    "givenAt": "2026-11-20T09:00:00Z",
}
