"""What the gateway remembers of an exchange tells nobody what was found: only a release makes a person known."""

from collections.abc import Callable

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


def contradicted(world: World, plain: str, name: str, *, other: str) -> bool:
    """Whether a dry decision tells that this NINO is not this other, known person's."""
    both = [{"scheme": "nino", "value": PEOPLE[name]["nino"]}]
    both.append({"scheme": "nhs-number", "value": PEOPLE[other]["nhs-number"]})
    body = world.ask(name, dataset=plain, subject={"identifiers": both})
    answer = world.casework.post("/v1/decisions", json=body).json()
    return "subject-conflict" in [reason["code"] for reason in answer["reasons"]]


@pytest.mark.parametrize("confirm", [True, False])
def test_the_index_cannot_tell_a_restricted_or_mismatched_record_from_none(shared: World, confirm: bool) -> None:
    plain = shared.offer(identifiers=BOTH)
    dataset = shared.offer(identifiers=BOTH, confirm=("dateOfBirth",)) if confirm else plain
    other = shared.newcomer()
    shared.person(other).get("/v1/consent-requests")
    cases: dict[Make, str] = {missing: RIGHT, restricted: RIGHT}
    if confirm:
        cases[held] = WRONG
    seen = []
    for make, born in cases.items():
        name = shared.newcomer()
        make(shared, name)
        told = send(shared, dataset, name, *BOTH, born=born if confirm else "")
        seen.append((told, known(shared, name), contradicted(shared, plain, name, other=other)))
    assert seen == [("not-confirmed" if confirm else "not-held", [], False)] * len(cases)


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
