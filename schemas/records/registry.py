"""The record types that this house defines, by name and version."""

from collections.abc import Mapping
from typing import Final

from schemas.records.benefit_award import BenefitAward
from schemas.records.council_tax import CouncilTax
from schemas.records.driving_licence import DrivingLicence
from schemas.records.gp_registration import GpRegistration
from schemas.records.housing_tenancy import HousingTenancy
from schemas.records.model import RecordModel


class UnknownRecordType(LookupError):
    """No such record type; the message names those that there are."""


RECORD_TYPES: Final[Mapping[str, type[RecordModel]]] = {
    model.record_type: model for model in (BenefitAward, CouncilTax, DrivingLicence, GpRegistration, HousingTenancy)
}


def record_model(record_type: str) -> type[RecordModel]:
    """The model of a record type. Raises `UnknownRecordType`."""
    found = RECORD_TYPES.get(record_type)
    if found is None:
        raise UnknownRecordType(f"there is no such record type; there are {', '.join(sorted(RECORD_TYPES))}")
    return found
