"""What the gateway remembers of an exchange tells nobody what was found: only a release makes a person known."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from adapters.base import Query
from adapters.errors import Permanent
from gateway.app import Gateway
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import pseudonyms
from tests.consent.asking import known_as
from tests.world import FIELDS, PEOPLE, World, licence

BOTH = ("nino", "nhs-number")
RIGHT, WRONG = "1980-04-01", "1900-01-01"
Make = Callable[[World, str], None]


def held(_: World, __: str) -> None: ...


def missing(world: World, name: str) -> None:
    del world.adapter.held[PEOPLE[name]["nino"]]


def restricted(world: World, name: str) -> None:
    world.adapter.held[PEOPLE[name]["nino"]] = licence(PEOPLE[name]["nino"], restricted=True)


def send(world: World, dataset: str, name: str, *schemes: str, born: str = "", purpose: str = "by-statute") -> str:
    """An exchange about somebody: its outcome, or its code."""
    about = known_as(name, *schemes) | ({"confirm": {"dateOfBirth": born}} if born else {})
    body = world.ask(name, purpose=purpose, fields=FIELDS, dataset=dataset, subject=about)
    answer = world.casework.post("/v1/exchanges", json=body).json()
    return str(answer.get("outcome") or answer["code"])


def known(world: World, name: str) -> list[str]:
    """By which schemes the gateway knows this person."""

    async def work(gateway: Gateway) -> list[str]:
        found = []
        for one in pseudonyms(gateway.pseudonyms, PEOPLE[name]):
            if (await gateway.store.read(subjects.resolve, (one,))).subjects:
                found.append(one.scheme)
        return found

    return world.in_gateway(work)


@pytest.mark.parametrize("confirm", [True, False])
def test_the_index_cannot_tell_a_restricted_or_mismatched_record_from_none(shared: World, confirm: bool) -> None:
    dataset = shared.offer(identifiers=BOTH, confirm=("dateOfBirth",) if confirm else ())
    cases: dict[Make, str] = {missing: RIGHT, restricted: RIGHT}
    if confirm:
        cases[held] = WRONG
    seen = []
    for make, born in cases.items():
        name = shared.newcomer()
        make(shared, name)
        told = send(shared, dataset, name, *BOTH, born=born if confirm else "")
        seen.append((told, known(shared, name)))
    assert seen == [("not-confirmed" if confirm else "not-held", [])] * len(cases)


def found_by_either(world: World, name: str, *, restricted: bool = False, **more: Any) -> None:
    """Whoever is asked for by this NINO or by any NHS number beside it: the record carries both."""
    mine = PEOPLE[name]
    record = licence(mine["nino"], restricted=restricted, **more)
    world.adapter.held[mine["nino"]] = replace(record, identifiers={scheme: mine[scheme] for scheme in BOTH})


def beside(world: World, dataset: str, name: str, born: str = "") -> str:
    """Asked with the right NINO and a made-up NHS number."""
    about: dict[str, Any] = known_as(name, "nino")
    about["identifiers"].append({"scheme": "nhs-number", "value": PEOPLE[world.newcomer()]["nhs-number"]})
    if born:
        about["confirm"] = {"dateOfBirth": born}
    body = world.ask(name, purpose="by-statute", fields=FIELDS, dataset=dataset, subject=about)
    answer = world.casework.post("/v1/exchanges", json=body).json()
    return str(answer.get("outcome") or answer["code"])


@pytest.mark.parametrize("restricted", [True, False])
def test_a_made_up_identifier_beside_a_right_one_tells_no_record_from_none(shared: World, restricted: bool) -> None:
    dataset = shared.offer(identifiers=BOTH)
    name = shared.newcomer()
    found_by_either(shared, name, restricted=restricted)
    assert beside(shared, dataset, name) == "not-held"
    assert send(shared, dataset, name, *BOTH) == ("not-held" if restricted else "released")


def test_nor_does_it_buy_a_guess(shared: World) -> None:
    dataset = shared.offer(identifiers=BOTH, confirm=("dateOfBirth",))
    name = shared.newcomer()
    found_by_either(shared, name)
    told = [beside(shared, dataset, name, born) for born in (WRONG, RIGHT, WRONG, RIGHT, WRONG)]
    assert told == ["not-confirmed"] * 5
    assert send(shared, dataset, name, "nino", born=RIGHT) == "confirmation-locked"


@pytest.mark.parametrize(
    ("broken", "sound"),
    [({"fault": Permanent("the source field st does not convert")}, "source-malformed"),
     ({"data": {"status": "no status of the type"}}, "source-wrong-schema")],
    ids=["unreadable", "of no schema"],
)  # fmt: skip
def test_a_fault_of_a_record_is_told_of_those_alone_that_may_be_told_of(
    shared: World, broken: dict[str, Any], sound: str
) -> None:
    dataset = shared.offer(identifiers=BOTH, confirm=("dateOfBirth",))
    name, hidden = shared.newcomer(), shared.newcomer()
    found_by_either(shared, name, **broken)
    found_by_either(shared, hidden, restricted=True, **broken)
    assert send(shared, dataset, name, "nino", born=RIGHT) == sound
    assert send(shared, dataset, name, "nino", born=WRONG) == "not-confirmed"
    assert send(shared, dataset, hidden, "nino", born=RIGHT) == "not-confirmed"
    assert send(shared, shared.offer(identifiers=BOTH), hidden, "nino") == "not-held"


def test_a_record_that_holds_another_person_s_number_than_it_carries_is_released_to_nobody(shared: World) -> None:
    name, other = shared.newcomer(), shared.newcomer()
    record = licence(PEOPLE[other]["nino"])
    shared.adapter.held[PEOPLE[name]["nino"]] = replace(record, identifiers={"nino": PEOPLE[name]["nino"]})
    assert send(shared, shared.offer(identifiers=BOTH), name, "nino") == "source-wrong-person"


def test_a_release_makes_a_person_known_by_the_identifier_that_the_record_carries(shared: World) -> None:
    dataset = shared.offer(identifiers=BOTH)
    name = shared.newcomer()
    assert send(shared, dataset, name, *BOTH) == "released"
    assert known(shared, name) == ["nino"]


def test_a_refusal_or_a_fault_makes_nobody_known(shared: World) -> None:
    dataset = shared.offer(identifiers=BOTH)

    async def fails(_: Query) -> None:
        raise Permanent("scripted")

    refused, failed = shared.newcomer(), shared.newcomer()
    assert send(shared, dataset, refused, *BOTH, purpose="with-consent") == "consent-required"
    shared.adapter.before = fails
    try:
        assert send(shared, dataset, failed, *BOTH).startswith("source-")
    finally:
        shared.adapter.before = None
    assert (known(shared, refused), known(shared, failed)) == ([], [])


@pytest.mark.parametrize("make", [missing, restricted])
def test_who_is_known_already_is_told_of_what_was_not_released_too(shared: World, make: Make) -> None:
    dataset = shared.offer(identifiers=BOTH)
    name = shared.newcomer()
    shared.person(name).get("/v1/consent-requests")
    make(shared, name)
    for purpose in ("by-statute", "with-consent"):
        body = shared.ask(name, purpose=purpose, dataset=dataset, subject=known_as(name, *BOTH))
        exchange_id = shared.casework.post("/v1/exchanges", json=body).json()["exchangeId"]
        assert shared.person(name).get(f"/v1/exchanges/{exchange_id}").status_code == 200
