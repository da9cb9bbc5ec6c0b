"""The main job: one brokered request for one record, its answer, and the same decision dry."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, model_validator

from schemas.api.problems import ReasonBody
from schemas.api.subject import Code, FieldPath, Reference, Subject
from schemas.base import WireModel, shown
from schemas.examples import exchanges
from schemas.moments import Moment

DatasetId = Annotated[
    str, Field(pattern=r"^[a-z0-9]+([.-][a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*/v[0-9]+$", max_length=160)
]


_ATTESTED = ("requestedAt", "channel", "reference")
_FORMS: list[JsonValue] = [{"required": ["personToken"]}, {"required": [*_ATTESTED]}]


class ExplicitRequestBody(WireModel):
    """That the person asked for this, in one of two forms: the person's own token, made out to the gateway's
    `/explicit-requests` and for the calling client; or the caller's attestation: when, through which channel, under
    which reference."""

    model_config = shown(exchanges.ATTESTED, exchanges.PERSON_TOKEN, oneOf=_FORMS)

    person_token: Annotated[str | None, Field(min_length=1, max_length=8192, repr=False)] = None
    requested_at: Moment | None = None
    channel: Code | None = None
    reference: Reference | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if mixed_forms(self.person_token, self.requested_at, self.channel, self.reference):
            raise ValueError(EITHER_FORM)
        return self


EITHER_FORM = f"send either personToken alone, or all of {', '.join(_ATTESTED)}"


def mixed_forms(person_token: object, *attested: object) -> bool:
    """Whether members of an explicit request, None where not sent, are neither of its two forms."""
    sent = [part is not None for part in attested]
    return any(sent) if person_token is not None else not all(sent)


class ExchangeRequest(WireModel):
    """Ask for one record. `fields` are dotted names of the record type; a name selects its subtree."""

    model_config = shown(exchanges.ASK, exchanges.ASK_CONFIRMED, exchanges.ASK_ON_REQUEST)

    dataset: DatasetId
    """`{agency}/{name}/{version}`, as the catalogue names it."""
    purpose: Code
    """A code of the agreement: `GET /v1/permissions` lists them. One a call."""
    subject: Subject
    fields: Annotated[list[FieldPath], Field(min_length=1, max_length=100)]
    """Ask for what you need and no more."""
    explicit_request: ExplicitRequestBody | None = None
    """For purposes whose signal is `explicit-request`."""
    case_reference: Reference | None = None
    """Of your own case; told to the provider, and entered in the ledger. Never an identifier of a person."""
    acting_user: Reference | None = None
    """Who of your agency asks: a staff reference, never a name."""


class WithheldField(WireModel):
    """A field that was asked for and not released, whatever the record holds."""

    model_config = shown(exchanges.WITHHELD)

    field: str
    reason: str
    """`not-chosen-by-person`: optional in the consent, and not chosen."""


class Provenance(WireModel):
    """Where these fields come from. `as_of`: when the source last knew them to be true."""

    model_config = shown(exchanges.PROVENANCE)

    fields: list[str]
    source: str
    """The agency whose system it is."""
    fetched_at: str
    as_of: str | None = None


class AgreementRef(WireModel):
    """The agreement, in the version that was in force."""

    model_config = shown(exchanges.BY_AGREEMENT)

    id: str
    version: int


class LedgerRef(WireModel):
    """The entry's commitment (hex SHA-256), and until when it is promised to be in a signed checkpoint."""

    model_config = shown(exchanges.LEDGER)

    commitment: str
    included_by: str


class Released(WireModel):
    """The record, minimised to what law, agreement and person allow."""

    model_config = shown(exchanges.RELEASED)

    exchange_id: str
    outcome: Literal["released"]
    record_type: str
    record: dict[str, Any]
    """Of `recordType`. Absent: not asked for, not released or not known. Null: the agency says that there is none."""
    provenance: list[Provenance]
    withheld: list[WithheldField]
    agreement: AgreementRef | None = None
    consent_id: str | None = None
    """The consent that it rests on, where the purpose asks for one."""
    ledger: LedgerRef
    receipt: str
    """A compact JWS that `threekeys verify` checks offline."""


class NotHeld(WireModel):
    """The agency holds no such record. A miss is an outcome, not an error."""

    model_config = shown(exchanges.NOT_HELD)

    exchange_id: str
    outcome: Literal["not-held"]
    record_type: str
    agreement: AgreementRef | None = None
    consent_id: str | None = None
    ledger: LedgerRef
    receipt: str
    """A compact JWS that `threekeys verify` checks offline."""


class DecisionAnswer(WireModel):
    """What an exchange would have been told now. Nothing was fetched, nothing consumed."""

    model_config = shown(exchanges.PERMITTED, exchanges.NOT_PERMITTED)

    permitted: bool
    fields: list[str]
    withheld: list[WithheldField]
    reasons: list[ReasonBody]
    agreement: AgreementRef | None = None
    consent_id: str | None = None


class ExchangeEvent(WireModel):
    """One entry about an exchange, as both parties may read it: never a value of a record."""

    model_config = shown(exchanges.ENTERED)

    entry_id: str
    at: str
    commitment: str
    salt: str
    event: dict[str, Any]
    """What the commitment commits to: SHA-256(salt ‖ RFC 8785 JSON of this)."""


class ExchangeAccount(WireModel):
    """What was decided, and why."""

    model_config = shown(exchanges.ACCOUNT)

    exchange_id: str
    outcome: str
    """`released`, `not-held`, `refused`, `not-confirmed`, `source-fault` or `replayed`; and to the provider alone
    `restricted`."""
    entries: list[ExchangeEvent]
