"""Whom a call is about: identifiers, and what confirms that it is the right person."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from schemas.base import WireModel, shown
from schemas.dates import PartialDate
from schemas.examples import exchanges
from schemas.identifiers import looks_like_identifier, normalise
from schemas.texts import WITHOUT_CONTROLS


def _no_identifier(text: str) -> str:
    if looks_like_identifier(text):
        raise ValueError("it looks like an identifier of a person; use a reference")
    return text


REFERENCE = re.compile(r"[A-Za-z0-9._-]{1,64}")
Reference = Annotated[str, Field(pattern=rf"^{REFERENCE.pattern}$"), AfterValidator(_no_identifier)]
"""References, and codes, travel into logs and the ledger: what parses as an identifier of a person is refused."""
Code = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80), AfterValidator(_no_identifier)]
FieldPath = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*){0,7}$", max_length=200)]


class Identifier(WireModel):
    """One identifier of a person: its scheme, and its value in any shape that people write; read as the canonical."""

    model_config = shown(exchanges.IDENTIFIER)

    scheme: Literal["nhs-number", "nino", "uprn", "postcode", "driving-licence-number"]
    value: Annotated[str, Field(min_length=1, max_length=64)]

    @field_validator("value")
    @classmethod
    def _canonical(cls, value: str, known: ValidationInfo) -> str:
        scheme = known.data.get("scheme")  # not there where it is wrong itself
        return value if scheme is None else normalise(scheme, value)


class Confirm(WireModel):
    """What the caller knows of the person besides the identifier; compared, never released for that."""

    model_config = shown(exchanges.CONFIRM)

    date_of_birth: PartialDate | None = None
    family_name: Annotated[str, Field(min_length=1, max_length=120, pattern=WITHOUT_CONTROLS)] | None = None
    postcode: Annotated[str, Field(min_length=1, max_length=10, pattern=WITHOUT_CONTROLS)] | None = None


class Subject(WireModel):
    """The person whom the record is about."""

    model_config = shown(exchanges.SUBJECT)

    identifiers: Annotated[list[Identifier], Field(min_length=1, max_length=4)]
    confirm: Confirm | None = None
