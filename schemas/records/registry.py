"""The record types there are, by name and version: those of this house, and those that are installed beside it.

A record type of others is found by its entry point (`threekeys.record_types`). Each is imported and checked before
any is used: a gateway that knew only some of them would call records of its own datasets unreadable.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import Final

from schemas.records.benefit_award import BenefitAward
from schemas.records.council_tax import CouncilTax
from schemas.records.driving_licence import DrivingLicence
from schemas.records.gp_registration import GpRegistration
from schemas.records.housing_tenancy import HousingTenancy
from schemas.records.model import RecordModel
from schemas.records.soundness import faults_of

GROUP: Final = "threekeys.record_types"
OURS: Final = (BenefitAward, CouncilTax, DrivingLicence, GpRegistration, HousingTenancy)


class UnknownRecordType(LookupError):
    """No such record type; the message names those that there are."""


class RecordTypesUnusable(Exception):
    """An installed record type cannot be used. The message has a line for each fault, none with a value."""


@cache
def record_types() -> Mapping[str, type[RecordModel]]:
    """Every record type by name and version. Raises `RecordTypesUnusable`."""
    found: dict[str, type[RecordModel]] = {model.record_type: model for model in OURS}
    faults: list[str] = []
    for point in sorted(set(entry_points(group=GROUP)), key=lambda point: point.value):
        try:
            model = _loaded(point)
        except RecordTypesUnusable as error:
            faults.append(str(error))
            continue
        if found.setdefault(model.record_type, model) is not model:
            faults.append(
                f"record type {point.value}: {model.record_type} is taken; give yours another name or version"
            )
    if faults:
        raise RecordTypesUnusable("\n".join(faults))
    return MappingProxyType(found)


def record_model(record_type: str) -> type[RecordModel]:
    """The model of a record type. Raises `UnknownRecordType`, `RecordTypesUnusable`."""
    found = record_types().get(record_type)
    if found is None:
        raise UnknownRecordType(f"there is no such record type; there are {', '.join(sorted(record_types()))}")
    return found


def _loaded(point: EntryPoint) -> type[RecordModel]:
    try:
        model = point.load()
    except Exception as error:  # whatever a foreign module does when it is imported
        raise RecordTypesUnusable(f"record type {point.value}: {type(error).__name__} when it is imported") from error
    if not (isinstance(model, type) and issubclass(model, RecordModel)):
        raise RecordTypesUnusable(f"record type {point.value}: it is no RecordModel")
    faults: Iterator[str] = faults_of(model)
    said = "; ".join(faults)
    if said:
        raise RecordTypesUnusable(f"record type {point.value}: {said}")
    return model
