"""One person, known to two agencies by an identifier each: only the person's own token brings the two together."""

from typing import Any

from tests.consent.asking import decide, exchange, known_as, requested
from tests.world import World


def looked(world: World, name: str, exchange_id: str) -> int:
    return world.person(name).get(f"/v1/exchanges/{exchange_id}").status_code


def own(world: World, name: str) -> dict[str, Any]:
    """The person's look at their own record."""
    body = world.ask(name, purpose="subject-access", fields=["licenceNumber"])
    answer = world.person(name).post("/v1/exchanges", json=body)
    return {"status": answer.status_code, **answer.json()}


def test_a_person_sees_the_requests_under_either_identifier_and_decides_both(shared: World) -> None:
    name = shared.newcomer()
    by_nino = requested(shared, name, subject=known_as(name, "nino"))
    by_nhs = requested(shared, name, subject=known_as(name, "nhs-number"))
    seen = shared.person(name).get("/v1/consent-requests").json()["items"]
    assert {one["id"] for one in seen} == {by_nino, by_nhs}
    assert decide(shared, name, by_nhs).json()["status"] == "active"
    assert exchange(shared, name) == "released"  # by NINO, though the agency had asked by NHS number


def test_a_grant_alone_brings_both_together(shared: World) -> None:
    """Without the person ever having listed anything."""
    name = shared.newcomer()
    exchange(shared, name)  # the NINO is a subject of its own by now
    by_nhs = requested(shared, name, subject=known_as(name, "nhs-number"))
    assert exchange(shared, name) == "consent-required"
    decide(shared, name, by_nhs)
    assert exchange(shared, name) == "released"


def test_an_agency_s_word_links_nothing(shared: World) -> None:
    name, other = shared.newcomer(), shared.newcomer()
    both = {
        "identifiers": [known_as(name, "nhs-number")["identifiers"][0], known_as(other, "nino")["identifiers"][0]]
    }
    requested(shared, name, subject=both)  # a mistake: two people's identifiers
    assert shared.person(other).get("/v1/consent-requests").json()["items"] == []


def test_who_is_known_as_two_is_found_by_both_and_sees_every_look(shared: World) -> None:
    """Nothing says yet that the two are one person, nor that they are not."""
    name = shared.newcomer()
    looks = []
    for scheme in ("nino", "nhs-number"):
        requested(shared, name, subject=known_as(name, scheme))
    for subject in (known_as(name, "nino"), known_as(name, "nino", "nhs-number")):
        body = shared.ask(name, subject=subject)
        looks.append(shared.casework.post("/v1/exchanges", json=body).json())
    assert [look["outcome"] for look in looks] == ["released", "released"]
    seen = own(shared, name)
    assert (seen["status"], seen.get("record")) == (201, {"licenceNumber": "SANDB804010A99AA"}), seen
    assert looked(shared, name, seen["exchangeId"]) == 200
    for look in looks:
        assert looked(shared, name, look["exchangeId"]) == 200
    # From here on the two are one, for the agency too.
    body = shared.ask(name, subject=known_as(name, "nino", "nhs-number"))
    assert shared.casework.post("/v1/exchanges", json=body).json()["outcome"] == "released"


def test_who_looked_is_seen_under_either_identifier_and_by_nobody_else(shared: World) -> None:
    name, other = shared.newcomer(), shared.newcomer()
    by_nino = shared.casework.post("/v1/exchanges", json=shared.ask(name)).json()["exchangeId"]
    assert looked(shared, name, by_nino) == 200
    assert looked(shared, other, by_nino) == 404
    assert looked(shared, "bob", by_nino) == 404
    own(shared, name)
    assert looked(shared, name, by_nino) == 200
