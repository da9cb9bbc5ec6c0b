"""A person was seen: the identifiers in their own verified token are one subject."""

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.consent import repository
from gateway.consent.requesting import enter
from gateway.consent.tables import consent
from gateway.db.connection import Connection
from gateway.db.intent import CONSENT, Lock, Transaction
from gateway.db.store import Store
from gateway.notices import repository as notices
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms


def link_person(tx: Transaction, known_as: tuple[Pseudonyms, ...]) -> str:
    """The subject that this person is; whatever was known under several comes together, and of consents for the same
    one stays active: who revokes it has revoked all."""
    subject_id, merged = subjects.link(tx, known_as)
    for old in merged:
        for row, by in repository.replace_rivals(tx, old, subject_id):
            enter(tx, row, "consent-replaced", by=by)
        repository.move(tx, old, subject_id)
        notices.move(tx, old, subject_id)
    return subject_id


@dataclass(frozen=True, slots=True)
class LinkPerson:
    """Link them. `consents` are those that may have to follow.

    They are locked with all other rows of the batch, before its first decision: a merge that came upon them later
    would hold the identifiers and wait for a consent, while an exchange holds that consent and waits for them.
    """

    known_as: tuple[Pseudonyms, ...]
    consents: tuple[str, ...] = ()

    def locks(self) -> Sequence[Lock]:
        return tuple(Lock(CONSENT, consent_id, consent) for consent_id in self.consents)

    def apply(self, tx: Transaction) -> str:
        return link_person(tx, self.known_as)


async def seen(store: Store, known_as: tuple[Pseudonyms, ...]) -> str:
    """The subject that this person is. Commits only where there is something to link: once a person, as a rule."""
    subject_id, consents = await store.read(_known, known_as)
    if subject_id is not None:
        return subject_id
    return await store.commit(LinkPerson(known_as, consents))


def _known(connection: Connection, known_as: tuple[Pseudonyms, ...]) -> tuple[str | None, tuple[str, ...]]:
    """The one subject, or the consents of all of them."""
    subject_id = subjects.linked(connection, known_as)
    if subject_id is not None:
        return subject_id, ()
    several = subjects.resolve(connection, known_as).subjects
    return None, tuple(repository.of_subjects(connection, several)) if len(several) > 1 else ()
