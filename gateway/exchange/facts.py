"""Gathering the facts of a decision: the same function before the fetch and inside the commit."""

from dataclasses import dataclass

from gateway.agreements import repository as agreements
from gateway.agreements.standing import Standing, standing
from gateway.agreements.usage import Counter, UsageBook
from gateway.clock import Clock
from gateway.consent import repository as consents
from gateway.consent.repository import ConsentRow, Uses
from gateway.db.connection import Connection
from gateway.db.intent import Transaction
from gateway.exchange import repository
from gateway.exchange.asking import Ask
from gateway.exchange.confirming import confirmation_id, locked_until
from gateway.policy import AgreementFacts, ConsentFacts, Facts, NoticeFacts, Usage
from gateway.subjects import repository as subjects
from gateway.subjects.repository import Resolution


@dataclass(frozen=True, slots=True)
class Case:
    """The facts, and by which rows they are facts."""

    facts: Facts
    subject: Resolution
    consent: ConsentRow | None = None

    @property
    def agreement_id(self) -> str | None:
        """The agreement that counts, if there is one."""
        return self.facts.agreement.id if self.facts.agreement else None


def look(connection: Connection, clock: Clock, ask: Ask, *, repeat: bool = False) -> Case:
    """Before the fetch, on committed state."""
    now = clock.now()
    known = standing(connection, ask.client_id, ask.consumer_id, ask.dataset.id, ask.asked.purpose)
    subject = subjects.resolve(connection, ask.known_as)
    usage = None
    if known.agreement:
        row = agreements.usage_row(connection, known.agreement.id)
        usage = Counter.read(row).usage(now, known.agreement.per_minute)
    consent = _consent(connection, ask, known.agreement, subject)
    failures = repository.failures(connection, confirmation_id(ask)) if ask.confirm else []
    return _case(now, ask, known, usage, subject, consent, connection, failures, repeat, 0)


def look_again(tx: Transaction, ask: Ask, consent_id: str | None, *, repeat: bool = False) -> Case:
    """Inside the commit, under lock. Standing is read once a transaction, counters are those in hand.

    The consent is the one that was locked, if it is still this subject's; any other was not there before the fetch.
    """
    key = ("standing", ask.client_id, ask.dataset.id, ask.asked.purpose)
    known: Standing = tx.memo(
        key, lambda: standing(tx, ask.client_id, ask.consumer_id, ask.dataset.id, ask.asked.purpose)
    )
    subject = subjects.resolve(tx, ask.known_as)
    usage = None
    if known.agreement:
        counter = tx.batch(UsageBook).counter(tx, known.agreement.id)
        usage = counter.usage(tx.now, known.agreement.per_minute)
    consent = consents.find(tx, consent_id) if consent_id else None
    if consent is not None and consent.subject_id != subject.subject_id:
        consent = None
    failures = repository.locked_failures(tx, confirmation_id(ask)) if ask.confirm else []
    counted = tx.batch(Uses).counted(consent.id) if consent else 0
    return _case(tx.now, ask, known, usage, subject, consent, tx, failures, repeat, counted)


def _consent(
    connection: Connection, ask: Ask, agreement: AgreementFacts | None, subject: Resolution
) -> ConsentRow | None:
    terms = agreement.purposes.get(ask.asked.purpose) if agreement else None
    if terms is None or terms.signal != "consent" or subject.subject_id is None:
        return None
    return consents.consent_for(connection, subject.subject_id, ask.consumer_id, ask.dataset.id, ask.asked.purpose)


def _notice(
    connection: Connection, ask: Ask, agreement: AgreementFacts | None, subject: Resolution
) -> NoticeFacts | None:
    terms = agreement.purposes.get(ask.asked.purpose) if agreement else None
    if terms is None or terms.signal != "notified" or subject.subject_id is None:
        return None
    return consents.notice_for(connection, subject.subject_id, ask.consumer_id, ask.dataset.id, ask.asked.purpose)


def _case(
    now: int,
    ask: Ask,
    known: Standing,
    usage: Usage | None,
    subject: Resolution,
    consent: ConsentRow | None,
    connection: Connection,
    failures: list[int],
    repeat: bool,
    counted: int,
) -> Case:
    facts = Facts(
        now=now,
        parties=known.parties,
        dataset=known.dataset,
        agreement=known.agreement,
        usage=usage,
        consent=_consent_facts(consent, counted),
        notice=_notice(connection, ask, known.agreement, subject),
        subject_conflict=subject.conflict,
        confirmation_locked_until=locked_until(failures, now),
        repeat=repeat,
    )
    return Case(facts, subject, consent)


def _consent_facts(row: ConsentRow | None, counted: int) -> ConsentFacts | None:
    if row is None:
        return None
    return (row._replace(uses=row.uses + counted) if counted else row).facts()
