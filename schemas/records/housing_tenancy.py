"""housing-tenancy/v1: a tenancy of a home that a council or a housing association lets."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from schemas.core_location import Address
from schemas.core_person import NumberedPerson
from schemas.dates import Day
from schemas.money import Money
from schemas.records.example import AMARA, HOME
from schemas.records.model import RecordModel, Word, confirmed_by


class Tenant(NumberedPerson):
    """Who rents."""


class HousingTenancy(RecordModel):
    """A person's tenancy."""

    record_type = "housing-tenancy/v1"
    title = "Housing tenancy"
    description = "A tenancy of a council's or a housing association's home: its kind, its rent, its standing."
    confirmations: ClassVar[Mapping[str, str]] = confirmed_by("tenant")
    identifier_paths: ClassVar[Mapping[str, str]] = {"nino": "tenant.nino", "uprn": "property.uprn"}
    example: ClassVar[Mapping[str, Any]] = {
        "tenancyReference": "HT-300104",
        "kind": "secure",
        "status": "current",
        "landlord": "Sandham City Council",
        "tenant": AMARA,
        "property": HOME,
        "bedrooms": 2,
        "startDate": "2015-10-01",
        "endDate": None,
        "weeklyRent": {"amount": "112.50", "currency": "GBP"},
        "rentBalance": {"amount": "-12.00", "currency": "GBP"},
    }

    tenancy_reference: Word | None = None
    kind: Literal["introductory", "secure", "flexible", "assured"] | None = None
    status: Literal["current", "notice-given", "ended"] | None = None
    landlord: Word | None = None
    tenant: Tenant | None = None
    property: Address | None = None
    bedrooms: int | None = Field(None, ge=0, le=50, strict=True)
    start_date: Day | None = None
    end_date: Day | None = None
    weekly_rent: Money | None = None
    rent_balance: Money | None = None
    """What is owed (positive) or paid in advance (negative)."""
