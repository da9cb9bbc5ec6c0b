"""Forget a person: one transaction, after which no index leads from a ledger entry to them, and the ledger holds.

Deleted are the openings of every entry about them, the index of who looked, their consents and notices, and their
pseudonyms. The commitments stay, so every proof still verifies. Why live consents are revoked first, and what of them
stays: docs/adr/0013-forgetting-a-person.md.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from gateway.consent.forgetting import forget_consents
from gateway.consent.repository import lock_all_of
from gateway.db.intent import Lock, RunSingly, Transaction
from gateway.exchange import repository
from gateway.ledger import repository as ledger
from gateway.ledger.entry import append
from gateway.notices import repository as notices
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of what were deleted; `revoked` are the consents that were live, and stay as ended.

    `attempts` are exchanges, and dry decisions, that were asked when the gateway knew nobody by these identifiers.
    """

    identifiers: int = 0
    exchanges: int = 0
    openings: int = 0
    revoked: int = 0
    consents: int = 0
    notices: int = 0
    attempts: int = 0

    def __add__(self, other: "Forgotten") -> "Forgotten":
        return Forgotten(*(mine + theirs for mine, theirs in zip(_counts(self), _counts(other), strict=True)))


def _counts(one: Forgotten) -> Sequence[int]:
    return tuple(asdict(one).values())


class OnlyShown(Exception):  # no error: what would be deleted, after which it is taken back
    """Carries `what` would have been deleted."""

    def __init__(self, what: Forgotten) -> None:
        super().__init__("nothing was deleted")
        self.what = what


@dataclass(frozen=True, slots=True)
class ForgetPerson:
    """Forget whoever is known by any of these identifiers, and what was asked with one before that; returns how much
    that was, nothing where they are unknown.

    `show`: do all of it and take it back, by raising `OnlyShown`: so what is shown is what would be done.
    """

    known_as: tuple[Pseudonyms, ...]
    show: bool = False

    def locks(self) -> Sequence[Lock]:
        return ()  # which rows is found below: consents before identifiers, as an exchange takes them

    def apply(self, tx: Transaction) -> Forgotten:
        if not tx.single:
            raise RunSingly  # what others of the batch have gathered about this person must be there to be deleted
        total, digests = Forgotten(), {digest for one in self.known_as for digest in one.digests}
        for subject_id in self._held(tx):
            total += _forget(tx, subject_id, digests)
        total += _forget_attempts(tx, digests)
        if self.show:
            raise OnlyShown(total)
        if total != Forgotten():
            append(tx, {"kind": "person-forgotten", "openings": total.openings, "consentsRevoked": total.revoked})
        return total

    def _held(self, tx: Transaction) -> list[str]:
        """Whom these identifiers belong to, all of them locked: read again until nobody is among them who is not.

        Another gateway may bring two together before a lock is ours, or forget one and meet them anew.
        """
        locked: set[str] = set()
        while True:
            found = subjects.subjects_of(tx, self.known_as)
            new = [one for one in found if one not in locked]
            if not new:
                return found
            for subject_id in new:
                lock_all_of(tx, subject_id)
            for subject_id in new:
                subjects.lock_subject(tx, subject_id)
            locked.update(new)


def _forget(tx: Transaction, subject_id: str, digests: set[str]) -> Forgotten:
    """`digests` gains what else the subject was known by."""
    openings = ledger.forget(tx, repository.forget_entries(tx, subject_id))
    exchanges = subjects.forget_index(tx, subject_id)
    ended = forget_consents(tx, subject_id)
    told = ledger.forget(tx, notices.entries_about(tx, subject_id))
    deleted = notices.remove_all_of(tx, subject_id)
    identifiers = subjects.forget_identifiers(tx, subject_id)
    digests.update(identifiers)
    openings += ended.openings + told
    return Forgotten(len(identifiers), exchanges, openings, ended.revoked, ended.deleted, deleted)


def _forget_attempts(tx: Transaction, digests: set[str]) -> Forgotten:
    """What was asked with one of these while nobody was known by it; of what somebody is indexed for by now, only how
    it was asked."""
    attempts = subjects.forget_asked(tx, digests)
    entries = [entry_id for one in attempts for entry_id in repository.forget_nobodys(tx, one)]
    return Forgotten(openings=ledger.forget(tx, entries), attempts=len(attempts))
