"""Whom a call is about: identifiers, and what confirms that it is the right person."""

import re
from typing import Annotated

from pydantic import Field

from schemas.base import WireModel
from schemas.dates import PartialDate
from schemas.texts import WITHOUT_CONTROLS

REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,64}")
Reference = Annotated[str, Field(pattern=rf"^{REFERENCE.pattern}$")]
FieldPath = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*){0,7}$", max_length=200)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]


class Identifier(WireModel):
    """One identifier of a person: its scheme and its value."""

    scheme: Code
    value: Annotated[str, Field(min_length=1, max_length=64)]


class Confirm(WireModel):
    """What the caller knows of the person besides the identifier; compared, never released for that."""

    date_of_birth: PartialDate | None = None
    family_name: Annotated[str, Field(min_length=1, max_length=120, pattern=WITHOUT_CONTROLS)] | None = None
    postcode: Annotated[str, Field(min_length=1, max_length=10, pattern=WITHOUT_CONTROLS)] | None = None


class Subject(WireModel):
    """The person whom the record is about."""

    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=4)]
    confirm: Confirm | None = None
