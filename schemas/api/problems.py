"""RFC 9457 problem details, as every route but `/oauth/*` answers errors."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.api.limits import LimitsLeft
from schemas.base import WireModel, shown
from schemas.examples.ids import EXCHANGE, REQUEST
from schemas.examples.refusals import CONSENT_REQUIRED, REMEDY


class Remedy(WireModel):
    """How to get the missing key."""

    model_config = shown(REMEDY)

    text: str
    """What to do, in a sentence."""
    method: str | None = None
    """The method of the call for it, where there is one."""
    href: str | None = None
    """The path of the call for it, relative to this API."""


class ReasonBody(WireModel):
    """One reason of a refusal."""

    model_config = shown(CONSENT_REQUIRED)

    code: str
    """Of the table of reason codes: a page under `/problems/{code}`."""
    missing_key: Literal["law", "agreement", "person"] | None = None
    """Which of the three keys did not turn; null where none would help."""
    title: str
    fields: list[str] | None = None
    """The fields that it is about, where it is about some only."""
    remedy: Remedy


class FaultAt(WireModel):
    """One fault of the request."""

    model_config = shown({"pointer": "/fields/0", "detail": "driving-licence/v1 has no such field"})

    pointer: str
    """An RFC 6901 JSON Pointer to what is wrong; for an unknown member, to its parent."""
    detail: str
    """What is wrong there. It never repeats a value."""


class Problem(WireModel):
    """`application/problem+json` (RFC 9457): the form of every error, `/oauth/*` excepted. Switch on `code`."""

    model_config = shown(
        {
            "type": "http://127.0.0.1:8400/problems/consent-required",
            "title": "The person has not been asked for consent",
            "status": 403,
            "code": "consent-required",
            "requestId": REQUEST,
            "exchangeId": EXCHANGE,
            "reasons": [CONSENT_REQUIRED],
        }
    )

    type: str
    """The page of this problem type: what it means and what to do."""
    title: str
    """The same for each problem of a type."""
    status: Annotated[int, Field(ge=400, le=599)]
    """The HTTP status."""
    code: str
    """The last part of `type`: what a program switches on."""
    detail: str | None = None
    """What is wrong here, or what to do; there unless `errors` or `reasons` say it."""
    request_id: str | None = None
    """Finds the line of the operator's log; missing where no request could be read."""
    exchange_id: str | None = None
    """The exchange that was refused or failed: `GET /v1/exchanges/{exchangeId}` tells of it."""
    reasons: list[ReasonBody] | None = None
    """A refusal's reasons, all of them; the first gives `code`."""
    limits: LimitsLeft | None = None
    """What is left of the agreement's limits, where one of them is used up."""
    errors: list[FaultAt] | None = None
    """Every fault of the request."""
    scope: str | None = None
    """With `insufficient-scope`: the scope that the call needs."""
    signal: Literal["consent", "explicit-request", "notified", "none"] | None = None
    """With `consent-not-appropriate`: what the agreement asks of the person instead of consent."""
