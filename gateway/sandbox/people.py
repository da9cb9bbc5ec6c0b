"""A few hundred synthetic people, the same in every agency of the sandbox.

Deterministic: the same day and seed give the same people. What was issued or paid moves with today, so that nothing
goes stale; names, identifiers and birth dates stay all year. The people of `people_cast` come first, under handles
that stay; the others are `person-016` and so on.
"""

import json
from dataclasses import asdict
from datetime import date
from pathlib import Path
from random import Random
from typing import Final

from gateway.sandbox import people_names as names
from gateway.sandbox import people_numbers as numbers
from gateway.sandbox import people_records as records
from gateway.sandbox.people_cast import CAST, Role
from gateway.sandbox.people_facts import (
    CONSENTED,
    DECEASED,
    NO_CONSENT,
    NO_NINO,
    PARTIAL_DOB,
    RESTRICTED,
    Home,
    Person,
)

__all__ = ["PEOPLE", "Person", "people", "write_seed"]

PEOPLE: Final = 300
_SEED: Final = 1603


def people(today: date, seed: int = _SEED) -> list[Person]:
    """The sandbox's people as of a day."""
    made = _City(today, Random(seed))
    for role in CAST:
        made.add(role)
    while len(made.people) < PEOPLE:
        made.add(made.stranger())
    return made.people


def write_seed(path: Path, today: date) -> None:
    """Write what the agencies' systems are filled from: one JSON file, mode 0600."""
    text = json.dumps(
        {"today": today.isoformat(), "people": [asdict(person) for person in people(today)]}, ensure_ascii=False
    )
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")


class _City:
    """The people made so far."""

    def __init__(self, today: date, dice: Random) -> None:
        self.today = today
        self.dice = dice
        self.people: list[Person] = []
        self._numbers = numbers.nhs_numbers()
        self._names: set[str] = set()

    def stranger(self) -> Role:
        """A person of no fame; now and then an edge case, so that none stands alone."""
        dice, serial = self.dice, len(self.people) + 1
        sex = dice.choice("FM")
        age = dice.randrange(17, 92)
        family = dice.choice(names.FAMILY)
        while True:
            given = f"{dice.choice(names.FEMALE if sex == 'F' else names.MALE)} {dice.choice(names.SECOND)}"
            if f"{given} {family}" not in self._names:
                break
        traits = [CONSENTED if serial % 4 == 0 else NO_CONSENT]
        edge = {11: NO_NINO, 23: DECEASED, 37: RESTRICTED, 41: PARTIAL_DOB}.get(serial % 50)
        if edge:
            traits.insert(0, edge)
        if edge in (DECEASED, PARTIAL_DOB):
            age = max(age, 70)
        kinds = ("universal-credit", "carers-allowance", "personal-independence-payment")
        benefits = ("state-pension",) if age >= 67 else tuple(kind for kind in kinds if dice.random() < 0.2)
        drives = edge != PARTIAL_DOB and dice.random() < 0.8
        status = dice.choice(("valid", "valid", "valid", "valid", "expired")) if drives else None
        return Role(
            f"person-{serial:03d}", given, family, sex, age, tuple(traits), benefits, status, dice.random() < 0.3
        )

    def add(self, role: Role) -> None:
        """Make the person of a role, with all that the agencies hold of them."""
        dice, today, serial = self.dice, self.today, len(self.people) + 1
        twin = next((person for person in self.people if person.handle == role.shares_home_with), None)
        born = date.fromisoformat(twin.date_of_birth) if twin else self._born(role.age)
        home = twin.home if twin else self._home(serial)
        has_nino = NO_NINO not in role.traits
        dead = DECEASED in role.traits
        self._names.add(f"{role.given_names} {role.family}")
        driver = numbers.driver_number(role.given_names, born, role.sex == "F", serial)
        licensed = role.licence_status
        self.people.append(
            Person(
                handle=role.handle,
                given_names=role.given_names,
                family_name=f"Sandbox-{role.family}",
                sex=role.sex,
                date_of_birth=str(born.year) if PARTIAL_DOB in role.traits else born.isoformat(),
                date_of_death=records.days(today, -45) if dead else None,
                nhs_number=next(self._numbers),
                nino=numbers.nino(serial) if has_nino else None,
                home=home,
                traits=role.traits,
                birth_family_name=f"Sandbox-{role.birth_family}" if role.birth_family else None,
                married_on=records.days(today, -6_340) if role.birth_family else None,
                licence=records.licence(today, driver, role.age, dice, status=licensed) if licensed else None,
                awards=tuple(
                    records.award(today, benefit, serial * 10 + place, dice, ended=dead)
                    for place, benefit in enumerate(role.benefits)
                    if has_nino
                ),
                council_tax=records.council_tax(today, home.since, serial, dice) if has_nino else None,
                tenancy=records.tenancy(home.since, serial, dice) if has_nino and role.tenant else None,
                registration=records.registration(today, dice, status="deceased" if dead else "registered"),
            )
        )

    def _born(self, age: int) -> date:
        # By the year, not by the day: a birth date, and the driver number made of it, stays all year.
        return date(self.today.year - age - 1, self.dice.randrange(1, 13), self.dice.randrange(1, 29))

    def _home(self, serial: int) -> Home:
        street = names.STREETS[serial % len(names.STREETS)]
        letters = "ABDEFGHJLN"
        return Home(
            line1=f"{serial // len(names.STREETS) * 2 + 2} {street}",
            town=names.TOWN,
            postcode=f"ZZ{serial % 9 + 1} {serial % 10}{letters[serial // 10 % 10]}{letters[serial % 10]}",
            uprn=str(999_900_000_000 + serial),
            since=records.days(self.today, -self.dice.randrange(300, 4_000)),
        )
