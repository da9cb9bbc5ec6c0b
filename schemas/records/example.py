"""The person of the record types' examples, who does not exist, and her home."""

from collections.abc import Mapping
from typing import Any, Final

NAMED: Final[Mapping[str, Any]] = {
    "familyName": "Sandbox-Ashworth",
    "givenNames": "Amara",
    "dateOfBirth": "1980-04-01",
}
AMARA: Final[Mapping[str, Any]] = {**NAMED, "nino": "ZZ123456A"}
HOME: Final[Mapping[str, Any]] = {
    "addressLine1": "4 Sandpiper Row",
    "town": "Sandham",
    "postcode": "ZZ1 2AB",
    "uprn": "999900000104",
    "country": "GB",
}
