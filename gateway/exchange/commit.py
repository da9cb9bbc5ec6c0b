"""The commit: decide again on facts read under lock, count, enter. Nothing leaves before that is durable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from gateway.agencies.tables import agency, client
from gateway.agreements.grounds import look_ahead
from gateway.agreements.refusing import limits_reached
from gateway.agreements.tables import agreement, agreement_usage
from gateway.agreements.usage import UsageBook
from gateway.auth.once import Proofs
from gateway.catalogue.tables import dataset
from gateway.consent.linking import link_person
from gateway.consent.repository import HeldConsents, Uses
from gateway.consent.tables import consent
from gateway.db.intent import AGENCY, AGREEMENT, CLIENT, CONSENT, COUNTER, DATASET, Lock, Transaction
from gateway.exchange import repository
from gateway.exchange.asking import Ask
from gateway.exchange.confirming import confirmation_ids, one_more
from gateway.exchange.events import exchange_event
from gateway.exchange.facts import Case, look_again, signal_of
from gateway.exchange.minimise import Found
from gateway.exchange.receipts import receipt
from gateway.exchange.repository import Confirmations, ExchangeEntries, OwnRequests
from gateway.ledger.entry import Commitment, append
from gateway.policy import Permit, Reason, Refusal, both, decide
from gateway.receipts.issue import ReceiptIssuer
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms
from gateway.subjects.repository import Index, Resolution

Outcome = Literal["released", "not-held", "refused", "not-confirmed", "replayed", "source-fault"]


@dataclass(frozen=True, slots=True)
class Committed:
    """What was entered, and may now be told. `entry` is None only for a replayed proof that read nothing.

    `members` stand in the problem of a refusal besides its reasons.
    """

    outcome: Outcome
    at: int
    entry: Commitment | None
    permit: Permit | None = None
    refusal: Refusal | None = None
    repeated: bool = False
    members: Mapping[str, Any] = field(default_factory=dict)
    receipt: str = ""


@dataclass(frozen=True, slots=True)
class EnterRefusal:
    """Enter a refusal that was decided before any fetch."""

    ask: Ask
    exchange_id: str
    refusal: Refusal
    idempotency_key: str | None = None

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> Committed:
        if self.idempotency_key:
            repository.finish_key(tx, self.ask.caller_id, self.idempotency_key, released=_released(tx, self))
        if not _claim(tx, self.ask):
            return Committed("replayed", tx.now, None)
        entry = _enter(tx, self.ask, self.exchange_id, "refused", refusal=self.refusal, fetched=False)
        return Committed("refused", tx.now, entry, refusal=self.refusal)


@dataclass(frozen=True, slots=True)
class EnterFault:
    """Enter that the source failed; the fetch counts if it was asked."""

    ask: Ask
    exchange_id: str
    permit: Permit
    fault: str
    asked: bool
    idempotency_key: str | None = None

    def locks(self) -> Sequence[Lock]:
        return _counter(self.permit)

    def apply(self, tx: Transaction) -> Committed:
        repeat = _released(tx, self)
        if self.idempotency_key:
            repository.finish_key(tx, self.ask.caller_id, self.idempotency_key, released=repeat)
        if self.asked:
            _count_fetch(tx, self.permit, repeat)
        fresh = _claim(tx, self.ask)
        more: dict[str, Any] = {"fetched": self.asked, "fault": self.fault}
        if not fresh:
            more["replayedProof"] = True
        entry = _enter(tx, self.ask, self.exchange_id, "source-fault", permit=self.permit, **more)
        return Committed("source-fault" if fresh else "replayed", tx.now, entry, permit=self.permit)


@dataclass(frozen=True, slots=True)
class CommitExchange:
    """Decide again about what was fetched, and enter what comes of it.

    `found_by`: the schemes of those identifiers that the record carries. `issuer` signs the receipt of what is then
    told.
    """

    ask: Ask
    exchange_id: str
    first: Permit
    found: Found
    issuer: ReceiptIssuer
    idempotency_key: str | None = None
    found_by: frozenset[str] = frozenset()

    def locks(self) -> Sequence[Lock]:
        ask = self.ask
        locks = [
            Lock(AGENCY, ask.dataset.provider_id, agency, share=True),
            Lock(DATASET, ask.dataset.id, dataset, share=True),
            *_counter(self.first),
        ]
        if ask.client_id:
            locks += [
                Lock(CLIENT, ask.client_id, client, share=True),
                Lock(AGENCY, ask.consumer_id, agency, share=True),
            ]
        if self.first.consent_id:
            locks.append(Lock(CONSENT, self.first.consent_id, consent))
        return locks

    def foresee(self, tx: Transaction) -> None:
        """What `apply` will look up."""
        subjects.want(tx, self.ask.known_as)
        if self.first.consent_id:
            tx.batch(HeldConsents).want((self.first.consent_id,))
        if self.ask.confirm:
            tx.batch(Confirmations).want(confirmation_ids(self.ask))
        if tx.ahead is not None:
            ask = self.ask
            look_ahead(tx.ahead, ask.client_id, ask.dataset.id, ask.dataset.provider_id, self.first.agreement_id)

    def apply(self, tx: Transaction) -> Committed:
        repeat = _released(tx, self)
        fresh = _claim(tx, self.ask)
        case = look_again(tx, self.ask, self.first, repeat=repeat)
        second = decide(self.ask.asked, case.facts)
        if fresh and isinstance(second, Permit) and not self._use_request(tx, case):
            second = decide(self.ask.asked, replace(case.facts, request_used=True))
        _count_fetch(tx, self.first, repeat)
        done = self._conclude(tx, case, second, repeat, fresh)
        if self.idempotency_key:
            released = repeat or done.outcome == "released"
            repository.finish_key(tx, self.ask.caller_id, self.idempotency_key, released=released)
        return done

    def afterwards(self, done: Committed) -> Committed:
        """Its receipt, now that the entry is durable."""
        if done.outcome not in ("released", "not-held") or done.entry is None or done.permit is None:
            return done
        outcome = "repeated" if done.repeated else done.outcome
        signed = receipt(self.issuer, self.ask, self.exchange_id, outcome, done.permit, done.entry, done.at)
        return replace(done, receipt=signed)

    def _conclude(
        self, tx: Transaction, case: Case, second: Permit | Refusal, repeat: bool, fresh: bool
    ) -> Committed:
        if not fresh:
            entry = self._entry(tx, "replayed", permit=self.first, replayedProof=True)
            return Committed("replayed", tx.now, entry)
        if isinstance(second, Refusal):
            entry = self._entry(tx, "refused", refusal=second)
            return Committed("refused", tx.now, entry, refusal=second, members=limits_reached(second, case.facts))
        permit = both(self.first, second)
        if self.found == "held":
            if permit.consent_id and not repeat:
                tx.batch(Uses).count(permit.consent_id)
            outcome = "repeated" if repeat else "released"
            found = self.ask.found_by(self.found_by)
            entry = _enter(tx, found, self.exchange_id, outcome, released=True, permit=permit, fetched=True)
            return Committed("released", tx.now, entry, permit=permit, repeated=repeat)
        if self.ask.confirm:
            return self._not_confirmed(tx, case, permit)
        entry = self._entry(tx, "not-held", permit=permit)
        self._for_the_provider(tx)
        return Committed("not-held", tx.now, entry, permit=permit)

    def _not_confirmed(self, tx: Transaction, case: Case, permit: Permit) -> Committed:
        """Miss, mismatch and restricted record are told alike; the guess is counted."""
        confirmations = tx.batch(Confirmations)
        for name in confirmation_ids(self.ask):
            confirmations.write(tx, name, one_more(confirmations.failures(tx, name), tx.now))
        refusal = Refusal(
            (Reason("not-confirmed"),), permit.agreement_id, permit.agreement_version, permit.consent_id
        )
        entry = self._entry(tx, "not-confirmed", refusal=refusal)
        self._for_the_provider(tx)
        return Committed("not-confirmed", tx.now, entry, refusal=refusal)

    def _use_request(self, tx: Transaction, case: Case) -> bool:
        """Whether the person's own request, if one was shown and is asked for, opens this exchange: none other, on
        any gateway.

        Used once something is told, be it that there is no record; a source that failed uses none up.
        """
        once = self.ask.request_once
        if once is None or signal_of(self.ask, case.facts.agreement) != "explicit-request":
            return True
        return tx.batch(OwnRequests).use(tx, once, self.exchange_id)

    def _entry(self, tx: Transaction, outcome: str, **more: Any) -> Commitment:
        return _enter(tx, self.ask, self.exchange_id, outcome, fetched=True, **more)

    def _for_the_provider(self, tx: Transaction) -> None:
        """Which of the alike cases it was: an entry whose opening the provider alone may read."""
        event = {"kind": "exchange-detail", "exchangeId": self.exchange_id, "found": self.found}
        provider = self.ask.dataset.provider_id
        entry = append(tx, event, (provider,))
        entries = tx.batch(ExchangeEntries)
        entries.add(entry.entry_id, self.exchange_id, self.ask.consumer_id, provider, "provider")


Entering = EnterRefusal | EnterFault | CommitExchange


def _claim(tx: Transaction, ask: Ask) -> bool:
    """Whether the DPoP proof is used for the first time, on any gateway."""
    return ask.proof is None or tx.batch(Proofs).claim(tx, ask.proof)


def _released(tx: Transaction, entering: Entering) -> bool:
    """Whether this Idempotency-Key has released before, read afresh."""
    if not entering.idempotency_key:
        return False
    row = repository.find_key(tx, entering.ask.caller_id, entering.idempotency_key)
    return row is not None and bool(row.released)


def _counter(permit: Permit) -> list[Lock]:
    if permit.agreement_id is None:
        return []
    return [
        Lock(AGREEMENT, permit.agreement_id, agreement, share=True),
        Lock(COUNTER, permit.agreement_id, agreement_usage),
    ]


def _count_fetch(tx: Transaction, permit: Permit, repeat: bool) -> None:
    if permit.agreement_id:
        tx.batch(UsageBook).count(tx, permit.agreement_id, repeat=repeat)


def _enter(
    tx: Transaction, ask: Ask, exchange_id: str, outcome: str, *, released: bool = False, **more: Any
) -> Commitment:
    """Enter it, and index it by whom it is about."""
    parties = tuple(filter(None, (ask.consumer_id, ask.dataset.provider_id)))
    entry = append(tx, exchange_event(ask, exchange_id, outcome, **more), parties)
    tx.batch(ExchangeEntries).add(entry.entry_id, exchange_id, ask.consumer_id, ask.dataset.provider_id, "both")
    index(tx, ask, exchange_id, released=released)
    return entry


def index(tx: Transaction, ask: Ask, exchange_id: str, *, released: bool = False) -> None:
    """Index an exchange, or a dry decision, by whom it is about.

    Only a release makes a subject known, by the identifiers that its record carries; it is about each that they name.
    Whatever else comes of an exchange is indexed alike, by what was sent: under the subject where all of it is known
    to be theirs, else under pseudonyms. So nobody can learn from the index what was found, nor whether the gateway
    knows somebody else.
    """
    if not ask.client_id:
        tx.batch(Index).add(link_person(tx, ask.known_as), exchange_id)
        return
    subject = subjects.resolve(tx, ask.known_as)
    sent = (*ask.known_as, *ask.beside)
    if released and subject.conflict:  # known as several so far, and the record carries what each is known by
        for one in subject.subjects:
            tx.batch(Index).add(one, exchange_id)
    elif released or _all_of(tx, sent, subject):
        tx.batch(Index).add(subjects.ensure(tx, ask.known_as, subject), exchange_id)
    else:
        tx.batch(Index).add_asked(sent, exchange_id)


def _all_of(tx: Transaction, sent: Sequence[Pseudonyms], subject: Resolution) -> bool:
    """Whether each of these is known to be this one subject's."""
    known = subject.subject_id
    return known is not None and (
        len(sent) == 1 or all(subjects.resolve(tx, (one,)).subject_id == known for one in sent)
    )
