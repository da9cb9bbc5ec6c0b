"""Intents that draft an agreement and its versions. Each leaves an entry."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import rfc8785

from gateway.agreements import repository
from gateway.agreements.errors import AgreementInvalid, AgreementStateForbids, PartiesFixed, TooManyDrafts
from gateway.agreements.party import OfParty, enter
from gateway.agreements.repository import AgreementRow
from gateway.agreements.rules import catalogued, text_rules
from gateway.auth.actor import Actor
from gateway.db.intent import Lock, Transaction
from gateway.web.faults import of_values
from schemas.api.agreements import AgreementText

MOST_OPEN_DRAFTS = 20  # of one agency for one consumer and dataset


def canonical_text(text: AgreementText) -> tuple[str, str]:
    """(RFC 8785 JSON as served, its SHA-256 in hex)."""
    canonical = rfc8785.dumps(text.model_dump(mode="json"))
    return canonical.decode(), hashlib.sha256(canonical).hexdigest()


def check_text(tx: Transaction, text: AgreementText) -> None:
    """Refuse a text that contradicts itself or the catalogue, every fault at once."""
    faults = of_values(text_rules(text, catalogued(tx, text)))
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
