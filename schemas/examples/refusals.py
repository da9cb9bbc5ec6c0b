"""Reasons of a refusal."""

from typing import Any, Final

REMEDY: Final[dict[str, Any]] = {
    "text": "Request the person's consent.",
    "method": "POST",
    "href": "/v1/consent-requests",
}
CONSENT_REQUIRED: Final[dict[str, Any]] = {
    "code": "consent-required",
    "missingKey": "person",
    "title": "The person has not been asked for consent",
    "remedy": REMEDY,
}
