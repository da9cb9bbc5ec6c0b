"""gp-registration/v1: with which general practice a person is registered."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from schemas.base import WireModel
from schemas.core_person import Person
from schemas.dates import Day
from schemas.identifiers import NhsNumber
from schemas.records.example import NAMED
from schemas.records.model import RecordModel, Word, confirmed_by

OdsCode = Annotated[str, Field(pattern=r"^[A-Z0-9]{3,10}$", description="NHS ODS organisation code", strict=True)]


class Patient(Person):
    """Who is registered."""

    nhs_number: NhsNumber | None = None


class Practice(WireModel):
    """A general practice."""

    code: OdsCode | None = None
    name: Word | None = None


class GpRegistration(RecordModel):
    """A person's registration with a general practice."""

    record_type = "gp-registration/v1"
    title = "GP registration"
    description = "Where a person is registered for primary care. It tells nothing of their care, and is health data."
    special_category = True
    confirmations: ClassVar[Mapping[str, str]] = confirmed_by("person")
    identifier_paths: ClassVar[Mapping[str, str]] = {"nhs-number": "person.nhsNumber"}
    example: ClassVar[Mapping[str, Any]] = {
        "person": {
            "nhsNumber": "9990000018",
            **NAMED,
        },
        "practice": {"code": "Z99001", "name": "Sandham Harbour Surgery"},
        "registeredFrom": "2015-11-02",
        "status": "registered",
    }

    person: Patient | None = None
    practice: Practice | None = None
    registered_from: Day | None = None
    status: Literal["registered", "left", "deceased"] | None = None
