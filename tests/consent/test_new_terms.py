"""A consent holds under the terms that it was given under: a new version must not silently make more of it."""

import copy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from schemas.api.agreements import AcceptanceBody
from tests.agreements.drafted import Drafted, Offices, text_for
from tests.consent.asking import code, decide, exchange, requested
from tests.world import CONSUMER, PROVIDER, PURPOSES, World, office, purpose

FIELDS = ["status", "validFrom", "validUntil", "categories", "holder.familyName", "address"]
OTHER = purpose("other", "none", signalReason="The statute orders it.")


@pytest.fixture(scope="module")
def offices(world: World) -> Offices:
    return Offices(world)


def agreed(world: World, offices: Offices) -> Drafted:
    return offices.draft(text_for(world.offer(agreed=False))).accepted()


def consented(world: World, drafted: Drafted, name: str | None = None, **more: Any) -> str:
    """Somebody who has just consented under the version in force."""
    name = name or world.newcomer()
    world.consent(name, dataset=drafted.body["dataset"], **more)
    return name


def told(world: World, drafted: Drafted, name: str, **more: Any) -> str:
    return exchange(world, name, dataset=drafted.body["dataset"], **more)


def new_version(drafted: Drafted, **changed: Any) -> None:
    assert drafted.next_version(PROVIDER, **changed).status_code == 201
    drafted.accepted()


def purposes(**changed: Any) -> list[dict[str, Any]]:
    """The agreement's purposes, that of the consent with changes: of the purpose, or of its authority."""
    mine = copy.deepcopy(PURPOSES[0])
    for name, value in changed.items():
        (mine["authority"] if name in mine["authority"] else mine)[name] = value
    return [mine, *PURPOSES[1:]]


SAME: dict[str, dict[str, Any]] = {
    "the very same text": {},
    "limits": {"limits": {"perMinute": 5_000, "perDay": 50_000}},
    "validity": {"validUntil": "2099-01-01T00:00:00Z"},
    "title": {"title": "A better title"},
    "the DPIA's reference": {"dpiaReference": "DPIA-2"},
    "a field more": {"fields": [*FIELDS, "licenceNumber"]},
    "a field less": {"fields": [name for name in FIELDS if name != "categories"]},
    "the controllers in another order": {"controllers": ["Test provider", "Test consumer"]},
    "a controller named twice": {"controllers": ["Test consumer", "Test provider", "Test consumer"]},
    "the purposes in another order": {"purposes": PURPOSES[::-1]},
    "a purpose more": {"purposes": [*PURPOSES, OTHER]},
    "other words of another purpose": {"purposes": [PURPOSES[0], *PURPOSES[1:3], OTHER]},
}
MORE: dict[str, dict[str, Any]] = {
    "another statute": {"purposes": purposes(legalPower="Test Act 2025, section 9")},
    "another lawful basis": {"purposes": purposes(lawfulBasis="6(1)(c)")},
    "another authority for offences": {"purposes": purposes(article10Authority="Test Act 2025, schedule 3")},
    "other words of the purpose": {"purposes": purposes(description="For with-consent, and for more.")},
    "another retention": {"retention": "Ten years."},
    "another onward use": {"onwardUse": "To whoever asks."},
    "another controller": {"controllers": ["Test consumer", "Test provider", "A third"]},
    "a controller less": {"controllers": ["Test consumer"]},
}


@pytest.mark.parametrize("what", SAME)
def test_what_changes_nothing_for_the_person_leaves_the_consent_as_it_is(
    world: World, offices: Offices, what: str
) -> None:
    drafted = agreed(world, offices)
    name = consented(world, drafted)
    new_version(drafted, **SAME[what])
    assert told(world, drafted, name) == "released"


@pytest.mark.parametrize("what", MORE)
def test_what_the_person_did_not_read_is_not_covered(world: World, offices: Offices, what: str) -> None:
    drafted = agreed(world, offices)
    name = consented(world, drafted)
    new_version(drafted, **MORE[what])
    body = world.ask(name, purpose="with-consent", dataset=drafted.body["dataset"])
    dry = world.casework.post("/v1/decisions", json=body).json()
    assert [one["code"] for one in dry["reasons"]] == ["consent-outdated"]
    answer = world.casework.post("/v1/exchanges", json=body)
    assert code(answer) == (403, "consent-outdated")
    [reason] = answer.json()["reasons"]
    assert (reason["missingKey"], reason["remedy"]["href"]) == ("person", "/v1/consent-requests")
    # The remedy holds: asked again, the person reads the terms in force.
    consented(world, drafted, name)
    assert told(world, drafted, name) == "released"


def test_a_new_field_of_the_agreement_is_not_in_the_consent(world: World, offices: Offices) -> None:
    drafted = agreed(world, offices)
    name = consented(world, drafted)
    new_version(drafted, fields=[*FIELDS, "licenceNumber"])
    assert told(world, drafted, name, fields=["status", "licenceNumber"]) == "field-not-consented"
    new_version(drafted, fields=["validFrom"])
    assert told(world, drafted, name, fields=["status"]) == "field-not-in-agreement"


