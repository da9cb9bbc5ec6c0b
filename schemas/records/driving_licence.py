"""driving-licence/v1: a licence to drive, what it covers and until when."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from schemas.base import WireModel
from schemas.core_location import Address
from schemas.core_person import NumberedPerson
from schemas.dates import Day
from schemas.identifiers import DrivingLicenceNumber
from schemas.records.example import AMARA, HOME
from schemas.records.model import Code, RecordModel, confirmed_by


class Holder(NumberedPerson):
    """Whose licence it is."""


class Category(WireModel):
    """A class of vehicle that may be driven, for a time."""

    code: Code | None = None
    """The category as the card prints it: `B`, `BE`, `A2`, `C1`."""
    valid_from: Day | None = None
    valid_until: Day | None = None


class Endorsement(WireModel):
    """An offence that counts on the licence."""

    code: Code | None = None
    """Endorsement code: `SP30`."""
    offence_date: Day | None = None
    points: int | None = Field(None, ge=0, le=11, strict=True)
    valid_until: Day | None = None
    """The last day on which it counts."""


class DrivingLicence(RecordModel):
    """A driving licence."""

    record_type = "driving-licence/v1"
    title = "Driving licence"
    description = "A person's licence to drive: its standing, its categories, its endorsements."
    criminal_offence = True
    confirmations: ClassVar[Mapping[str, str]] = confirmed_by("holder")
    identifier_paths: ClassVar[Mapping[str, str]] = {"nino": "holder.nino", "driving-licence-number": "licenceNumber"}
    example: ClassVar[Mapping[str, Any]] = {
        "licenceNumber": "SANDB804010A99AA",
        "kind": "full",
        "status": "valid",
        "validFrom": "2021-04-01",
        "validUntil": "2031-03-31",
        "categories": [
            {"code": "B", "validFrom": "2001-06-12", "validUntil": "2050-03-31"},
            {"code": "A2", "validFrom": "2010-05-03", "validUntil": None},
        ],
        "endorsements": [{"code": "SP30", "offenceDate": "2025-02-14", "points": 3, "validUntil": "2029-02-13"}],
        "holder": AMARA,
        "address": HOME,
    }

    licence_number: DrivingLicenceNumber | None = None
    """The driver number, 16 characters."""
    kind: Literal["full", "provisional"] | None = None
    status: Literal["valid", "expired", "suspended", "revoked", "disqualified", "surrendered"] | None = None
    valid_from: Day | None = None
    valid_until: Day | None = None
    """The last day on which the photocard is good."""
    categories: list[Category] | None = None
    endorsements: list[Endorsement] | None = None
    """Offences that still count: data of UK GDPR Art 10."""
    holder: Holder | None = None
    address: Address | None = None
