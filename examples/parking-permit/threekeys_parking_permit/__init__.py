"""parking-permit/v1: a residents' parking permit. A record type of an agency's own, outside Threekeys' package."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from schemas.core_location import Address
from schemas.core_person import NumberedPerson
from schemas.dates import Day
from schemas.records import RecordModel, Word, confirmed_by


class Permitted(NumberedPerson):
    """Whose permit it is."""


class ParkingPermit(RecordModel):
    """A residents' parking permit."""

    record_type = "parking-permit/v1"
    title = "Residents' parking permit"
    description = "A permit to park near one's home: its zone, its standing, until when."
    confirmations: ClassVar[Mapping[str, str]] = confirmed_by("holder")
    identifier_paths: ClassVar[Mapping[str, str]] = {"nino": "holder.nino"}
    example: ClassVar[Mapping[str, Any]] = {
        "permitNumber": "P-20417",
        "zone": "K3",
        "status": "valid",
        "validUntil": "2027-03-31",
        "holder": {"familyName": "Sandbox-Ashworth", "dateOfBirth": "1980-04-01", "nino": "ZZ123456A"},
        "home": {"addressLine1": "4 Sandpiper Row", "postcode": "ZZ1 2AB"},
    }

    permit_number: Word | None = None
    zone: Word | None = None
    """The zone's code, as its signs show it."""
    status: Literal["valid", "expired", "withdrawn"] | None = None
    valid_until: Day | None = None
    """The last day on which it is good."""
    holder: Permitted | None = None
    home: Address | None = None


__all__ = ["ParkingPermit", "Permitted"]
