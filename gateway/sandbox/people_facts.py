"""What the sandbox's agencies know of a person, before each writes it down in its own way.

Dates are ISO 8601 text, money is whole pence. `restricted` and the other edge cases are traits of the person.
"""

from dataclasses import dataclass
from typing import Any, Final

# Traits of the person's key: what the demo is to set up for them.
CONSENTED: Final = "consented"
NO_CONSENT: Final = "no-consent"
CONSENT_EXPIRED: Final = "consent-expired"
CONSENT_DECLINED: Final = "consent-declined"
# Edge cases of the records.
TWIN: Final = "twin"
NO_NINO: Final = "no-nino"
DECEASED: Final = "deceased"
RESTRICTED: Final = "restricted"
PARTIAL_DOB: Final = "partial-dob"


@dataclass(frozen=True, slots=True)
class Home:
    """An address in the sandbox's own city."""

    line1: str
    town: str
    postcode: str
    uprn: str
    since: str


@dataclass(frozen=True, slots=True)
class Endorsement:
    code: str
    offence_date: str
    points: int
    valid_until: str


@dataclass(frozen=True, slots=True)
class Entitlement:
    code: str
    valid_from: str
    valid_until: str | None


@dataclass(frozen=True, slots=True)
class Licence:
    number: str
    kind: str
    status: str
    valid_from: str
    valid_until: str
    entitlements: tuple[Entitlement, ...]
    endorsements: tuple[Endorsement, ...]


@dataclass(frozen=True, slots=True)
class Award:
    reference: str
    benefit: str
    status: str
    start_date: str
    end_date: str | None
    weekly_pence: int
    components: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class CouncilTaxAccount:
    reference: str
    band: str
    liable_from: str
    annual_pence: int
    balance_pence: int
    discount: str | None
    discount_from: str | None


@dataclass(frozen=True, slots=True)
class Tenancy:
    reference: str
    kind: str
    status: str
    bedrooms: int
    start_date: str
    end_date: str | None
    weekly_pence: int
    balance_pence: int


@dataclass(frozen=True, slots=True)
class Registration:
    practice_code: str
    practice_name: str
    registered_from: str
    status: str


@dataclass(frozen=True, slots=True)
class Person:
    """A synthetic person. `handle` is a short name that stays; `name` is unique among the people."""

    handle: str
    given_names: str
    family_name: str
    sex: str
    date_of_birth: str
    date_of_death: str | None
    nhs_number: str
    nino: str | None
    home: Home
    traits: tuple[str, ...]
    birth_family_name: str | None = None
    married_on: str | None = None
    licence: Licence | None = None
    awards: tuple[Award, ...] = ()
    council_tax: CouncilTaxAccount | None = None
    tenancy: Tenancy | None = None
    registration: Registration | None = None

    @property
    def name(self) -> str:
        """Given names and family name."""
        return f"{self.given_names} {self.family_name}"

    @property
    def identifiers(self) -> dict[str, str]:
        """Scheme -> canonical value, of the schemes that this person has."""
        known = {
            "nino": self.nino,
            "nhs-number": self.nhs_number,
            "driving-licence-number": self.licence.number if self.licence else None,
        }
        return {scheme: value for scheme, value in known.items() if value is not None}

    def describe(self) -> dict[str, Any]:
        """What `threekeys demo --describe` tells of this person."""
        return {
            "name": self.name,
            "handle": self.handle,
            "identifiers": [{"scheme": scheme, "value": value} for scheme, value in self.identifiers.items()],
            "dateOfBirth": self.date_of_birth,
            "traits": list(self.traits),
        }
