"""An agency records that it notified a person."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.agreements.foreseen import grounds_of, refuse_unless_permitted, terms_on
from gateway.agreements.tables import agreement
from gateway.auth.actor import Actor
from gateway.clock import to_iso
from gateway.db.intent import AGREEMENT, Lock, Transaction
from gateway.ledger.entry import append
from gateway.notices import repository
from gateway.notices.errors import NoticeNotAppropriate
from gateway.notices.repository import NoticeRow
from gateway.policy import NoticeFacts
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms


@dataclass(frozen=True, slots=True)
class RecordNotice:
    """Record that a person was notified: for purposes whose agreement asks for the signal `notified`."""

    by: Actor
    known_as: tuple[Pseudonyms, ...]
    dataset_id: str
    purpose: str
    notice_version: str
    channel: str
    given_at: int
    agreement_id: str

    def locks(self) -> Sequence[Lock]:
        return (
            *self.by.locks(),
            Lock(AGREEMENT, self.agreement_id, agreement, share=True),
        )

    def apply(self, tx: Transaction) -> NoticeRow:
        known = grounds_of(tx, self)
        terms_on(known, self.purpose, "notified", NoticeNotAppropriate)
        offered = known.dataset.fields if known.dataset else frozenset()
        fields = known.agreement.fields if known.agreement else offered
        notice = NoticeFacts(self.notice_version, self.given_at)
        refuse_unless_permitted(tx, self, known, fields, notice=notice)
        notice_id = tx.clock.new_id()
        event = {
            "kind": "notice-recorded",
            "notice": notice_id,
            "consumer": self.by.agency_id,
            "dataset": self.dataset_id,
            "purpose": self.purpose,
            "noticeVersion": self.notice_version,
            "channel": self.channel,
            "givenAt": to_iso(self.given_at),
        }
        entry = append(tx, event, (self.by.agency_id, known.row.provider_id if known.row else self.by.agency_id))
        row = NoticeRow(
            notice_id,
            subjects.ensure(tx, self.known_as),
            self.by.agency_id,
            self.dataset_id,
            self.purpose,
            self.notice_version,
            self.channel,
            self.given_at,
            tx.now,
            entry.entry_id,
        )
        repository.add(tx, row)
        return row
