"""Data-sharing agreements: versioned texts, accepted by both agencies with a signature, never edited in place."""

from typing import Annotated, Any, Literal

from pydantic import Field

from schemas.api.exchanges import DatasetId
from schemas.api.limits import LimitsLeft
from schemas.api.subject import Code, FieldPath, Reference
from schemas.base import WireModel, shown
from schemas.examples import agreements
from schemas.moments import Moment
from schemas.texts import WITHOUT_CONTROLS

Sentence = Annotated[str, Field(min_length=3, max_length=500, pattern=WITHOUT_CONTROLS)]
AgencyId = Annotated[
    str, Field(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$", max_length=100)
]


Status = Literal["draft", "accepted", "in-force", "suspended", "ended"]


class LegalAuthorityBody(WireModel):
    """The law key: statute and section, a point of UK GDPR Art 6(1), and what special data needs besides."""

    model_config = shown(agreements.AUTHORITY)

    legal_power: Sentence
    lawful_basis: Annotated[str, Field(pattern=r"^6\(1\)\((a|b|c|d|e|ea|f)\)$")]
    article9_condition: Sentence | None = None
    """Needed where the dataset holds special category data."""
    article10_authority: Sentence | None = None
    """Needed where the dataset holds data of criminal offences."""
    confidentiality_basis: Sentence | None = None


class PurposeBody(WireModel):
    """One purpose, with exactly one authority, and the signal that it asks of the person."""

    model_config = shown(agreements.PURPOSE)

    code: Code
    description: Sentence
    authority: LegalAuthorityBody
    signal: Literal["consent", "explicit-request", "notified", "none"]
    signal_reason: Sentence | None = None
    """Needed with the signal `none`: why nothing is asked of the person."""
    notice_version: Reference | None = None
    """Needed with the signal `notified`: which notice the person must have been given."""
    explicit_request_days: Annotated[int, Field(ge=1, le=365)] = 30
    """With the signal `explicit-request`: how old the person's request may be."""
    needs_confidentiality_basis: bool = False


class Limits(WireModel):
    """How many fetches: in any 60 seconds, and in a UTC day."""

    model_config = shown(agreements.LIMITS)

    per_minute: Annotated[int, Field(ge=1, le=10_000_000)]
    per_day: Annotated[int, Field(ge=1, le=1_000_000_000)]


class AgreementText(WireModel):
    """The terms. Its hash (SHA-256 of the RFC 8785 JSON as served) is what both agencies sign."""

    model_config = shown(agreements.TEXT)

    title: Sentence
    consumer: AgencyId
    provider: AgencyId
    dataset: DatasetId
    purposes: Annotated[list[PurposeBody], Field(min_length=1, max_length=20)]
    fields: Annotated[list[FieldPath], Field(min_length=1, max_length=100)]
    """An allow-list of field paths of the record type; a name selects its subtree."""
    limits: Limits
    valid_from: Moment
    valid_until: Moment
    controllers: Annotated[list[Sentence], Field(min_length=1, max_length=10)]
    """Who decides about the data, by name."""
    retention: Sentence
    onward_use: Sentence
    dpia_reference: Reference


StoredText = dict[str, Any]
"""A text as it was stored: plain JSON, of the shape of `AgreementText` and never read through it. So what both
agencies signed is served unchanged, whatever becomes of the model."""


class AcceptanceBody(WireModel):
    """A compact JWS, `typ: threekeys-acceptance+jwt`, over the RFC 8785 JSON of {agreement, version, sha256}, by a
    key of the accepting agency."""

    model_config = shown(agreements.ACCEPT)

    version: Annotated[int, Field(ge=1, lt=2**31)]
    jws: Annotated[str, Field(min_length=20, max_length=4096)]


class Acceptance(WireModel):
    """One agency's acceptance of one version."""

    model_config = shown(agreements.ACCEPTED)

    agency: str
    client: str
    version: int
    accepted_at: str
    jws: str


class SuspensionBody(WireModel):
    """Suspend, resume or end an agreement. Either party may; resuming lifts its own suspension only."""

    model_config = shown(agreements.SUSPEND, agreements.RESUME)

    action: Literal["suspend", "resume", "end"] = "suspend"
    reason: Code | None = None


class Agreement(WireModel):
    """An agreement. `version` is the newest, whose `text` this is; `versionInForce` is what exchanges are decided by;
    `suspendedBy` are the parties that have suspended it."""

    model_config = shown(agreements.IN_FORCE, agreements.DRAFT, agreements.SUSPENDED)

    id: str
    status: Status
    consumer: str
    provider: str
    dataset: str
    version: int
    version_in_force: int | None = None
    sha256: str
    """Of the RFC 8785 JSON of `text`: what an acceptance signs."""
    text: StoredText
    acceptances: list[Acceptance]
    suspended_by: list[str]


class RegisterEntry(WireModel):
    """Public: one agreement in force: who, what, why, under which law."""

    model_config = shown(agreements.REGISTERED)

    agreement: str
    version: int
    title: str
    consumer: str
    provider: str
    dataset: str
    fields: list[str]
    purposes: list[PurposeBody]
    valid_from: str
    valid_until: str
    controllers: list[str]
    """Who answers for the data, each in words."""
    retention: str
    onward_use: str
    dpia_reference: str


class Permission(WireModel):
    """What the calling agency may ask for."""

    model_config = shown(agreements.PERMISSION)

    dataset: str
    provider: str
    purpose: str
    signal: str
    notice_version: str | None = None
    """With the signal `notified`: which notice the person must have been given."""
    fields: list[str]
    agreement: str
    version: int
    status: str
    """Of the agreement: `in-force` or `suspended`."""
    valid_until: str
    limits: LimitsLeft
