"""Gathering the facts of a decision: the same function before the fetch and inside the commit."""

from collections.abc import Callable, Mapping, Sequence
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
    """The facts, and by which rows they are facts. `theirs`: the schemes of those identifiers that are known to be of
    the person whose consent or notice it is."""

    facts: Facts
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


Whose = Mapping[str, str]
"""Scheme -> subject, in the order of the schemes; of those identifiers alone that the gateway knows."""


def whose(ask: Ask, resolve: Callable[[Sequence[Pseudonyms]], Resolution]) -> Whose:
    """Whose each identifier is. That two are not known to be one person's refuses nothing and is told to nobody
    (docs/adr/0017): what rests on a person's word counts for the identifiers of that person."""
    found = {}
    for one in ask.known_as:
        subject_id = resolve((one,)).subject_id
        if subject_id is not None:
            found[one.scheme] = subject_id
    return found


def schemes_of(found: Whose, subject_id: str | None) -> frozenset[str]:
    """Of the identifiers sent, those of this subject."""
    return frozenset(scheme for scheme, one in found.items() if one == subject_id)


def look(connection: Connection, clock: Clock, ask: Ask, exchange_id: str, *, repeat: bool = False) -> Case:
    """Before the fetch, on committed state. `exchange_id`: the exchange that this is for, or empty for none."""
    now = clock.now()
    known = grounds(connection, ask.client_id, ask.consumer_id, ask.dataset.id, ask.asked.purpose, now=now)
    found = whose(ask, lambda known_as: subjects.resolve(connection, known_as))
    usage = None
    if known.agreement:
        row = agreements.usage_row(connection, known.agreement.id)
        usage = Counter.read(row).usage(now, known.agreement.per_minute)
    consent = _consent(connection, ask, known.agreement, found, now)
    failures = [repository.failures(connection, name) for name in confirmation_ids(ask)] if ask.confirm else []
    notified, notice = _notice(connection, ask, known.agreement, found)
    used_by = repository.request_used_by(connection, ask.request_once) if ask.request_once else None
    return case_of(
        now,
        known,
        usage,
        consent,
        theirs=schemes_of(found, consent.subject_id if consent else notified),
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
    found = whose(ask, lambda known_as: subjects.resolve(tx, known_as))
    if len(found) < len(ask.known_as) or len({*found.values()}) != 1:
        found = {}  # not, or no longer, all of them one person's
    usage = None
    if known.agreement:
        counter = tx.batch(UsageBook).counter(tx, known.agreement.id)
        usage = counter.usage(tx.now, known.agreement.per_minute)
    consent = consents.in_hand(tx, consent_id) if consent_id else None
    if consent is not None and consent.subject_id not in found.values():
        consent = None
    failures = _failures(tx, ask) if ask.confirm else []
    counted = tx.batch(Uses).counted(consent.id) if consent else 0
    _, notice = _notice(tx, ask, known.agreement, found)
    return case_of(
        tx.now,
        known,
        usage,
        consent,
        notice=notice,
        failures=failures,
        repeat=repeat,
        counted=counted,
    )


def _failures(tx: Transaction, ask: Ask) -> list[list[int]]:
    confirmations = tx.batch(Confirmations)
    return [confirmations.failures(tx, name) for name in confirmation_ids(ask)]


def signal_of(ask: Ask, agreement: AgreementFacts | None) -> str | None:
    """What the agreement asks of the person for this purpose; None where there is none for it."""
    terms = agreement.purposes.get(ask.asked.purpose) if agreement else None
    return terms.signal if terms else None


def _consent(
    connection: Connection, ask: Ask, agreement: AgreementFacts | None, found: Whose, now: int
) -> ConsentRow | None:
    """One that is in force now, of whomever of them; else the first that there is."""
    if signal_of(ask, agreement) != "consent":
        return None
    each = [
        consents.consent_for(connection, one, ask.consumer_id, ask.dataset.id, ask.asked.purpose, now)
        for one in dict.fromkeys(found.values())
    ]
    rows = [row for row in each if row is not None]
    return max(rows, key=lambda row: row.in_force(now), default=None)


def _notice(
    connection: Connection, ask: Ask, agreement: AgreementFacts | None, found: Whose
) -> tuple[str | None, NoticeFacts | None]:
    """Who was notified, the first of them, and of what."""
    if signal_of(ask, agreement) == "notified":
        for one in dict.fromkeys(found.values()):
            notice = notices.newest(connection, one, ask.consumer_id, ask.dataset.id, ask.asked.purpose)
            if notice is not None:
                return one, notice
    return None, None


def case_of(
    now: int,
    known: Grounds,
    usage: Usage | None,
    consent: ConsentRow | None,
    *,
    theirs: frozenset[str] = frozenset(),
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
        consent=_consent_facts(consent, counted, now),
        notice=notice,
        confirmation_locked_until=max((locked_until(one, now) for one in failures), default=0),
        repeat=repeat,
        request_used=request_used,
    )
    return Case(facts, known, consent, theirs)


def _consent_facts(row: ConsentRow | None, counted: int, now: int) -> ConsentFacts | None:
    if row is None:
        return None
    return (row._replace(uses=row.uses + counted) if counted else row).facts(now)
