"""An agency asks a person for consent."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.agreements.foreseen import grounds_of, refuse_unless_permitted, terms_on
from gateway.agreements.grounds import Grounds
from gateway.agreements.tables import agreement, agreement_usage
from gateway.auth.actor import Actor
from gateway.clock import DAY, MICROSECONDS
from gateway.consent import repository
from gateway.consent.errors import AskedTooOften, NotConsentable, TooManyOpenRequests
from gateway.consent.repository import OPEN_FOR, ConsentRow
from gateway.db.intent import AGREEMENT, COUNTER, Lock, Transaction
from gateway.ledger.entry import Commitment, append
from gateway.policy import ConsentFacts
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms

MOST_OPEN = 20
"""Requests that an agency may have open with one person under one agreement."""
MOST_DECLINED = 3
"""How often in 24 hours a person says No to an agency, for one dataset and purpose, before it has to wait."""


@dataclass(frozen=True, slots=True)
class RequestConsent:
    """Ask. Refused, by the very policy of the exchange, where a granted consent would not be enough to exchange.

    What is asked already, in all that the person would decide by, is not asked twice: that request is the answer.
    Requests under one agreement are taken one after another, by the lock on its counter, as its fetches are: so two
    gateways never both find that there is room, or nothing to match.
    """

    by: Actor
    known_as: tuple[Pseudonyms, ...]
    dataset_id: str
    purpose: str
    required: frozenset[str]
    optional: frozenset[str]
    valid_days: int
    max_uses: int | None
    agreement_id: str
    case_reference: str | None = None

    def locks(self) -> Sequence[Lock]:
        return (
            *self.by.locks(),
            Lock(AGREEMENT, self.agreement_id, agreement, share=True),
            Lock(COUNTER, self.agreement_id, agreement_usage),
        )

    def apply(self, tx: Transaction) -> ConsentRow:
        known = grounds_of(tx, self)
        self._check(tx, known)
        assert known.agreement is not None
        assert known.row is not None
        terms = known.agreement.purposes[self.purpose]
        assert terms.authority is not None
        row = ConsentRow(
            id=tx.clock.new_id(),
            subject_id=subjects.ensure(tx, self.known_as),
            consumer_id=self.by.agency_id,
            provider_id=known.row.provider_id,
            client_id=self.by.client_id,
            dataset_id=self.dataset_id,
            purpose=self.purpose,
            agreement_id=known.agreement.id,
            agreement_version=known.agreement.version,
            legal_power=terms.authority.legal_power,
            terms=terms.digest,
            required=json.dumps(sorted(self.required)),
            optional=json.dumps(sorted(self.optional)),
            chosen="[]",
            status="requested",
            valid_days=self.valid_days,
            max_uses=self.max_uses,
            uses=0,
            requested_at=tx.now,
            decided_at=None,
            expires_at=None,
            revoked_at=None,
            evidence=None,
            entry_id=None,
        )
        asked = repository.asked(tx, row, since=tx.now - OPEN_FOR)
        waiting = [one for one in asked if one.status == "requested" and one.agreement_id == row.agreement_id]
        for one in waiting:
            if _question(one) == _question(row):
                return one
        if len(waiting) >= MOST_OPEN:
            raise TooManyOpenRequests
        _heed(asked, row.purpose, tx.now)
        repository.add(tx, row)
        more = {"caseReference": self.case_reference} if self.case_reference else {}
        enter(
            tx, row, "consent-requested", fields=sorted(self.required), optionalFields=sorted(self.optional), **more
        )
        return row

    def _check(self, tx: Transaction, known: Grounds) -> None:
        fields = self.required | self.optional
        terms = terms_on(known, self.purpose, "consent", NotConsentable)
        until, digest = tx.now + self.valid_days * DAY, terms.digest if terms else ""
        granted = ConsentFacts("", "active", fields, frozenset(), until, terms=digest)
        refuse_unless_permitted(tx, self, known, fields, consent=granted)


def _heed(asked: Sequence[ConsentRow], purpose: str, now: int) -> None:
    """Raises `AskedTooOften` where the person has said No to it that often today."""
    said = (one.decided_at for one in asked if one.status == "declined" and one.purpose == purpose)
    today = sorted(at for at in said if at is not None and at > now - DAY)
    if len(today) >= MOST_DECLINED:
        wait = today[-MOST_DECLINED] + DAY - now
        raise AskedTooOften(headers={"Retry-After": str(-(-wait // MICROSECONDS))})


def _question(row: ConsentRow) -> tuple[object, ...]:
    """What the person is asked, by one agency under one agreement."""
    return (row.purpose, row.terms, row.required, row.optional, row.valid_days, row.max_uses)


def enter(tx: Transaction, row: ConsentRow, kind: str, **more: Any) -> Commitment:
    """A consent's entry: who, what, why; never whose."""
    event = {
        "kind": kind,
        "consentId": row.id,
        "consumer": row.consumer_id,
        "provider": row.provider_id,
        "dataset": row.dataset_id,
        "purpose": row.purpose,
        "agreement": {"id": row.agreement_id, "version": row.agreement_version},
        **more,
    }
    entry = append(tx, event, (row.consumer_id, row.provider_id))
    repository.add_entry(tx, entry.entry_id, row.id)
    return entry
