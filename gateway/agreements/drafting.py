"""Intents that draft an agreement and its versions, and that suspend, resume and end it. Each leaves an entry."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import rfc8785

from gateway.agencies import repository as agencies
from gateway.agencies.tables import agency
from gateway.agreements import repository
from gateway.agreements.errors import (
    AgreementInvalid,
    AgreementStateForbids,
    NoSuchAgreement,
    PartiesFixed,
    TooManyDrafts,
)
from gateway.agreements.repository import AgreementRow
from gateway.agreements.tables import agreement
from gateway.agreements.terms import terms_of
from gateway.auth.errors import ClientSuspended
from gateway.catalogue import repository as catalogue
from gateway.clock import from_datetime
from gateway.db.intent import AGENCY, AGREEMENT, Lock, Transaction
from gateway.errors import InvalidRequest
from gateway.ledger.entry import append
from gateway.policy import covered, rests_on_consent
from gateway.subjects.identifiers import check_reference
from schemas.api.agreements import AgreementText
from schemas.records import field_paths

Action = Literal["suspend", "resume", "end"]
MOST_OPEN_DRAFTS = 20  # of one agency for one consumer and dataset


def canonical_text(text: AgreementText) -> tuple[str, str]:
    """(RFC 8785 JSON as served, its SHA-256 in hex)."""
    canonical = rfc8785.dumps(text.model_dump(mode="json"))
    return canonical.decode(), hashlib.sha256(canonical).hexdigest()


def check_text(tx: Transaction, text: AgreementText) -> None:
    """Refuse a text that contradicts itself or the catalogue, every fault at once."""
    faults: list[dict[str, str]] = []

    def fault(pointer: str, detail: str) -> None:
        faults.append({"pointer": pointer, "detail": detail})

    dataset = catalogue.find(tx, text.dataset)
    if dataset is None:
        fault("/dataset", "there is no such dataset in the catalogue")
    elif dataset.provider_id != text.provider:
        fault("/provider", "the dataset is offered by another agency")
    else:
        known = field_paths(dataset.record_type)
        for n, name in enumerate(text.fields):
            if name not in known:
                fault(f"/fields/{n}", f"{dataset.record_type} has no such field")
    if agencies.find_agency(tx, text.consumer) is None:
        fault("/consumer", "there is no such agency")
    if text.consumer == text.provider:
        fault("/consumer", "an agency makes no agreement with itself")
    if from_datetime(text.valid_until) <= from_datetime(text.valid_from):
        fault("/validUntil", "it must be after validFrom")
    check_reference(text.dpia_reference, "/dpiaReference", faults)
    if len({purpose.code for purpose in text.purposes}) < len(text.purposes):
        fault("/purposes", "a purpose stands here twice; each has exactly one authority")
    for n, name in enumerate(text.fields):
        if name in text.fields[:n] or covered(name, frozenset(text.fields) - {name}):
            fault(f"/fields/{n}", "another name in this list covers it already")
    for n, purpose in enumerate(text.purposes):
        at = f"/purposes/{n}"
        authority = terms_of(purpose).authority
        special = dataset is not None and bool(dataset.special_category)
        if authority is not None and purpose.signal != "consent" and rests_on_consent(authority, special=special):
            fault(f"{at}/signal", "an authority under 6(1)(a) or 9(2)(a) asks for the signal consent")
        if purpose.needs_confidentiality_basis and not purpose.authority.confidentiality_basis:
            fault(f"{at}/authority/confidentialityBasis", "the purpose says that it needs one")
        if purpose.signal == "none" and not purpose.signal_reason:
            fault(f"{at}/signalReason", "the signal none needs its reason")
        if purpose.signal == "notified" and not purpose.notice_version:
            fault(f"{at}/noticeVersion", "the signal notified needs the version of the notice")
        if dataset is not None and dataset.special_category and not purpose.authority.article9_condition:
            fault(f"{at}/authority/article9Condition", "special category data needs an Article 9 condition")
        if dataset is not None and dataset.criminal_offence and not purpose.authority.article10_authority:
            fault(f"{at}/authority/article10Authority", "criminal offence data needs an Article 10 authority")
    if faults:
        raise AgreementInvalid(errors=faults)


@dataclass(frozen=True, slots=True)
class Draft:
    """Draft an agreement, version 1. Whoever drafts has not yet accepted."""

    text: AgreementText
    drafted_by: str

    def locks(self) -> Sequence[Lock]:
        return (Lock(AGENCY, self.drafted_by, agency, share=True),)

    def apply(self, tx: Transaction) -> str:
        must_be_active(tx, self.drafted_by)
        if repository.open_drafts(tx, self.text.consumer, self.text.dataset, self.drafted_by) >= MOST_OPEN_DRAFTS:
            raise TooManyDrafts
        check_text(tx, self.text)
        text, sha256 = canonical_text(self.text)
        row = AgreementRow(
            tx.clock.new_id(),
            self.text.consumer,
            self.text.provider,
            self.text.dataset,
            "draft",
            1,
            0,
            None,
            tx.now,
        )
        repository.insert_agreement(tx, row)
        repository.insert_version(tx, row.id, 1, text, sha256, self.drafted_by, tx.now)
        _enter(tx, row, "agreement-drafted", version=1, sha256=sha256, by=self.drafted_by)
        return row.id


@dataclass(frozen=True, slots=True)
class NewVersion:
    """Draft the next version; the version in force stays in force until both have accepted the new one."""

    agreement_id: str
    text: AgreementText
    drafted_by: str

    def locks(self) -> Sequence[Lock]:
        return (
            Lock(AGENCY, self.drafted_by, agency, share=True),
            Lock(AGREEMENT, self.agreement_id, agreement),
        )

    def apply(self, tx: Transaction) -> int:
        must_be_active(tx, self.drafted_by)
        row = of_party(tx, self.agreement_id, self.drafted_by)
        if row.status == "ended":
            raise AgreementStateForbids
        if (self.text.consumer, self.text.provider, self.text.dataset) != (
            row.consumer_id,
            row.provider_id,
            row.dataset_id,
        ):
            raise PartiesFixed
        check_text(tx, self.text)
        text, sha256 = canonical_text(self.text)
        version = row.version + 1
        status = row.status if row.in_force else "draft"
        repository.write_agreement(tx, row._replace(version=version, status=status))
        repository.insert_version(tx, row.id, version, text, sha256, self.drafted_by, tx.now)
        _enter(tx, row, "agreement-version-drafted", version=version, sha256=sha256, by=self.drafted_by)
        return version


@dataclass(frozen=True, slots=True)
class ChangeStatus:
    """Suspend, resume or end. From the commit on no exchange is released under a suspended or ended agreement."""

    agreement_id: str
    agency_id: str
    action: Action
    reason: str | None = None

    def __post_init__(self) -> None:
        faults: list[dict[str, str]] = []
        check_reference(self.reason, "/reason", faults)
        if faults:
            raise InvalidRequest(errors=faults)

    def locks(self) -> Sequence[Lock]:
        return (
            Lock(AGENCY, self.agency_id, agency, share=True),
            Lock(AGREEMENT, self.agreement_id, agreement),
        )

    def apply(self, tx: Transaction) -> AgreementRow:
        must_be_active(tx, self.agency_id)
        row = of_party(tx, self.agreement_id, self.agency_id)
        if self.action == "suspend" and row.status == "in-force":
            row = row._replace(status="suspended", suspended_by=self.agency_id)
        elif self.action == "resume" and row.status == "suspended" and row.suspended_by == self.agency_id:
            row = row._replace(status="in-force", suspended_by=None)
        elif self.action == "end" and row.status != "ended":
            row = row._replace(status="ended", suspended_by=None)
        else:
            raise AgreementStateForbids
        repository.write_agreement(tx, row)
        _enter(tx, row, f"agreement-{row.status}", version=row.in_force, by=self.agency_id, reason=self.reason)
        return row


def must_be_active(tx: Transaction, agency_id: str) -> None:
    """Refuse what a suspended agency sent before it was stopped at the door; the caller has locked its row."""
    row = agencies.find_agency(tx, agency_id)
    if row is None or row.status != "active":
        raise ClientSuspended


def of_party(tx: Transaction, agreement_id: str, agency_id: str) -> AgreementRow:
    """The agreement, for one of its two agencies; `NoSuchAgreement` for anybody else."""
    row = repository.find(tx, agreement_id)
    if row is None or agency_id not in (row.consumer_id, row.provider_id):
        raise NoSuchAgreement
    return row


def _enter(tx: Transaction, row: AgreementRow, kind: str, **more: Any) -> None:
    event = {
        "kind": kind,
        "agreement": row.id,
        "consumer": row.consumer_id,
        "provider": row.provider_id,
        "dataset": row.dataset_id,
        **{name: value for name, value in more.items() if value is not None},
    }
    append(tx, event, (row.consumer_id, row.provider_id))
