"""The same decision, dry: fetches nothing, consumes nothing, is entered, and is rate-limited by caller."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from gateway.agreements.refusing import reason_body
from gateway.auth.caller import Caller, ClientCaller
from gateway.clock import Clock
from gateway.db.intent import Lock, Transaction
from gateway.exchange.asking import Ask
from gateway.exchange.commit import index
from gateway.exchange.events import exchange_event
from gateway.exchange.facts import look
from gateway.exchange.rates import MOST_OF_A_PERSON, PerMinute, TooManyDecisions
from gateway.exchange.repository import ExchangeEntries
from gateway.exchange.service import Exchanges
from gateway.ledger.entry import Commitment, append
from gateway.policy import Permit, Refusal, Verdict, decide
from schemas.api.exchanges import AgreementRef, DecisionAnswer, ExchangeRequest, WithheldField
from schemas.api.problems import ReasonBody


@dataclass(frozen=True, slots=True)
class EnterDecision:
    """Enter a dry decision: both agencies may see that it was asked, and so may the person."""

    ask: Ask
    decision_id: str
    verdict: Verdict

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> Commitment:
        permit = self.verdict if isinstance(self.verdict, Permit) else None
        refusal = self.verdict if isinstance(self.verdict, Refusal) else None
        outcome = "permitted" if permit else "refused"
        event = exchange_event(self.ask, self.decision_id, outcome, kind="decision", permit=permit, refusal=refusal)
        consumer, provider = self.ask.consumer_id, self.ask.dataset.provider_id
        entry = append(tx, event, tuple(filter(None, (consumer, provider))))
        tx.batch(ExchangeEntries).add(entry.entry_id, self.decision_id, consumer, provider, "both")
        index(tx, self.ask, self.decision_id)
        return entry


@dataclass(slots=True)
class Decisions:
    """Dry decisions; `per_minute` a caller and gateway."""

    exchanges: Exchanges
    clock: Clock
    per_minute: int = 300
    _clients: PerMinute = field(init=False)
    _people: PerMinute = field(init=False)

    def __post_init__(self) -> None:
        self._clients = PerMinute(self.clock, self.per_minute, TooManyDecisions)
        self._people = PerMinute(self.clock, min(self.per_minute, MOST_OF_A_PERSON), TooManyDecisions)

    async def decide(self, caller: Caller, request: ExchangeRequest) -> DecisionAnswer:
        """What an exchange would be told now."""
        (self._clients if isinstance(caller, ClientCaller) else self._people).admit(caller.id)
        ask = await self.exchanges.ask(caller, request)
        case = await self.exchanges.store.read(look, self.clock, ask, "")
        verdict = decide(ask.asked, case.facts)
        await self.exchanges.store.commit(EnterDecision(ask, self.clock.new_id(), verdict))
        return _answer(verdict)


def _answer(verdict: Verdict) -> DecisionAnswer:
    agreement = None
    if verdict.agreement_id is not None and verdict.agreement_version is not None:
        agreement = AgreementRef(id=verdict.agreement_id, version=verdict.agreement_version)
    if isinstance(verdict, Permit):
        withheld = [WithheldField(field=w.field, reason=w.reason) for w in verdict.withheld]
        return DecisionAnswer(
            permitted=True,
            fields=sorted(verdict.fields),
            withheld=withheld,
            reasons=[],
            agreement=agreement,
            consent_id=verdict.consent_id,
        )
    reasons = [ReasonBody.model_validate(reason_body(reason)) for reason in verdict.reasons]
    return DecisionAnswer(
        permitted=False, fields=[], withheld=[], reasons=reasons, agreement=agreement, consent_id=verdict.consent_id
    )
