"""The room's verb: record a notice."""

from collections.abc import Iterator
from dataclasses import dataclass

from gateway.agreements.foreseen import agreement_for
from gateway.auth.caller import Caller, ClientCaller
from gateway.catalogue.naming import named, unknown_dataset
from gateway.catalogue.repository import DatasetRow
from gateway.clock import DAY, MICROSECONDS, Clock, from_datetime, to_iso
from gateway.db.store import Store
from gateway.notices.recording import RecordNotice
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.subjects.identifiers import first_of, schemes_twice
from gateway.subjects.pseudonym import pseudonyms
from gateway.web.faults import Fault, Rules, fault
from schemas.api.consents import Notice, NoticeBody

OLDEST_YEARS = 10
_OLDEST = OLDEST_YEARS * 366 * DAY
_SKEW = 60 * MICROSECONDS
"""An agency's clock may be ahead; what it gave a moment ago was given by now."""


def notice_rules(body: NoticeBody, dataset: DatasetRow | None, *, now: int) -> Rules:
    """What the shape of a notice alone cannot show (`gateway.web.faults`)."""
    yield unknown_dataset(body, dataset)
    yield schemes_twice(body)
    yield _when(body, now)


def _when(body: NoticeBody, now: int) -> Iterator[Fault]:
    """Not yet, or so long ago that it is a slip or a placeholder: nobody remembers it. Older than the agreement it
    may be, as where one follows another and the notice still stands."""
    if from_datetime(body.given_at) > now + _SKEW:
        yield fault(("givenAt",), "it lies in the future: record a notice once it was given")
    if from_datetime(body.given_at) < now - _OLDEST:
        yield fault(("givenAt",), f"a notice of more than {OLDEST_YEARS} years ago opens nothing: give it anew")


@dataclass(frozen=True, slots=True)
class Notices:
    """What agencies say that people were told."""

    store: Store
    clock: Clock
    pseudonyms: PseudonymKeys

    async def record(self, caller: ClientCaller, body: NoticeBody) -> Notice:
        """An agency records that it notified a person."""
        agreement_id = await agreement_for(self.store, self.clock, caller.agency_id, body, self._rules)
        known_as = pseudonyms(self.pseudonyms, first_of(body))
        row = await self.store.commit(
            RecordNotice(
                caller.actor,
                known_as,
                body.dataset,
                body.purpose,
                body.notice_version,
                body.channel,
                min(from_datetime(body.given_at), self.clock.now()),
                agreement_id,
            )
        )
        return Notice(
            id=row.id,
            dataset=row.dataset_id,
            purpose=row.purpose,
            notice_version=row.notice_version,
            channel=row.channel,
            given_at=to_iso(row.given_at),
        )

    async def rules(self, _: Caller, body: NoticeBody) -> Rules:
        """Of a body that is not whole."""
        return self._rules(body, await self.store.read(named, body))

    def _rules(self, body: NoticeBody, dataset: DatasetRow | None) -> Rules:
        return notice_rules(body, dataset, now=self.clock.now())
