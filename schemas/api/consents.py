"""The person's key: asked for by an agency, granted or declined by the person, revoked by either's wish."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.api.exchanges import DatasetId
from schemas.api.subject import Code, FieldPath, Reference, Subject
from schemas.base import WireModel, shown
from schemas.examples import consents
from schemas.moments import Moment


class ConsentRequest(WireModel):
    """An agency asks a person: whoever the first identifier belongs to, so begin with one that people sign in with.
    The person must agree to `fields` as a whole, and may choose among `optionalFields`. `validDays` is how long the
    consent will last; `maxUses` how many releases it covers."""

    model_config = shown(consents.ASKED)

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

    model_config = shown(consents.GRANT, consents.DECLINE)

    decision: Literal["grant", "decline"]
    optional_fields: Annotated[list[FieldPath], Field(max_length=100)] = Field(default_factory=list)


class Consent(WireModel):
    """A consent in its present state; no identifier of the person is in it."""

    model_config = shown(consents.REQUESTED, consents.ACTIVE, consents.REVOKED, consents.DECLINED)

    id: str
    """The same for the request and for the consent that comes of it."""
    status: Literal["requested", "active", "declined", "revoked", "expired", "replaced"]
    consumer: str
    provider: str
    dataset: str
    purpose: str
    agreement: str
    agreement_version: int
    legal_power: str
    """Statute and section, as the agreement names them."""
    required_fields: list[str]
    """What the person agrees to as a whole."""
    optional_fields: list[str]
    """What the person was free to choose among."""
    chosen_fields: list[str]
    """What the person chose of them."""
    requested_at: str
    decide_by: str | None = None
    """Until when the person may answer; null once they did."""
    decided_at: str | None = None
    expires_at: str | None = None
    revoked_at: str | None = None
    valid_days: int
    """How long it holds from the day on which the person grants it."""
    max_uses: int | None = None
    """How many releases it covers; null: any number."""
    uses: int
    """Releases so far."""


class ConsentReceipt(WireModel):
    """A receipt for a consent: a compact JWS that `threekeys verify` checks offline."""

    model_config = shown(consents.RECEIPT)

    consent_id: str
    receipt: str


class Revocation(WireModel):
    """Why, where the person wishes to say (a code, no free text)."""

    model_config = shown(consents.REVOKE)

    reason: Code | None = None


class NoticeBody(WireModel):
    """An agency records that it notified a person, whoever the first identifier belongs to: which version, through
    which channel, when."""

    model_config = shown(consents.NOTIFY)

    purpose: Code
    dataset: DatasetId
    subject: Subject
    notice_version: Reference
    channel: Code
    given_at: Moment


class Notice(WireModel):
    """A recorded notice."""

    model_config = shown(consents.NOTIFIED)

    id: str
    dataset: str
    purpose: str
    notice_version: str
    channel: str
    given_at: str
