"""The person decides: grants, choosing the optional fields, or declines; and revokes.

Whose consent it is follows from the identifiers in the person's own token; what belongs to another is answered as if
it did not exist. Granting links the identifiers to one subject first. Refusing and revoking link nothing: no failure
to link stands between a person and their No.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.agreements import repository as agreements
from gateway.agreements import terms
from gateway.auth.actor import Actor
from gateway.clock import DAY, to_iso
from gateway.consent import repository
from gateway.consent.errors import ConsentNotActive, ConsentNotOpen, ConsentOutdated, FieldNotOffered, NoSuchConsent
from gateway.consent.linking import link_person
from gateway.consent.repository import ConsentRow, paths
from gateway.consent.requesting import enter
from gateway.consent.tables import consent
from gateway.db.intent import CONSENT, Lock, Transaction
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the gateway keeps of the person's token: who vouched, and how surely."""

    issuer: str
    acr: str

    def json(self) -> str:
        """As stored, and as entered."""
        return json.dumps({"issuer": self.issuer, "acr": self.acr}, sort_keys=True)


def _own(tx: Transaction, consent_id: str, known_as: tuple[Pseudonyms, ...]) -> ConsentRow:
    row = repository.find(tx, consent_id)
    if row is None or row.subject_id not in subjects.resolve(tx, known_as).subjects:
        raise NoSuchConsent
    return row


def _held(tx: Transaction, consent_id: str, by: Actor) -> ConsentRow:
    by.must_be_active(tx)
    row = repository.find(tx, consent_id)
    if row is None or row.consumer_id != by.agency_id:
        raise NoSuchConsent
    return row


@dataclass(frozen=True, slots=True)
class Grant:
    """Grant what is asked for, and of the optional fields those chosen. `rivals` are for the same (`repository`):
    locked too, so that of two that are granted at once, on two gateways, the later replaces the earlier."""

    consent_id: str
    known_as: tuple[Pseudonyms, ...]
    chosen: frozenset[str]
    evidence: Evidence
    rivals: tuple[str, ...] = ()

    def locks(self) -> Sequence[Lock]:
        return tuple(Lock(CONSENT, one, consent) for one in (self.consent_id, *self.rivals))

    def apply(self, tx: Transaction) -> ConsentRow:
        link_person(tx, self.known_as)
        row = _open(tx, _own(tx, self.consent_id, self.known_as))
        _must_hold(tx, row)
        strange = sorted(self.chosen - paths(row.optional))
        if strange:
            offered = ", ".join(sorted(paths(row.optional))) or "none"
            raise FieldNotOffered(
                errors=[{"pointer": "/optionalFields", "detail": f"a field was not offered; offered are: {offered}"}]
            )
        row = row._replace(
            status="active",
            chosen=json.dumps(sorted(self.chosen)),
            decided_at=tx.now,
            expires_at=tx.now + row.valid_days * DAY,
            evidence=self.evidence.json(),
        )
        assert row.expires_at is not None
        replaced = repository.replace_others(tx, row)
        more = {"replaces": replaced} if replaced else {}
        entry = enter(
            tx,
            row,
            "consent-granted",
            fields=sorted(paths(row.required) | self.chosen),
            withheld=sorted(paths(row.optional) - self.chosen),
            expiresAt=to_iso(row.expires_at),
            evidence=self.evidence.json(),
            **more,
        )
        return repository.write(tx, row._replace(entry_id=entry.entry_id))


def _must_hold(tx: Transaction, row: ConsentRow) -> None:
    """Raises `ConsentOutdated` where other terms are in force than those that the person was shown, or none: who may
    ask for nothing any more has no use for a consent. A suspension is no end."""
    found = agreements.between(tx, row.consumer_id, row.dataset_id)
    agreement = terms.choose(found, row.purpose, tx, tx.now)
    if agreement is None or agreement.status not in ("in-force", "suspended") or tx.now >= agreement.valid_until:
        raise ConsentOutdated("the agreement under which it was made has ended")
    now = agreement.purposes.get(row.purpose)
    if now is None or now.digest != row.terms:
        raise ConsentOutdated


@dataclass(frozen=True, slots=True)
class Decline:
    """Decline as a whole."""

    consent_id: str
    known_as: tuple[Pseudonyms, ...]
    evidence: Evidence

    def locks(self) -> Sequence[Lock]:
        return (Lock(CONSENT, self.consent_id, consent),)

    def apply(self, tx: Transaction) -> ConsentRow:
        row = _open(tx, _own(tx, self.consent_id, self.known_as))
        row = row._replace(status="declined", decided_at=tx.now, evidence=self.evidence.json())
        entry = enter(tx, row, "consent-declined", evidence=self.evidence.json())
        return repository.write(tx, row._replace(entry_id=entry.entry_id))


@dataclass(frozen=True, slots=True)
class Revoke:
    """Revoke: by the person (known by these pseudonyms), or given up by the consumer agency that holds it."""

    consent_id: str
    by: tuple[Pseudonyms, ...] | Actor
    reason: str | None = None

    def locks(self) -> Sequence[Lock]:
        mine = Lock(CONSENT, self.consent_id, consent)
        return (*self.by.locks(), mine) if isinstance(self.by, Actor) else (mine,)

    def apply(self, tx: Transaction) -> ConsentRow:
        if isinstance(self.by, Actor):
            row, by = _held(tx, self.consent_id, self.by), "consumer"
        else:
            row, by = _own(tx, self.consent_id, self.by), "person"
        if row.status == "revoked":
            return row
        if row.status not in ("requested", "active"):
            raise ConsentNotActive
        row = row._replace(status="revoked", revoked_at=tx.now)
        more = {"reason": self.reason} if self.reason else {}
        entry = enter(tx, row, "consent-revoked", by=by, **more)
        return repository.write(tx, row._replace(entry_id=entry.entry_id))


def _open(tx: Transaction, row: ConsentRow) -> ConsentRow:
    if row.standing(tx.now) != "requested":
        raise ConsentNotOpen
    return row
