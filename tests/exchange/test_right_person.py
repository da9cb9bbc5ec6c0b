"""Whose key it is follows from the identifier that the record was found by: another one beside it opens nothing."""

from typing import Any

from adapters.base import Query, Record
from tests.consent.asking import decide, known_as, requested
from tests.world import FIELDS, PEOPLE, World, licence

LICENCES = ("AAAAA804010A99AA", "BBBBB804010A99AA")


def subject(*identifiers: tuple[str, str]) -> dict[str, Any]:
    return {"identifiers": [{"scheme": scheme, "value": value} for scheme, value in identifiers]}


def ask(world: World, name: str, about: dict[str, Any], purpose: str = "with-consent") -> dict[str, Any]:
    body = world.ask(name, purpose=purpose, fields=FIELDS, subject=about)
    found: dict[str, Any] = world.casework.post("/v1/exchanges", json=body).json()
    return found


def sees(world: World, name: str, exchange_id: str) -> bool:
    return world.person(name).get(f"/v1/exchanges/{exchange_id}").status_code == 200


def test_a_consent_opens_no_record_of_somebody_else_whose_identifier_stands_beside(shared: World) -> None:
    willing, other = shared.newcomer(), shared.newcomer()
    decide(shared, willing, requested(shared, willing))
    about = subject(("nhs-number", PEOPLE[willing]["nhs-number"]), ("nino", PEOPLE[other]["nino"]))
    answer = ask(shared, willing, about)
    assert answer.get("code") == "consent-required", answer
    assert not [one for one in shared.adapter.queries if one.identifiers.get("nino") == PEOPLE[other]["nino"]]


def test_a_consent_opens_no_record_that_only_a_stranger_s_identifier_was_found_by(shared: World) -> None:
    """Both identifiers are sent to a source that looks at one of them only."""
    willing, other = shared.newcomer(), shared.newcomer()
    decide(shared, willing, requested(shared, willing))
    number = LICENCES[0]

    async def by_licence(query: Query) -> None:
        shared.adapter.held[query.identifiers["nino"]] = Record(
            licence(PEOPLE[other]["nino"]).data, identifiers={"driving-licence-number": number}
        )

    shared.adapter.before = by_licence
    try:
        about = subject(("nino", PEOPLE[willing]["nino"]), ("driving-licence-number", number))
        answer = ask(shared, willing, about)
    finally:
        shared.adapter.before = None
    assert answer.get("code") == "consent-required", answer
    assert not sees(shared, willing, answer["exchangeId"])


def test_who_looked_is_told_to_whom_the_record_is_about_whatever_stands_beside(shared: World) -> None:
    decoy, looked_at = shared.newcomer(), shared.newcomer()
    ask(shared, decoy, known_as(decoy, "nhs-number", "nino"), "by-statute")
    shared.person(decoy).get("/v1/consent-requests")
    about = subject(("nhs-number", PEOPLE[decoy]["nhs-number"]), ("nino", PEOPLE[looked_at]["nino"]))
    answer = ask(shared, decoy, about, "by-statute")
    assert answer["outcome"] == "released"
    assert sees(shared, looked_at, answer["exchangeId"])
    assert not sees(shared, decoy, answer["exchangeId"])


def test_a_record_that_carries_another_identifier_than_asked_is_released_to_nobody(shared: World) -> None:
    one, two = shared.newcomer(), shared.newcomer()
    shared.adapter.held[PEOPLE[one]["nino"]] = licence(PEOPLE[two]["nino"])
    assert ask(shared, one, known_as(one, "nino"), "by-statute")["code"] == "source-wrong-person"
    shared.adapter.held[PEOPLE[one]["nino"]] = Record(licence(PEOPLE[one]["nino"]).data, identifiers={})
    assert ask(shared, one, known_as(one, "nino"), "by-statute")["code"] == "source-wrong-person"
