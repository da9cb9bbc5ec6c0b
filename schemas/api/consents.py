"""The person's key: asked for by an agency, granted or declined by the person, revoked by either's wish."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.api.exchanges import DatasetId
from schemas.api.subject import Code, FieldPath, Reference, Subject
from schemas.base import WireModel
from schemas.moments import Moment


class ConsentRequest(WireModel):
    """An agency asks a person. The person must agree to `fields` as a whole, and may choose among
    `optionalFields`. `validDays` is how long the consent will last; `maxUses` how many releases it covers."""

    dataset: DatasetId
    purpose: Code
    subject: Subject
    fields: Annotated[list[FieldPath], Field(min_length=1, max_length=100)]
    optional_fields: Annotated[list[FieldPath], Field(max_length=100)] = Field(default_factory=list)
    valid_days: Annotated[int, Field(ge=1, le=3650)] = 365
    max_uses: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    case_reference: Reference | None = None


class ConsentDecision(WireModel):
    """The person's answer. `optionalFields`: those chosen, none unless named."""

    decision: Literal["grant", "decline"]
    optional_fields: Annotated[list[FieldPath], Field(max_length=100)] = Field(default_factory=list)


class Consent(WireModel):
    """A consent in its present state; no identifier of the person is in it."""

    id: str
    status: Literal["requested", "active", "declined", "revoked", "expired", "replaced"]
    consumer: str
    provider: str
    dataset: str
    purpose: str
    agreement: str
    agreement_version: int
    legal_power: str
    required_fields: list[str]
    optional_fields: list[str]
    chosen_fields: list[str]
    requested_at: str
    decided_at: str | None = None
    expires_at: str | None = None
    revoked_at: str | None = None
    max_uses: int | None = None
    uses: int


class ConsentReceipt(WireModel):
    """A receipt for a consent: a compact JWS that `threekeys verify` checks offline."""

    consent_id: str
    receipt: str


class Revocation(WireModel):
    """Why, where the person wishes to say (a code, no free text)."""

    reason: Code | None = None


class NoticeBody(WireModel):
    """An agency records that it notified a person: which version, through which channel, when."""

    purpose: Code
    dataset: DatasetId
    subject: Subject
    notice_version: Reference
    channel: Code
    given_at: Moment


class Notice(WireModel):
    """A recorded notice."""

    id: str
    dataset: str
    purpose: str
    notice_version: str
    channel: str
    given_at: str
