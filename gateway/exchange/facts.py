"""Gathering the facts of a decision: the same function before the fetch and inside the commit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.agreements import repository as agreements
from gateway.agreements.grounds import Grounds, grounds, grounds_in_hand
from gateway.agreements.usage import Counter, UsageBook
from gateway.clock import Clock
from gateway.consent import repository as consents
from gateway.consent.repository import ConsentRow, Uses
from gateway.db.connection import Connection
from gateway.db.intent import Transaction
from gateway.exchange import repository
from gateway.exchange.asking import Ask
from gateway.exchange.confirming import confirmation_ids, locked_until
from gateway.exchange.repository import Confirmations
from gateway.notices import repository as notices
from gateway.policy import AgreementFacts, ConsentFacts, Facts, NoticeFacts, Permit, Usage
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms
from gateway.subjects.repository import Resolution

_OF_A_PERSON = ("consent", "notified")
"""Signals that one person gives or gets: they open what is asked by that person's identifiers, and nothing else."""


@dataclass(frozen=True, slots=True)
class Case:
    """The facts, and by which rows they are facts. `theirs`: the schemes by which the gateway knows the subject."""

    facts: Facts
    subject: Resolution
    grounds: Grounds
    consent: ConsentRow | None = None
    theirs: frozenset[str] = frozenset()

    def permitted(self, ask: Ask) -> Ask:
        """What of `ask` the source may be asked, now that it is permitted.

        Where the permit rests on a person's consent or notice: by identifiers that are known to be that person's and
        by no other, since an agency's word alone does not make one theirs, and the answer would tell whether somebody
        else has a record.
        """
        if ask.asked.by_person or signal_of(ask, self.facts.agreement) not in _OF_A_PERSON:
            return ask
        return ask.only(self.theirs)


def subject_of(ask: Ask, resolve: Callable[[Sequence[Pseudonyms]], Resolution]) -> tuple[Resolution, frozenset[str]]:
    """Whom the request is about, and the schemes of those identifiers that are known to be theirs: one reading."""
    if len(ask.known_as) == 1:
        subject = resolve(ask.known_as)
        return subject, frozenset((ask.known_as[0].scheme,)) if subject.subject_id else frozenset()
    each = {one.scheme: resolve((one,)) for one in ask.known_as}
    every = {subject_id for one in each.values() for subject_id in one.subjects}
    subject = Resolution(tuple(sorted(every)), any(one.stale for one in each.values()))
    if subject.subject_id is None:
        return subject, frozenset()
    return subject, frozenset(scheme for scheme, one in each.items() if one.subjects)


def look(connection: Connection, clock: Clock, ask: Ask, exchange_id: str, *, repeat: bool = False) -> Case:
    """Before the fetch, on committed state. `exchange_id`: the exchange that this is for, or empty for none."""
    now = clock.now()
    known = grounds(connection, ask.client_id, ask.consumer_id, ask.dataset.id, ask.asked.purpose, now=now)
    subject, theirs = subject_of(ask, lambda known_as: subjects.resolve(connection, known_as))
    usage = None
    if known.agreement:
        row = agreements.usage_row(connection, known.agreement.id)
        usage = Counter.read(row).usage(now, known.agreement.per_minute)
    consent = _consent(connection, ask, known.agreement, subject)
    failures = [repository.failures(connection, name) for name in confirmation_ids(ask)] if ask.confirm else []
    notice = _notice(connection, ask, known.agreement, subject)
    subject = _contradicted(connection, ask, subject)
    used_by = repository.request_used_by(connection, ask.request_once) if ask.request_once else None
    return case_of(
        now,
        ask,
        known,
        usage,
        subject,
        consent,
        theirs=theirs,
        notice=notice,
        failures=failures,
        repeat=repeat,
        request_used=used_by not in (None, exchange_id),
    )


