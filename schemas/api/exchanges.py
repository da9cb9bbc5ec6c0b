"""The main job: one brokered request for one record, its answer, and the same decision dry."""

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, model_validator

from schemas.api.problems import ReasonBody
from schemas.api.subject import Code, FieldPath, Reference, Subject
from schemas.base import WireModel
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

    model_config = ConfigDict(json_schema_extra={"oneOf": _FORMS})

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

    dataset: DatasetId
    purpose: Code
    subject: Subject
    fields: Annotated[list[FieldPath], Field(min_length=1, max_length=100)]
    explicit_request: ExplicitRequestBody | None = None
    case_reference: Reference | None = None
    acting_user: Reference | None = None


class WithheldField(WireModel):
    """A field that was asked for and not released, whatever the record holds."""

    field: str
    reason: str


class Provenance(WireModel):
    """Where these fields come from. `as_of`: when the source last knew them to be true."""

    fields: list[str]
    source: str
    fetched_at: str
    as_of: str | None = None


class AgreementRef(WireModel):
    """The agreement, in the version that was in force."""

    id: str
    version: int


class LedgerRef(WireModel):
    """The entry's commitment (hex SHA-256), and until when it is promised to be in a signed checkpoint."""

    commitment: str
    included_by: str


class Released(WireModel):
    """The record, minimised to what law, agreement and person allow."""

    exchange_id: str
    outcome: Literal["released"]
    record_type: str
    record: dict[str, Any]
    provenance: list[Provenance]
    withheld: list[WithheldField]
    agreement: AgreementRef | None = None
    consent_id: str | None = None
    ledger: LedgerRef
    receipt: str


class NotHeld(WireModel):
    """The agency holds no such record. A miss is an outcome, not an error."""

    exchange_id: str
    outcome: Literal["not-held"]
    record_type: str
    agreement: AgreementRef | None = None
    consent_id: str | None = None
    ledger: LedgerRef
    receipt: str


class DecisionAnswer(WireModel):
    """What an exchange would have been told now. Nothing was fetched, nothing consumed."""

    permitted: bool
    fields: list[str]
    withheld: list[WithheldField]
    reasons: list[ReasonBody]
    agreement: AgreementRef | None = None
    consent_id: str | None = None


class ExchangeEvent(WireModel):
    """One entry about an exchange, as both parties may read it: never a value of a record."""

    entry_id: str
    at: str
    commitment: str
    salt: str
    event: dict[str, Any]


class ExchangeAccount(WireModel):
    """What was decided, and why."""

    exchange_id: str
    outcome: str
    entries: list[ExchangeEvent]
