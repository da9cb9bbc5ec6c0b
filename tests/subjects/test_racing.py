"""Two gateways on one PostgreSQL: whoever relies on a subject keeps it until its transaction is over."""

import pytest

from gateway.db.intent import Transaction
from gateway.db.migrating import migrate
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms
from gateway.subjects.repository import Index
from tests.elsewhere import impatient, meanwhile, transaction
from tests.subjects.indexed import exchanges_about

NHS, NINO = Pseudonyms("nhs-number", (("k1", "aaaa"),)), Pseudonyms("nino", (("k1", "bbbb"),))
NINO_OF_A_NEW_KEY = Pseudonyms("nino", (("k2", "cccc"), ("k1", "bbbb")))
BOTH = (NHS, NINO)


def ensure(url: str, *known_as: Pseudonyms) -> str:
    with transaction(url) as tx:
        return subjects.ensure(tx, known_as)


def link(url: str, *known_as: Pseudonyms) -> str:
    with transaction(url) as tx:
        return subjects.link(tx, known_as)[0]


@pytest.fixture
def url(postgres_url: str) -> str:
    migrate(postgres_url)
    return postgres_url


def whole(url: str, exchange_id: str, *subject_ids: str) -> None:
    """All identifiers are one subject now, and that one was looked at; nothing is left of the others."""
    with transaction(url) as tx:
        [stays] = {subjects.resolve(tx, (one,)).subject_id for one in BOTH}
        assert stays is not None
        assert exchanges_about(tx, stays) == [exchange_id]
        for other in {*subject_ids} - {stays}:
            assert exchanges_about(tx, other) == []


@pytest.mark.parametrize("seen", [NHS, NINO], ids=["by NHS number", "by NINO"])
def test_an_exchange_under_way_is_indexed_under_whom_the_person_turns_out_to_be(url: str, seen: Pseudonyms) -> None:
    made = [ensure(url, one) for one in BOTH]
    with transaction(url) as tx:
        subject_id = subjects.ensure(tx, (seen,))
        linked = meanwhile(lambda: link(url, *BOTH))
        tx.batch(Index).add(subject_id, "under-way")
    assert linked() in made
    whole(url, "under-way", *made)


def test_so_is_one_by_an_identifier_that_the_token_does_not_name(url: str) -> None:
    """The subject that is merged away is known by a further identifier, which goes with it."""
    further = Pseudonyms("driving-licence-number", (("k1", "dddd"),))
    made = [ensure(url, NHS), link(url, NINO, further)]
    with transaction(url) as tx:
        subject_id = subjects.ensure(tx, (further,))
        linked = meanwhile(lambda: link(url, *BOTH))
        tx.batch(Index).add(subject_id, "under-way")
    linked()
    whole(url, "under-way", *made)


def test_a_subject_made_meanwhile_is_taken_in(url: str) -> None:
    first = ensure(url, NHS)
    with transaction(url) as tx:
        subject_id = subjects.ensure(tx, (NINO,))
        linked = meanwhile(lambda: link(url, *BOTH))
        tx.batch(Index).add(subject_id, "under-way")
    assert linked() == first
    whole(url, "under-way", first, subject_id)


def test_a_row_of_a_new_key_written_meanwhile_goes_along(url: str) -> None:
    made = [ensure(url, NHS), ensure(url, NINO)]
    with transaction(url) as tx:
        subject_id = subjects.ensure(tx, (NINO_OF_A_NEW_KEY,))
        linked = meanwhile(lambda: link(url, *BOTH))
        tx.batch(Index).add(subject_id, "under-way")
    stays = linked()
    whole(url, "under-way", *made)
    with transaction(url) as tx:
        assert subjects.resolve(tx, (NINO_OF_A_NEW_KEY,)).subjects == (stays,)