def test_a_version_that_is_not_in_force_yet_outdates_nothing(world: World, offices: Offices) -> None:
    drafted = agreed(world, offices)
    name = consented(world, drafted)
    drafted.next_version(PROVIDER, retention="Ten years.")
    drafted.accept(PROVIDER)
    assert told(world, drafted, name) == "released"
    drafted.accept(CONSUMER)
    assert told(world, drafted, name) == "consent-outdated"


def test_back_under_the_words_that_it_was_given_under_it_holds_again(world: World, offices: Offices) -> None:
    drafted = agreed(world, offices)
    name, retention = consented(world, drafted), drafted.body["text"]["retention"]
    new_version(drafted, retention="Ten years.")
    assert told(world, drafted, name) == "consent-outdated"
    new_version(drafted, retention=retention)
    assert told(world, drafted, name) == "released"


def test_terms_that_change_during_the_fetch_release_nothing(world: World, offices: Offices) -> None:
    drafted = agreed(world, offices)
    name = consented(world, drafted)
    drafted.next_version(PROVIDER, retention="Ten years.")
    drafted.accept(PROVIDER)
    jws = drafted.jws(f"{CONSUMER}.data-office")

    async def accept(_: object) -> None:
        world.adapter.before = None
        await world.gateway.agreements.accept(office(CONSUMER), drafted.id, AcceptanceBody(version=2, jws=jws))

    world.adapter.before = accept
    assert told(world, drafted, name) == "consent-outdated"


def test_a_renewal_on_the_same_terms_is_covered_and_one_on_others_is_not(world: World, offices: Offices) -> None:
    drafted = agreed(world, offices)
    name = consented(world, drafted)
    for retention, outcome in ((drafted.body["text"]["retention"], "released"), ("Ten years.", "consent-outdated")):
        drafted.change(CONSUMER, "end")
        drafted = offices.draft({**drafted.body["text"], "retention": retention}).accepted()
        world.clock.advance(1)  # an exchange begun on what was known a moment ago is told that it has ended
        assert told(world, drafted, name) == outcome


def test_a_request_under_old_terms_is_not_taken_for_one_under_new_ones(world: World, offices: Offices) -> None:
    drafted, name = agreed(world, offices), world.newcomer()
    asks = {"dataset": drafted.body["dataset"]}
    old = requested(world, name, **asks)
    new_version(drafted, limits={"perMinute": 5_000, "perDay": 50_000})
    assert requested(world, name, **asks) == old  # the same question
    new_version(drafted, retention="Ten years.")
    new = requested(world, name, **asks)
    assert new != old
    assert code(decide(world, name, old)) == (409, "consent-terms-changed")
    assert decide(world, name, new).json()["status"] == "active"
    # Nor does the old one, granted now, take the place of the one that holds; declined it can be.
    assert code(decide(world, name, old)) == (409, "consent-terms-changed")
    assert told(world, drafted, name) == "released"
    assert decide(world, name, old, "decline").json()["status"] == "declined"
    assert told(world, drafted, name) == "released"


def ended(world: World, drafted: Drafted) -> None:
    assert drafted.change(PROVIDER, "end").status_code == 200


def run_out(world: World, drafted: Drafted) -> None:
    world.clock.advance(days=2)


def without_the_purpose(world: World, drafted: Drafted) -> None:
    new_version(drafted, purposes=PURPOSES[1:])


@pytest.mark.parametrize("ends", [ended, run_out, without_the_purpose])
def test_what_has_ended_is_granted_no_more(
    world: World, offices: Offices, ends: Callable[[World, Drafted], None]
) -> None:
    until = (datetime.now(UTC) + timedelta(seconds=world.clock.ahead / 1_000_000, days=1)).isoformat()
    text = text_for(world.offer(agreed=False), validUntil=until)
    drafted, name = offices.draft(text).accepted(), world.newcomer()
    asked = requested(world, name, dataset=drafted.body["dataset"])
    ends(world, drafted)
    answer = decide(world, name, asked)
    assert code(answer) == (409, "consent-terms-changed")
    assert ("has ended" in answer.json()["detail"]) is (ends is not without_the_purpose)
    drafts = offices.draft({**drafted.body["text"], "validUntil": "2099-01-01T00:00:00Z"})
    assert code(decide(world, name, asked)) == (409, "consent-terms-changed")  # a draft is nothing in force
    assert drafts.body["status"] == "draft"
    assert decide(world, name, asked, "decline").json()["status"] == "declined"


def test_what_goes_on_under_the_same_terms_or_is_suspended_is_granted(world: World, offices: Offices) -> None:
    drafted, name = agreed(world, offices), world.newcomer()
    asked = requested(world, name, dataset=drafted.body["dataset"])
    ended(world, drafted)
    again = offices.draft(drafted.body["text"]).accepted()
    assert again.change(PROVIDER, "suspend").status_code == 200
    assert decide(world, name, asked).json()["status"] == "active"
    assert again.change(PROVIDER, "resume").status_code == 200
    world.clock.advance(1)
    assert told(world, again, name) == "released"
