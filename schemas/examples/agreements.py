"""An agreement from its text to the register, and what it permits."""

from typing import Any, Final

from schemas.examples import ids

AUTHORITY: Final[dict[str, Any]] = {
    "legalPower": "Sandbox Public Services Act 2024, section 12",
    "lawfulBasis": "6(1)(e)",
    "article10Authority": "Sandbox Public Services Act 2024, schedule 1: no offence data is released",
}
PURPOSE: Final[dict[str, Any]] = {
    "code": "blue-badge-eligibility",
    "description": "Decide whether an applicant may hold a blue badge.",
    "authority": AUTHORITY,
    "signal": "consent",
}
LIMITS: Final[dict[str, Any]] = {"perMinute": 600, "perDay": 50_000}
LEFT: Final[dict[str, Any]] = {"perMinute": 600, "perMinuteLeft": 597, "perDay": 50_000, "perDayLeft": 48_211}
_FIELDS: Final = ["status", "validFrom", "validUntil", "categories", "holder.familyName", "address.postcode"]
TEXT: Final[dict[str, Any]] = {
    "title": "Driving licences for blue badge decisions",
    "consumer": "sandbox.council",
    "provider": "sandbox.licensing",
    "dataset": ids.LICENCES,
    "purposes": [PURPOSE],
    "fields": _FIELDS,
    "limits": LIMITS,
    "validFrom": "2026-12-01T00:00:00Z",
    "validUntil": "2028-11-30T23:59:59Z",
    "controllers": ["Sandbox City Council", "Sandbox Driver Licensing"],
    "retention": "Until the decision is final, and one year after it.",
    "onwardUse": "None without a new agreement.",
    "dpiaReference": "SANDBOX-DPIA-driving-licence",
}
ACCEPT: Final[dict[str, Any]] = {"version": 1, "jws": ids.JWS}
ACCEPTED: Final[dict[str, Any]] = {
    "agency": "sandbox.council",
    "client": "sandbox.council.data-office",
    "version": 1,
    "acceptedAt": "2026-11-21T14:03:27.904Z",
    "jws": ids.JWS,
}
SUSPEND: Final[dict[str, Any]] = {"action": "suspend", "reason": "dpia-under-review"}
RESUME: Final[dict[str, Any]] = {"action": "resume"}
_PARTIES: Final[dict[str, Any]] = {
    "id": ids.AGREEMENT,
    "consumer": "sandbox.council",
    "provider": "sandbox.licensing",
    "dataset": ids.LICENCES,
    "version": 1,
    "sha256": ids.SHA256,
    "text": TEXT,
}
DRAFT: Final[dict[str, Any]] = {
    **_PARTIES,
    "status": "draft",
    "versionInForce": None,
    "acceptances": [],
    "suspendedBy": [],
}
IN_FORCE: Final[dict[str, Any]] = {
    **_PARTIES,
    "status": "in-force",
    "versionInForce": 1,
    "acceptances": [
        ACCEPTED,
        {**ACCEPTED, "agency": "sandbox.licensing", "client": "sandbox.licensing.data-office"},
    ],
    "suspendedBy": [],
}
SUSPENDED: Final[dict[str, Any]] = {**IN_FORCE, "status": "suspended", "suspendedBy": ["sandbox.council"]}
REGISTERED: Final[dict[str, Any]] = {
    "agreement": ids.AGREEMENT,
    "version": 1,
    "title": TEXT["title"],
    "consumer": "sandbox.council",
    "provider": "sandbox.licensing",
    "dataset": ids.LICENCES,
    "fields": _FIELDS,
    "purposes": [PURPOSE],
    "validFrom": TEXT["validFrom"],
    "validUntil": TEXT["validUntil"],
    "controllers": TEXT["controllers"],
    "retention": TEXT["retention"],
    "onwardUse": TEXT["onwardUse"],
    "dpiaReference": TEXT["dpiaReference"],
}
PERMISSION: Final[dict[str, Any]] = {
    "dataset": ids.LICENCES,
    "provider": "sandbox.licensing",
    "purpose": "blue-badge-eligibility",
    "signal": "consent",
    "noticeVersion": None,
    "fields": _FIELDS,
    "agreement": ids.AGREEMENT,
    "version": 1,
    "status": "in-force",
    "validUntil": TEXT["validUntil"],
    "limits": LEFT,
}
