"""The sandbox's people: plainly nobody, the same everywhere, with every edge case among them."""

import stat
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

from gateway.sandbox.people import PEOPLE, Person, people, write_seed
from gateway.sandbox.people_cast import CAST
from gateway.sandbox.people_numbers import nhs_numbers
from schemas.examples.ids import NINO
from schemas.identifiers import normalise
from tests.sandbox.conftest import TODAY

EDGES = {
    "twin",
    "no-nino",
    "deceased",
    "restricted",
    "partial-dob",
    "consented",
    "consent-expired",
    "consent-declined",
    "no-consent",
}


def test_the_same_day_gives_the_same_people() -> None:
    assert people(TODAY) == people(TODAY)
    assert len(people(TODAY)) == PEOPLE


def test_names_identifiers_and_birth_dates_stay_all_year() -> None:
    def lasting(day: date) -> list[object]:
        return [(one.handle, one.name, one.identifiers, one.date_of_birth, one.traits) for one in people(day)]

    assert lasting(date(2027, 1, 1)) == lasting(date(2027, 12, 31))


def test_dates_never_go_stale() -> None:
    for today in (TODAY, TODAY + timedelta(days=4_000)):
        bryn = next(one for one in people(today) if one.handle == "bryn")
        assert bryn.licence is not None
        assert date.fromisoformat(bryn.licence.valid_until) > today + timedelta(days=200)
        assert all(award.end_date is None for award in bryn.awards)


def test_numbers_are_valid_in_form_and_cannot_be_anybodys(everyone: dict[str, Person]) -> None:
    for person in everyone.values():
        for scheme, value in person.identifiers.items():
            assert normalise(scheme, value) == value
        assert person.nhs_number.startswith("999")
        assert person.nino is None or person.nino.startswith("ZZ")
        assert person.licence is None or person.licence.number.startswith("SANDB")
        assert person.family_name.startswith("Sandbox-")
        assert normalise("postcode", person.home.postcode) == person.home.postcode
        assert normalise("uprn", person.home.uprn) == person.home.uprn


def test_the_999_range_runs_on_without_a_wrong_check_digit() -> None:
    numbers = nhs_numbers()
    made = [next(numbers) for _ in range(2_000)]
    assert len(set(made)) == 2_000
    assert all(normalise("nhs-number", number) == number for number in made)


def test_no_two_people_share_a_name_or_an_identifier(everyone: dict[str, Person]) -> None:
    counted = Counter(value for person in everyone.values() for value in person.identifiers.values())
    counted += Counter(person.name for person in everyone.values())
    assert counted.most_common(1)[0][1] == 1


def test_every_edge_case_is_there_and_none_but_the_consent_states_stands_alone(everyone: dict[str, Person]) -> None:
    traits = Counter(trait for person in everyone.values() for trait in person.traits)
    assert set(traits) == EDGES
    assert all(traits[trait] > 1 for trait in EDGES - {"consent-expired", "consent-declined"})


def test_twins_differ_in_given_name_and_numbers_only(everyone: dict[str, Person]) -> None:
    elin, efa = everyone["elin"], everyone["efa"]
    assert (elin.family_name, elin.date_of_birth, elin.home) == (efa.family_name, efa.date_of_birth, efa.home)
    assert elin.given_names != efa.given_names
    assert not set(elin.identifiers.values()) & set(efa.identifiers.values())


def test_the_cast_is_what_its_roles_say(everyone: dict[str, Person]) -> None:
    for role in CAST:
        person = everyone[role.handle]
        assert person.traits == role.traits
        assert (person.nino is None) == ("no-nino" in role.traits)
        assert (person.date_of_death is not None) == ("deceased" in role.traits)
        assert (len(person.date_of_birth) < 10) == ("partial-dob" in role.traits)
        assert [award.benefit for award in person.awards] == list(role.benefits if person.nino else ())
        assert (person.licence.status if person.licence else None) == role.licence_status


def test_all_names_fit_an_iso_8859_1_file_and_some_need_it(everyone: dict[str, Person]) -> None:
    names = [person.name for person in everyone.values()]
    assert all(name.encode("iso-8859-1") for name in names)
    assert any(not name.isascii() for name in names)


def test_the_seed_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    write_seed(path, TODAY)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_describe_has_the_shape_that_callers_tests_read(everyone: dict[str, Person]) -> None:
    told = everyone["amara"].describe()
    assert told["name"] == "Amara May Sandbox-Ashworth"
    assert {"scheme": "nino", "value": everyone["amara"].nino} in told["identifiers"]
    assert told["traits"] == ["consented"]


def test_what_the_reference_shows_can_be_tried_in_the_sandbox(everyone: dict[str, Person]) -> None:
    assert everyone["amara"].identifiers["nino"] == NINO
