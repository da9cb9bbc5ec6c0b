"""benefit-award/v1: what a person is awarded, of which benefit, for how long."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from schemas.base import WireModel
from schemas.core_person import CorePerson
from schemas.dates import Day
from schemas.money import Money
from schemas.records.example import AMARA, HOME
from schemas.records.model import Code, RecordModel, Word, confirmed_by

BenefitCode = Literal[
    "attendance-allowance",
    "carers-allowance",
    "employment-and-support-allowance",
    "pension-credit",
    "personal-independence-payment",
    "state-pension",
    "universal-credit",
]


class Component(WireModel):
    """A part of an award with a rate of its own: the mobility part of PIP at the enhanced rate."""

    code: Code | None = None
    rate: Literal["basic", "standard", "enhanced"] | None = None


class Award(WireModel):
    """One award of one benefit."""

    reference: Word | None = None
    benefit: BenefitCode | None = None
    status: Literal["in-payment", "suspended", "ended", "under-review"] | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    """Null: awarded without an end."""
    weekly_amount: Money | None = None
    components: list[Component] | None = None


class BenefitAward(RecordModel):
    """A person's benefit awards."""

    record_type = "benefit-award/v1"
    title = "Benefit awards"
    description = "Benefits awarded to a person, past and present. Some of them tell of a person's health."
    special_category = True
    confirmations: ClassVar[Mapping[str, str]] = confirmed_by("person")
    identifier_paths: ClassVar[Mapping[str, str]] = {"nino": "person.nino"}
    example: ClassVar[Mapping[str, Any]] = {
        "person": {
            **AMARA,
            "dateOfDeath": None,
            "names": [
                {"familyName": "Sandbox-Mbeki", "givenNames": "Amara", "kind": "birth", "validUntil": "2009-07-18"},
                {
                    "familyName": "Sandbox-Ashworth",
                    "givenNames": "Amara",
                    "kind": "legal",
                    "validFrom": "2009-07-18",
                    "validUntil": None,
                },
            ],
            "addresses": [{**HOME, "validFrom": "2015-10", "validUntil": None}],
        },
        "awards": [
            {
                "reference": "SBX-A-000104",
                "benefit": "personal-independence-payment",
                "status": "in-payment",
                "startDate": "2024-01-08",
                "endDate": None,
                "weeklyAmount": {"amount": "187.45", "currency": "GBP"},
                "components": [
                    {"code": "mobility", "rate": "enhanced"},
                    {"code": "daily-living", "rate": "standard"},
                ],
            }
        ],
    }

    person: CorePerson | None = None
    awards: list[Award] | None = None