def look_again(tx: Transaction, ask: Ask, first: Permit, *, repeat: bool = False) -> Case:
    """Inside the commit, under lock. The grounds are read once a transaction, counters are those in hand.

    Agreement and consent are those of the first permit, which were locked; consent and notice count only if every
    identifier that the source was asked by is still this subject's. Whatever else there is was not decided by before
    the fetch, and is not held against a change. Whether the person's own request is used is for the commit to find,
    by using it.
    """
    consent_id, agreement_id = first.consent_id, first.agreement_id
    known = grounds_in_hand(tx, ask.client_id, ask.consumer_id, ask.dataset.id, ask.asked.purpose, agreement_id)
    subject, theirs = subject_of(ask, lambda known_as: subjects.resolve(tx, known_as))
    all_theirs = len(theirs) == len(ask.known_as)
    usage = None
    if known.agreement:
        counter = tx.batch(UsageBook).counter(tx, known.agreement.id)
        usage = counter.usage(tx.now, known.agreement.per_minute)
    consent = consents.in_hand(tx, consent_id) if consent_id else None
    if consent is not None and not (all_theirs and consent.subject_id == subject.subject_id):
        consent = None
    failures = _failures(tx, ask) if ask.confirm else []
    counted = tx.batch(Uses).counted(consent.id) if consent else 0
    notice = _notice(tx, ask, known.agreement, subject) if all_theirs else None
    subject = _contradicted(tx, ask, subject)
    return case_of(
        tx.now,
        ask,
        known,
        usage,
        subject,
        consent,
        theirs=theirs,
        notice=notice,
        failures=failures,
        repeat=repeat,
        counted=counted,
    )


def _failures(tx: Transaction, ask: Ask) -> list[list[int]]:
    confirmations = tx.batch(Confirmations)
    return [confirmations.failures(tx, name) for name in confirmation_ids(ask)]


def _contradicted(connection: Connection, ask: Ask, subject: Resolution) -> Resolution:
    """The subject as it is, or a conflict where an identifier beside it is known to be somebody else's."""
    if not ask.beside:
        return subject
    every = subjects.resolve(connection, (*ask.known_as, *ask.beside))
    return every if every.conflict else subject


def signal_of(ask: Ask, agreement: AgreementFacts | None) -> str | None:
    """What the agreement asks of the person for this purpose; None where there is none for it."""
    terms = agreement.purposes.get(ask.asked.purpose) if agreement else None
    return terms.signal if terms else None


def _consent(
    connection: Connection, ask: Ask, agreement: AgreementFacts | None, subject: Resolution
) -> ConsentRow | None:
    if signal_of(ask, agreement) != "consent" or subject.subject_id is None:
        return None
    return consents.consent_for(connection, subject.subject_id, ask.consumer_id, ask.dataset.id, ask.asked.purpose)


def _notice(
    connection: Connection, ask: Ask, agreement: AgreementFacts | None, subject: Resolution
) -> NoticeFacts | None:
    if signal_of(ask, agreement) != "notified" or subject.subject_id is None:
        return None
    return notices.newest(connection, subject.subject_id, ask.consumer_id, ask.dataset.id, ask.asked.purpose)


def case_of(
    now: int,
    ask: Ask,
    known: Grounds,
    usage: Usage | None,
    subject: Resolution,
    consent: ConsentRow | None,
    *,
    theirs: frozenset[str],
    notice: NoticeFacts | None = None,
    failures: Sequence[Sequence[int]] = (),
    repeat: bool = False,
    counted: int = 0,
    request_used: bool = False,
) -> Case:
    """Put together what was gathered; `counted` uses of the consent are in hand and not yet in its row."""
    facts = Facts(
        now=now,
        parties=known.parties,
        dataset=known.dataset,
        agreement=known.agreement,
        usage=usage,
        consent=_consent_facts(consent, counted),
        notice=notice,
        # A person's own verified token is what links identifiers: only an agency's word can bring a conflict.
        subject_conflict=subject.conflict and not ask.asked.by_person,
        confirmation_locked_until=max((locked_until(one, now) for one in failures), default=0),
        repeat=repeat,
        request_used=request_used,
    )
    return Case(facts, subject, known, consent, theirs)


def _consent_facts(row: ConsentRow | None, counted: int) -> ConsentFacts | None:
    if row is None:
        return None
    return (row._replace(uses=row.uses + counted) if counted else row).facts()
