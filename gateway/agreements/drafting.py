"""Intents that draft an agreement and its versions. Each leaves an entry."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import rfc8785

from gateway.agencies import repository as agencies
from gateway.agreements import repository
from gateway.agreements.errors import AgreementInvalid, AgreementStateForbids, PartiesFixed, TooManyDrafts
from gateway.agreements.party import OfParty, enter
from gateway.agreements.repository import AgreementRow
from gateway.agreements.terms import terms_of
from gateway.auth.actor import Actor
from gateway.catalogue import repository as catalogue
from gateway.clock import from_datetime
from gateway.db.intent import Lock, Transaction
from gateway.policy import covered, rests_on_consent
from gateway.subjects.identifiers import check_reference
from schemas.api.agreements import AgreementText
from schemas.records import field_paths

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

    by: Actor
    text: AgreementText

    def locks(self) -> Sequence[Lock]:
        return self.by.locks()

    def apply(self, tx: Transaction) -> str:
        self.by.must_be_active(tx)
        mine = self.by.agency_id
        if repository.open_drafts(tx, self.text.consumer, self.text.dataset, mine) >= MOST_OPEN_DRAFTS:
            raise TooManyDrafts
        check_text(tx, self.text)
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
        _write_version(tx, row, self.text, mine, "agreement-drafted")
        return row.id


@dataclass(frozen=True, slots=True)
class NewVersion(OfParty):
    """Draft the next version; the version in force stays in force until both have accepted the new one."""

    text: AgreementText

    def apply(self, tx: Transaction) -> int:
        row = self.agreement(tx)
        if row.status == "ended":
            raise AgreementStateForbids
        if (self.text.consumer, self.text.provider, self.text.dataset) != (*row.parties, row.dataset_id):
            raise PartiesFixed
        check_text(tx, self.text)
        row = row._replace(version=row.version + 1, status=row.status if row.in_force else "draft")
        repository.write_agreement(tx, row)
        _write_version(tx, row, self.text, self.by.agency_id, "agreement-version-drafted")
        return row.version


def _write_version(tx: Transaction, row: AgreementRow, text: AgreementText, by: str, kind: str) -> None:
    canonical, sha256 = canonical_text(text)
    repository.insert_version(tx, row.id, row.version, canonical, sha256, by, tx.now)
    enter(tx, row, kind, version=row.version, sha256=sha256, by=by)
