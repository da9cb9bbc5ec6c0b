"""Asking for a record, and every way in which it ends well."""

from typing import Any, Final

from schemas.examples.ids import AGREEMENT, COMMITMENT, CONSENT, ENTRY, EXCHANGE, LICENCES, NINO, RECEIPT, SALT
from schemas.examples.refusals import CONSENT_REQUIRED

IDENTIFIER: Final[dict[str, Any]] = {"scheme": "nino", "value": NINO}
CONFIRM: Final[dict[str, Any]] = {"dateOfBirth": "1980-04-01"}
SUBJECT: Final[dict[str, Any]] = {"identifiers": [IDENTIFIER]}
ATTESTED: Final[dict[str, Any]] = {
    "requestedAt": "2026-11-24T09:12:00Z",
    "channel": "telephone",
    "reference": "CALL-20611",
}
PERSON_TOKEN: Final[dict[str, Any]] = {
    "personToken": "eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwOi8vMTI3LjAuMC4xOjg0MDAifQ.c2lnbmF0dXJl"
}
ASK: Final[dict[str, Any]] = {
    "dataset": LICENCES,
    "purpose": "blue-badge-eligibility",
    "subject": SUBJECT,
    "fields": ["status", "validUntil", "holder.familyName"],
    "caseReference": "BB-2026-0117",
    "actingUser": "caseworker-12",
}
ASK_CONFIRMED: Final[dict[str, Any]] = {
    "dataset": "sandbox.primary-care/gp-registration/v1",
    "purpose": "health-assessment",
    "subject": {"identifiers": [{"scheme": "nhs-number", "value": "999 000 0018"}], "confirm": CONFIRM},
    "fields": ["practice", "registeredFrom"],
}
ASK_ON_REQUEST: Final[dict[str, Any]] = {
    "dataset": "sandbox.council/council-tax/v1",
    "purpose": "housing-costs-claim",
    "subject": SUBJECT,
    "fields": ["band", "liableFrom"],
    "explicitRequest": ATTESTED,
}
WITHHELD: Final[dict[str, Any]] = {"field": "holder.familyName", "reason": "not-chosen-by-person"}
PROVENANCE: Final[dict[str, Any]] = {
    "fields": ["status", "validUntil"],
    "source": "sandbox.licensing",
    "fetchedAt": "2026-11-25T10:15:02.318Z",
    "asOf": "2026-11-24T22:00:00Z",
}
BY_AGREEMENT: Final[dict[str, Any]] = {"id": AGREEMENT, "version": 1}
LEDGER: Final[dict[str, Any]] = {"commitment": COMMITMENT, "includedBy": "2026-11-25T10:16:02.331Z"}
RELEASED: Final[dict[str, Any]] = {
    "exchangeId": EXCHANGE,
    "outcome": "released",
    "recordType": "driving-licence/v1",
    "record": {"status": "valid", "validUntil": "2031-03-31"},
    "provenance": [PROVENANCE],
    "withheld": [WITHHELD],
    "agreement": BY_AGREEMENT,
    "consentId": CONSENT,
    "ledger": LEDGER,
    "receipt": RECEIPT,
}
NOT_HELD: Final[dict[str, Any]] = {
    "exchangeId": EXCHANGE,
    "outcome": "not-held",
    "recordType": "driving-licence/v1",
    "agreement": BY_AGREEMENT,
    "consentId": CONSENT,
    "ledger": LEDGER,
    "receipt": RECEIPT,
}
PERMITTED: Final[dict[str, Any]] = {
    "permitted": True,
    "fields": ["status", "validUntil"],
    "withheld": [WITHHELD],
    "reasons": [],
    "agreement": BY_AGREEMENT,
    "consentId": CONSENT,
}
NOT_PERMITTED: Final[dict[str, Any]] = {
    "permitted": False,
    "fields": [],
    "withheld": [],
    "reasons": [CONSENT_REQUIRED],
    "agreement": BY_AGREEMENT,
}
EVENT: Final[dict[str, Any]] = {
    "kind": "exchange",
    "exchangeId": EXCHANGE,
    "outcome": "released",
    "at": "2026-11-25T10:15:02.331Z",
    "by": "client",
    "consumer": "sandbox.council",
    "client": "sandbox.council.casework",
    "provider": "sandbox.licensing",
    "dataset": LICENCES,
    "purpose": "blue-badge-eligibility",
    "asked": ["holder.familyName", "status", "validUntil"],
    "fields": ["status", "validUntil"],
    "withheld": [WITHHELD],
    "agreement": BY_AGREEMENT,
    "consentId": CONSENT,
    "caseReference": "BB-2026-0117",
}
ENTERED: Final[dict[str, Any]] = {
    "entryId": ENTRY,
    "at": "2026-11-25T10:15:02.331Z",
    "commitment": COMMITMENT,
    "salt": SALT,
    "event": EVENT,
}
ACCOUNT: Final[dict[str, Any]] = {"exchangeId": EXCHANGE, "outcome": "released", "entries": [ENTERED]}
