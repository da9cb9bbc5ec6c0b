"""The main job, from top to bottom: decide, fetch, minimise, commit, reply."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

import rfc8785

from adapters.base import Query
from gateway.agreements.refusing import limits_reached, refused
from gateway.auth.caller import Caller, ClientCaller
from gateway.auth.errors import PersonTokenRefused, ProofInvalid
from gateway.auth.explicit import PersonRequest, PersonRequests
from gateway.catalogue.errors import NoSuchDataset
from gateway.catalogue.naming import named
from gateway.catalogue.repository import DatasetRow
from gateway.clock import MICROSECONDS, Clock
from gateway.consent.linking import seen
from gateway.db.errors import StorageUnavailable
from gateway.db.store import Store
from gateway.errors import GatewayError, InvalidRequest, SourceFault, Unavailable
from gateway.exchange.asking import Ask, ask, explicit_form, rules
from gateway.exchange.commit import CommitExchange, Committed, EnterFault, Entering, EnterRefusal
from gateway.exchange.confirming import paths_to_confirm
from gateway.exchange.errors import SourceMalformed
from gateway.exchange.idempotency import LetKeyGo, TakeKey, Taken
from gateway.exchange.looks import Looks
from gateway.exchange.minimise import Minimised, minimise
from gateway.exchange.rates import MOST_REFUSED, PerMinute, TooManyRefusals
from gateway.exchange.reply import Replier, Reply
from gateway.exchange.sources import Sources
from gateway.policy import Permit, Refusal
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.telemetry.log import logger, where
from gateway.telemetry.metrics import Metrics
from gateway.web.faults import Fault, Rules, of_values
from schemas.api.exchanges import ExchangeRequest
from schemas.identifiers import looks_like_identifier

_CATALOGUE_FOR = MICROSECONDS
"""How long a dataset's row is kept for the look before the fetch; the commit reads it afresh."""


