"""council-tax/v1: who is liable for which home's council tax, in which band, with which discounts."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from schemas.core_location import Address
from schemas.core_person import NumberedPerson
from schemas.dates import Day
from schemas.money import Money
from schemas.records.example import AMARA, HOME
from schemas.records.model import RecordModel, Word, confirmed_by
from schemas.validity import Validity

Percentage = Annotated[int, Field(ge=0, le=100, strict=True)]


class LiablePerson(NumberedPerson):
    """Who pays."""


class Discount(Validity):
    """A discount or exemption, for a time."""

    kind: Literal["single-person", "disabled-band", "student", "carer", "empty-home"] | None = None
    percentage: Percentage | None = None


class CouncilTax(RecordModel):
    """A person's council tax account."""

    record_type = "council-tax/v1"
    title = "Council tax account"
    description = "Liability for the council tax of one home: the band, the year's charge, discounts, what is owed."
    confirmations: ClassVar[Mapping[str, str]] = confirmed_by("liablePerson")
    identifier_paths: ClassVar[Mapping[str, str]] = {"nino": "liablePerson.nino", "uprn": "property.uprn"}
    example: ClassVar[Mapping[str, Any]] = {
        "accountReference": "CT-700104",
        "liablePerson": AMARA,
        "property": HOME,
        "band": "C",
        "liableFrom": "2015-10-01",
        "liableUntil": None,
        "annualCharge": {"amount": "1968.40", "currency": "GBP"},
        "balanceDue": {"amount": "328.06", "currency": "GBP"},
        "discounts": [{"kind": "single-person", "percentage": 25, "validFrom": "2019-03-01", "validUntil": None}],
    }

    account_reference: Word | None = None
    liable_person: LiablePerson | None = None
    property: Address | None = None
    band: Literal["A", "B", "C", "D", "E", "F", "G", "H", "I"] | None = None
    liable_from: Day | None = None
    liable_until: Day | None = None
    annual_charge: Money | None = None
    """For the present financial year, after discounts."""
    balance_due: Money | None = None
    discounts: list[Discount] | None = None
