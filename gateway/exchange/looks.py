"""The look before the fetch, cheap where it can be: what seldom changes is kept a moment, the rest is one look-up.

Kept are status, dataset, agreement and its counts. Nothing is released on their word: the commit reads all of it
afresh under lock. Nor is anything refused on it before the fetch: such a refusal is decided again on facts read now,
so that whoever has just agreed, consented or been reactivated is never told of yesterday.

Near a limit what this gateway has under way counts too: permitted, and not yet committed. Of other gateways' nothing
is known until then.
"""

import asyncio
from dataclasses import dataclass, field, replace
from types import TracebackType

from gateway.agreements import repository as agreements
from gateway.agreements.grounds import Grounds
from gateway.agreements.usage import UnderWay
from gateway.clock import Clock
from gateway.consent.repository import Wanted, current
from gateway.db.errors import StorageUnavailable
from gateway.db.store import Store
from gateway.exchange.asking import Ask
from gateway.exchange.facts import Case, case_of, look, schemes_of, whose
from gateway.policy import AgreementFacts, Permit, Refusal, Usage, Verdict, decide
from gateway.subjects.repository import resolution

_KEEP = 100_000
"""Microseconds. For three times that a source may still be read after a suspension; nothing of it is released."""
_MOST = 10_000
_ROOM = 1_000
"""Counts are kept only while so many fetches are left that no moment uses them up."""
_LINGER = 1.0
"""Seconds for which a fetch is held to be under way whose asker was cancelled, or told that the database does not
answer: its commit may be."""
_TRIES = 3
_Key = tuple[str, str, str]


@dataclass(slots=True)
class _Held:
    """One fetch under way, while what is within `with` runs."""

    under_way: UnderWay
    agreement_id: str
    repeat: bool

    def __enter__(self) -> None:
        self.under_way.begin(self.agreement_id, repeat=self.repeat)

    def __exit__(self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None) -> None:
        if kind is not None and issubclass(kind, asyncio.CancelledError | StorageUnavailable):
            asyncio.get_running_loop().call_later(_LINGER, self._end)
        else:
            self._end()

    def _end(self) -> None:
        self.under_way.end(self.agreement_id, repeat=self.repeat)


@dataclass(slots=True)
class Looks:
    """Looks at the facts before a fetch."""

    store: Store
    clock: Clock
    _kept: dict[_Key, tuple[int, Grounds, Usage]] = field(default_factory=dict)
    _under_way: UnderWay = field(default_factory=UnderWay)

    async def decide(self, ask: Ask, exchange_id: str, *, repeat: bool = False) -> tuple[Case, Verdict]:
        """The verdict before the fetch, and the facts that it rests on. What a permit opens is to be `held` before
        anything else is awaited: the next look counts it."""
        seldom = ask.confirm or ask.beside or ask.request_once or not ask.client_id
        known = None if seldom else self._known(ask)
        if known is not None:
            case = await self._glance(ask, *known, repeat=repeat)
            verdict = decide(ask.asked, case.facts)
            if not isinstance(verdict, Refusal):
                return case, verdict
        ended = self._under_way.ended
        case = await self.store.read(look, self.clock, ask, exchange_id, repeat=repeat)
        if known is None and ask.client_id and not ask.confirm:
            self._keep(ask, case)
        verdict = decide(ask.asked, case.facts)
        agreement, usage = case.facts.agreement, case.facts.usage
        crossed = self._under_way.ended - ended
        if isinstance(verdict, Permit) and agreement and usage and self._room(agreement, usage) <= crossed:
            usage = await self._counted(agreement)
            case = replace(case, facts=replace(case.facts, usage=usage))
            verdict = decide(ask.asked, case.facts)
        return case, verdict

    async def _counted(self, agreement: AgreementFacts) -> Usage:
        """What is used, with what is under way: read once more where something ended meanwhile, but not for ever."""
        for _ in range(_TRIES):
            ended = self._under_way.ended
            row = await self.store.read(agreements.usage_row, agreement.id)
            if self._under_way.ended == ended:
                break
        return self._under_way.beside(row, agreement.id, self.clock.now(), agreement.per_minute)

    def held(self, permit: Permit, *, repeat: bool) -> _Held:
        """From the permit until its commit has ended; a person's look at their own record has no limits."""
        return _Held(self._under_way, permit.agreement_id or "", repeat)

    def _room(self, agreement: AgreementFacts, usage: Usage) -> int:
        """How many fetches are surely left, beside those under way."""
        left = min(agreement.per_minute - usage.in_minute, agreement.per_day - usage.in_day)
        return left - sum(self._under_way.of(agreement.id))

    def forget(self, ask: Ask) -> None:
        """The commit refused what the look permitted: what is kept is out of date."""
        self._kept.pop((ask.client_id, ask.dataset.id, ask.asked.purpose), None)

    async def _glance(self, ask: Ask, known: Grounds, usage: Usage, *, repeat: bool) -> Case:
        wanted = Wanted(
            tuple(digest for one in ask.known_as for digest in one.digests),
            ask.consumer_id,
            ask.dataset.id,
            ask.asked.purpose,
        )
        found = await self.store.look_up(current, wanted)
        mine = whose(ask, lambda known_as: resolution(known_as, found.subjects))
        theirs = schemes_of(mine, found.consent.subject_id) if found.consent else frozenset()
        return case_of(self.clock.now(), known, usage, found.consent, theirs=theirs, repeat=repeat)

    def _known(self, ask: Ask) -> tuple[Grounds, Usage] | None:
        key = (ask.client_id, ask.dataset.id, ask.asked.purpose)
        kept = self._kept.get(key)
        if kept is None:
            return None
        now = self.clock.now()
        if kept[0] > now:
            return kept[1], kept[2]
        if kept[0] + _KEEP > now:
            # One asker reads afresh; whoever comes meanwhile still goes by what is kept.
            self._kept[key] = (now + _KEEP, kept[1], kept[2])
        else:
            del self._kept[key]
        return None

    def _keep(self, ask: Ask, case: Case) -> None:
        """Keep what was found, unless a limit is near or the purpose asks for more than a consent."""
        agreement, usage = case.facts.agreement, case.facts.usage
        terms = agreement.purposes.get(ask.asked.purpose) if agreement else None
        if agreement is None or usage is None or terms is None or terms.signal == "notified":
            return
        if self._room(agreement, usage) < _ROOM:
            return
        if len(self._kept) >= _MOST:
            self._kept.clear()
        key = (ask.client_id, ask.dataset.id, ask.asked.purpose)
        self._kept[key] = (case.facts.now + _KEEP, case.grounds, usage)