@dataclass(slots=True)
class Exchanges:
    """Brokers exchanges. One an app."""

    store: Store
    clock: Clock
    sources: Sources
    pseudonyms: PseudonymKeys
    replier: Replier
    metrics: Metrics
    requests: PersonRequests
    _datasets: dict[str, tuple[int, DatasetRow]] = field(default_factory=dict)
    _looks: Looks = field(init=False)
    _refusals: PerMinute = field(init=False)

    def __post_init__(self) -> None:
        self._looks = Looks(self.store, self.clock)
        self._refusals = PerMinute(self.clock, MOST_REFUSED, TooManyRefusals)

    async def exchange(self, caller: Caller, request: ExchangeRequest, key: str | None = None) -> Reply:
        """One record, minimised to what law, agreement and person allow; or an error that says why not."""
        asked = await self.ask(caller, request)
        asked, taken = await self._take(caller, asked, request, key)
        asked, permit = await self._decide(asked, taken, key)
        if self.store.late:  # what is read now could not be entered
            raise StorageUnavailable
        with self._looks.held(permit, repeat=taken.repeat):
            found, fetched_at = await self._fetch(asked, taken, permit, key)
            done = await self._commit(
                CommitExchange(
                    asked, taken.exchange_id, permit, found.found, self.replier.receipts, key, found.found_by
                )
            )
        return self._reply(asked, taken, found, fetched_at, done)

    async def ask(self, caller: Caller, request: ExchangeRequest) -> Ask:
        """What is asked; a person is seen by it. `NoSuchDataset` where the catalogue knows none of this id;
        `PersonTokenRefused`."""
        own = await self._own(caller, request) if request.explicit_request is not None else None
        dataset = await self._dataset(request)
        asked = ask(request, caller, dataset, self.pseudonyms, own)
        if asked.asked.by_person:
            await seen(self.store, asked.known_as)
        return asked

    async def rules(self, caller: Caller, request: ExchangeRequest) -> Rules:
        """Of a request that is not whole (`gateway.web.faults`)."""
        dataset = await self.store.read(named, request)
        token = await self._token_faults(caller, request)
        confirmed = isinstance(caller, ClientCaller)
        return chain((explicit_form(request), token), rules(request, dataset, confirmed=confirmed))

    async def _own(self, caller: Caller, request: ExchangeRequest) -> PersonRequest | None:
        """The person's own request, if its token was shown. Raises `PersonTokenRefused`, or every fault with it."""
        explicit = request.explicit_request
        if explicit is None or explicit.person_token is None:
            return None
        try:
            return await self.requests.verify(explicit.person_token, caller)
        except PersonTokenRefused:
            faults = of_values(await self.rules(caller, request))
            if len(faults) > 1:
                raise InvalidRequest(errors=faults) from None
            raise

    async def _token_faults(self, caller: Caller, request: ExchangeRequest) -> Iterator[Fault]:
        """Of a token that is sound as text; while its issuer's keys cannot be had, nothing is said of it."""
        explicit = getattr(request, "explicit_request", None)
        token = getattr(explicit, "person_token", None)
        if token is not None:
            try:
                await self.requests.verify(token, caller)
            except PersonTokenRefused as refused:
                return iter(refused.members["errors"])
            except Unavailable:
                pass
        return iter(())

    async def _dataset(self, request: ExchangeRequest) -> DatasetRow:
        now = self.clock.now()
        kept = self._datasets.get(request.dataset)
        if kept is not None and kept[0] > now:
            return kept[1]
        row = await self.store.read(named, request)
        if row is None:
            faults = of_values(rules(request, None, confirmed=False))
            raise InvalidRequest(errors=faults) if len(faults) > 1 else NoSuchDataset
        self._datasets[row.id] = (now + _CATALOGUE_FOR, row)
        return row

    async def _take(self, caller: Caller, asked: Ask, request: ExchangeRequest, key: str | None) -> tuple[Ask, Taken]:
        """Under which id it goes, and under which name the caller holds the key, which the commit looks for."""
        exchange_id = self.clock.new_id()
        if key is None:
            return asked, Taken(exchange_id, False, asked.caller_id)
        if looks_like_identifier(key):
            raise InvalidRequest("the Idempotency-Key looks like an identifier of a person; use a random one")
        body = rfc8785.dumps(request.model_dump(mode="json", by_alias=True))
        macs = tuple(mac for _, mac in self.pseudonyms.digest("idempotent-body", body.decode()))
        callers = (caller.id,) if isinstance(caller, ClientCaller) else caller.ids
        taken = await self.store.commit(TakeKey(callers, key, macs, exchange_id))
        if taken.caller_id != asked.caller_id:
            asked = replace(asked, caller_id=taken.caller_id)
        return asked, taken

    async def _decide(self, asked: Ask, taken: Taken, key: str | None) -> tuple[Ask, Permit]:
        """The permit, and by what it lets the source be asked."""
        case, verdict = await self._looks.decide(asked, taken.exchange_id, repeat=taken.repeat)
        if isinstance(verdict, Permit):
            return case.permitted(asked), verdict
        await self._may_be_refused(asked, taken, key)
        done = await self._commit(EnterRefusal(asked, taken.exchange_id, verdict, key))
        raise self._error(asked, taken, replace(done, members=limits_reached(verdict, case.facts)))

    async def _may_be_refused(self, asked: Ask, taken: Taken, key: str | None) -> None:
        """Raises `TooManyRefusals`: no limit of an agreement bounds what asks no source. All requests of a person
        are counted, by the route."""
        if asked.asked.by_person:
            return
        try:
            self._refusals.admit(asked.caller_id)
        except TooManyRefusals as error:
            if key is not None:
                await self.store.commit(LetKeyGo(taken, key))
            self._count(asked, error.code)
            raise

    async def _fetch(self, asked: Ask, taken: Taken, permit: Permit, key: str | None) -> tuple[Minimised, int]:
        try:
            source = self.sources.of(asked.dataset.adapter)
            wanted = permit.fields | paths_to_confirm(asked)
            query = Query(asked.identifiers, wanted, taken.exchange_id, source.deadline)
            started = time.perf_counter()
            try:
                record = await source.fetch(query)
            finally:
                self.metrics.source_took(asked.dataset.id, time.perf_counter() - started)
            fetched_at = self.clock.now()
            return minimise(asked, record, permit.fields, source.origin_of), fetched_at
        except SourceFault as fault:
            raise await self._failed(asked, taken, permit, fault, key) from None
        except Exception as error:  # of a record that is none: an adapter may hand in anything
            unreadable = SourceMalformed().seen_as(**where(error))
            raise await self._failed(asked, taken, permit, unreadable, key) from None

    async def _failed(
        self, asked: Ask, taken: Taken, permit: Permit, fault: SourceFault, key: str | None
    ) -> GatewayError:
        at = {"adapter": asked.dataset.adapter, "dataset": asked.dataset.id, "exchangeId": taken.exchange_id}
        logger("source").warning("source failed", fault=fault.code, **at, **fault.seen)
        if not fault.asked:
            await self._may_be_refused(asked, taken, key)
        done = await self._commit(EnterFault(asked, taken.exchange_id, permit, fault.code, fault.asked, key))
        if done.outcome == "replayed":
            return self._error(asked, taken, done)
        fault.members["exchangeId"] = taken.exchange_id
        self._count(asked, fault.code)
        return fault

    async def _commit(self, entering: Entering) -> Committed:
        """Handed over before anything is awaited, so a caller who hangs up cancels nothing."""
        return await self.store.commit(entering)

    def _reply(self, asked: Ask, taken: Taken, found: Minimised, fetched_at: int, done: Committed) -> Reply:
        if done.outcome not in ("released", "not-held"):
            raise self._error(asked, taken, done)
        self._count(asked, done.outcome)
        return self.replier.reply(asked, taken, found, fetched_at, done)

    def _error(self, asked: Ask, taken: Taken, done: Committed) -> GatewayError:
        self._looks.forget(asked)
        self._count(asked, done.outcome)
        if done.outcome == "replayed":
            return ProofInvalid("the proof was used before")
        assert isinstance(done.refusal, Refusal)
        return refused(done.refusal, done.at, exchangeId=taken.exchange_id, **done.members)

    def _count(self, asked: Ask, outcome: str) -> None:
        self.metrics.exchange_ended(asked.dataset.id, outcome)
