"""Who somebody is: SEMIC Core Person 2.1, as far as the record types need it."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.base import WireModel
from schemas.core_location import DatedAddress
from schemas.dates import PartialDate
from schemas.identifiers import Nino
from schemas.validity import Validity

Name = Annotated[str, Field(max_length=200, strict=True)]


class Person(WireModel):
    """A person's present name and birth: what most registers hold."""

    family_name: Name | None = None
    given_names: Name | None = None
    date_of_birth: PartialDate | None = None


class NumberedPerson(Person):
    """The same in a register that keeps National Insurance numbers too."""

    nino: Nino | None = None


class PersonName(Validity):
    """A name for the time in which it was borne. `kind` tells a birth name from a chosen or a married one."""

    family_name: Name | None = None
    given_names: Name | None = None
    kind: Literal["birth", "legal", "alternative"] | None = None


class CorePerson(NumberedPerson):
    """A person with a history: every name and address with the time for which it held."""

    date_of_death: PartialDate | None = None
    names: list[PersonName] | None = None
    addresses: list[DatedAddress] | None = None