def test_so_does_one_of_a_subject_that_was_found_last(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another gateway's, made while linking waited for it: none of its rows was held before it is merged. Meanwhile a
    third one asks by its further identifier, under a new key."""
    further = Pseudonyms("driving-licence-number", (("k1", "dddd"),))
    newer = Pseudonyms("driving-licence-number", (("k2", "eeee"), ("k1", "dddd")))
    first, merge, merged = ensure(url, NHS), subjects._merge, []

    def slowly(tx: Transaction, old: str, new: str) -> None:
        with transaction(url) as third:
            merged.append(subjects.ensure(third, (newer,)))
            done = meanwhile(lambda: merge(tx, old, new))
        done()

    monkeypatch.setattr(subjects, "_merge", slowly)
    with transaction(url) as tx:
        last, _ = subjects.link(tx, (NINO, further))
        linked = meanwhile(lambda: link(url, *BOTH))
    assert linked() == first
    assert merged == [last]
    with transaction(url) as tx:
        for one in (NINO, further, Pseudonyms(further.scheme, newer.keyed[:1])):
            assert subjects.resolve(tx, (one,)).subjects == (first,)


def test_linking_waits_for_an_exchange_before_it_holds_what_the_exchange_may_want_next(url: str) -> None:
    """Also where that exchange came by an identifier that the token does not name."""
    further = Pseudonyms("driving-licence-number", (("k1", "0000"),))
    made = [ensure(url, NHS), link(url, NINO, further)]
    with transaction(url) as tx:
        subjects.resolve(tx, (further,))
        linked = meanwhile(lambda: link(url, *BOTH))
        impatient(tx)
        subjects.resolve(tx, BOTH)
    assert linked() in made


def test_an_exchange_that_begins_while_the_person_is_linked_waits_for_it(url: str) -> None:
    made = [ensure(url, one) for one in BOTH]
    with transaction(url) as tx:
        stays, [gone] = subjects.link(tx, BOTH)
        seen = NHS if gone == made[0] else NINO
        ensured = meanwhile(lambda: ensure(url, seen))
    assert ensured() == stays


def test_two_gateways_that_see_a_person_for_the_first_time_agree(url: str) -> None:
    with transaction(url) as tx:
        first, _ = subjects.link(tx, BOTH)
        second = meanwhile(lambda: link(url, *BOTH))
    assert second() == first


def test_looking_does_not_hold_up_looking(url: str) -> None:
    """Exchanges about one person go on at two gateways at once, and so does their own look once they are one."""
    subject_id = link(url, *BOTH)
    with transaction(url) as tx:
        subjects.resolve(tx, BOTH)
        with transaction(url) as other:
            assert subjects.link(other, BOTH) == (subject_id, ())


PHASES = {
    "before": Pseudonyms("nino", (("k1", "bbbb"), ("k2", "cccc"))),
    "settling": Pseudonyms("nino", (("k2", "cccc"), ("k1", "bbbb")), written=2),
    "after": Pseudonyms("nino", (("k2", "cccc"), ("k1", "bbbb"))),
}
"""One identifier, as gateways see it in each phase of a rotation."""


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("before", "before"),
        ("before", "settling"),
        ("settling", "before"),
        ("settling", "settling"),
        ("settling", "after"),
        ("after", "settling"),
    ],
)
def test_two_gateways_in_neighbouring_phases_of_a_rotation_make_one_subject(url: str, one: str, other: str) -> None:
    with transaction(url) as tx:
        first = subjects.ensure(tx, (PHASES[one],))
        second = meanwhile(lambda: ensure(url, PHASES[other]))
    assert second() == first
    with transaction(url) as tx:
        for phase in PHASES.values():
            assert subjects.resolve(tx, (phase,)).subjects == (first,)


@pytest.mark.parametrize("other", ["before", "settling", "after"])
def test_a_person_who_signs_in_meanwhile_is_the_same_subject(url: str, other: str) -> None:
    nhs = Pseudonyms("nhs-number", (("k2", "eeee"), ("k1", "aaaa")), written=2)
    with transaction(url) as tx:
        first, _ = subjects.link(tx, (nhs, PHASES["settling"]))
        second = meanwhile(lambda: ensure(url, PHASES[other]))
    assert second() == first


def test_without_the_phase_between_there_would_be_two(url: str) -> None:
    """What the settling is for: with no row in common, neither gateway meets the other."""
    with transaction(url) as tx:
        first = subjects.ensure(tx, (PHASES["before"],))
        second = meanwhile(lambda: ensure(url, PHASES["after"]))
    assert second() != first
