"""What every record type is: a wire model in which no field is required."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field

from schemas.base import WireModel

# A word of an agency's own: a reference, a code, a label.
Word = Annotated[str, Field(max_length=200, strict=True)]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9+-]{0,39}$", strict=True)]


class RecordModel(WireModel):
    """Base of the record types.

    Absent means not asked for or not released; null means that the agency says there is none. So every field is
    optional and none has a default of its own but None, which is left out where it was not set.

    record_type        name and version, `driving-licence/v1`: a version is never changed, only followed by the next
    special_category   whether the record tells something of UK GDPR Art 9 (health…)
    criminal_offence   whether it tells something of UK GDPR Art 10
    confirmations      what a caller may confirm a person by -> the field's path in the record
    identifier_paths   identifier scheme -> the path at which the record itself carries that identifier of its subject
    example            a whole record of a person who does not exist, JSON-ready
    """

    record_type: ClassVar[str]
    title: ClassVar[str]
    description: ClassVar[str]
    special_category: ClassVar[bool] = False
    criminal_offence: ClassVar[bool] = False
    confirmations: ClassVar[Mapping[str, str]] = {}
    identifier_paths: ClassVar[Mapping[str, str]] = {}
    example: ClassVar[Mapping[str, Any]]


def confirmed_by(part: str) -> Mapping[str, str]:
    """`confirmations` of a record type whose field `part` is a `Person`."""
    return {"dateOfBirth": f"{part}.dateOfBirth", "familyName": f"{part}.familyName"}
