"""Where something is: SEMIC Core Location (Address) in the shape of a GOV.UK address."""

from typing import Annotated

from pydantic import Field

from schemas.base import WireModel
from schemas.identifiers import Postcode, Uprn
from schemas.validity import Validity

Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2 code", strict=True)]
Line = Annotated[str, Field(max_length=200, strict=True)]


class Address(WireModel):
    """A postal address, as the GOV.UK design system asks for it. `uprn` names the property itself."""

    address_line1: Line | None = None
    address_line2: Line | None = None
    address_line3: Line | None = None
    town: Line | None = None
    county: Line | None = None
    postcode: Postcode | None = None
    uprn: Uprn | None = None
    country: Country | None = None


class DatedAddress(Address, Validity):
    """An address for the time in which it was somebody's."""
