"""The main job, from top to bottom: decide, fetch, minimise, commit, reply."""

import asyncio
from dataclasses import dataclass, field

import rfc8785

from adapters.base import Query
from gateway.agreements.refusing import refused
from gateway.auth.caller import Caller
from gateway.auth.errors import ProofInvalid
from gateway.catalogue import repository as catalogue
from gateway.catalogue.errors import NoSuchDataset
from gateway.catalogue.repository import DatasetRow
from gateway.clock import MICROSECONDS, Clock
from gateway.db.store import Store
from gateway.errors import GatewayError, InvalidRequest, SourceFault
from gateway.exchange.asking import Ask, ask, check_reference
from gateway.exchange.commit import CommitExchange, Committed, EnterFault, Entering, EnterRefusal
from gateway.exchange.confirming import paths_to_confirm
from gateway.exchange.facts import Case, look
from gateway.exchange.idempotency import TakeKey, Taken
from gateway.exchange.minimise import Minimised, minimise
from gateway.exchange.reply import Replier, Reply
from gateway.exchange.sources import Sources
from gateway.policy import Permit, Refusal, decide
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.telemetry.metrics import Metrics
from schemas.api.exchanges import ExchangeRequest

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
    _datasets: dict[str, tuple[int, DatasetRow]] = field(default_factory=dict)
    _committing: set[asyncio.Task[Committed]] = field(default_factory=set)

    async def exchange(self, caller: Caller, request: ExchangeRequest, key: str | None = None) -> Reply:
        """One record, minimised to what law, agreement and person allow; or an error that says why not."""
        asked = await self.ask(caller, request)
        taken = await self._take(asked, request, key)
        case = await self.store.read(look, self.clock, asked, repeat=taken.repeat)
        permit = await self._decide(asked, taken, case, key)
        found, fetched_at = await self._fetch(asked, taken, permit, key)
        done = await self._commit(CommitExchange(asked, taken.exchange_id, permit, found.found, key))
        return self._reply(asked, taken, found, fetched_at, done)

    async def ask(self, caller: Caller, request: ExchangeRequest) -> Ask:
        """What is asked. `NoSuchDataset` where the catalogue knows none of this id."""
        return ask(request, caller, await self._dataset(request.dataset), self.pseudonyms)

    async def _dataset(self, dataset_id: str) -> DatasetRow:
        now = self.clock.now()
        kept = self._datasets.get(dataset_id)
        if kept is not None and kept[0] > now:
            return kept[1]
        row = await self.store.read(catalogue.find, dataset_id)
        if row is None:
            raise NoSuchDataset
        self._datasets[dataset_id] = (now + _CATALOGUE_FOR, row)
        return row

    async def _take(self, asked: Ask, request: ExchangeRequest, key: str | None) -> Taken:
        exchange_id = self.clock.new_id()
        if key is None:
            return Taken(exchange_id, False)
        faults: list[dict[str, str]] = []
        check_reference(key, "", faults)
        if faults:
            raise InvalidRequest("the Idempotency-Key looks like an identifier of a person; use a random one")
        body = rfc8785.dumps(request.model_dump(mode="json", by_alias=True))
        mac = self.pseudonyms.digest("idempotent-body", body.decode())[0][1]
        return await self.store.commit(TakeKey(asked.caller_id, key, mac, exchange_id))

    async def _decide(self, asked: Ask, taken: Taken, case: Case, key: str | None) -> Permit:
        verdict = decide(asked.asked, case.facts)
        if isinstance(verdict, Permit):
            return verdict
        done = await self._commit(EnterRefusal(asked, taken.exchange_id, verdict, key))
        raise self._error(asked, taken, done)

    async def _fetch(self, asked: Ask, taken: Taken, permit: Permit, key: str | None) -> tuple[Minimised, int]:
        try:
            source = self.sources.of(asked.dataset.adapter)
            wanted = permit.fields | paths_to_confirm(asked)
            query = Query(asked.identifiers, wanted, taken.exchange_id, source.deadline)
            record = await source.fetch(query)
            fetched_at = self.clock.now()
            return minimise(asked, record, permit.fields), fetched_at
        except SourceFault as fault:
            done = await self._commit(EnterFault(asked, taken.exchange_id, permit, fault.code, key))
            if done.outcome == "replayed":
                raise self._error(asked, taken, done) from None
            fault.members["exchangeId"] = taken.exchange_id
            self._count(asked, fault.code)
            raise

    async def _commit(self, entering: Entering) -> Committed:
        """A caller who hangs up cancels nothing: what was fetched is entered all the same."""
        task = asyncio.ensure_future(self.store.commit(entering))
        self._committing.add(task)
        task.add_done_callback(self._committing.discard)
        return await asyncio.shield(task)

    def _reply(self, asked: Ask, taken: Taken, found: Minimised, fetched_at: int, done: Committed) -> Reply:
        if done.outcome not in ("released", "not-held"):
            raise self._error(asked, taken, done)
        self._count(asked, done.outcome)
        return self.replier.reply(asked, taken, found, fetched_at, done)

    def _error(self, asked: Ask, taken: Taken, done: Committed) -> GatewayError:
        self._count(asked, done.outcome)
        if done.outcome == "replayed":
            return ProofInvalid("the proof was used before")
        assert isinstance(done.refusal, Refusal)
        return refused(done.refusal, done.at, exchangeId=taken.exchange_id)

    def _count(self, asked: Ask, outcome: str) -> None:
        self.metrics.exchanges.labels(asked.dataset.id, outcome).inc()
