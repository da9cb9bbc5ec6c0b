"""Intents that register a dataset, withdraw it and offer it again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.agencies import repository as agencies
from gateway.agencies.errors import NoSuchAgency
from gateway.agencies.tables import agency
from gateway.catalogue import repository
from gateway.catalogue.errors import DatasetExists, DatasetInvalid, NoSuchDataset
from gateway.catalogue.repository import DatasetRow
from gateway.catalogue.tables import dataset
from gateway.db.intent import AGENCY, DATASET, Lock, Transaction
from gateway.ledger.entry import append
from schemas.identifiers import SCHEMES
from schemas.records import record_types


def confirmation_path(record_type: str, name: str) -> str | None:
    """The field path that a confirmation (`dateOfBirth`, …) is compared with; None where the record type has none."""
    return record_types()[record_type].confirmations.get(name)


@dataclass(frozen=True, slots=True)
class AddDataset:
    """Register a dataset of an agency: `id` is `{agency}/{name}/{version}`, offered at once.

    What its record type says of special categories and offences holds; a dataset can only be stricter.
    """

    id: str
    record_type: str
    adapter: str
    title: str
    description: str
    identifiers: tuple[str, ...]
    confirm: tuple[str, ...] = ()
    special_category: bool = False
    criminal_offence: bool = False
    show_to_subject: bool = False
    freshness: str = "live"
    contact: str = ""

    @property
    def provider_id(self) -> str:
        """The agency that the id begins with."""
        return self.id.partition("/")[0]

    def __post_init__(self) -> None:
        if self.record_type not in record_types():
            raise DatasetInvalid(f"the record type is one of {', '.join(sorted(record_types()))}")
        name, _, version = self.id.partition("/")[2].rpartition("/")
        if not name or not version.startswith("v"):
            raise DatasetInvalid(
                "a dataset's id is agency/name/version, such as sandbox.licensing/driving-licence/v1"
            )
        unknown = [scheme for scheme in self.identifiers if scheme not in SCHEMES]
        if unknown or not self.identifiers:
            raise DatasetInvalid(f"identifiers are one or more of {', '.join(SCHEMES)}")
        for what in self.confirm:
            if confirmation_path(self.record_type, what) is None:
                raise DatasetInvalid(f"{self.record_type} has no field that could confirm {what!r}")

    def locks(self) -> Sequence[Lock]:
        return (Lock(AGENCY, self.provider_id, agency, share=True),)

    def apply(self, tx: Transaction) -> DatasetRow:
        if agencies.find_agency(tx, self.provider_id) is None:
            raise NoSuchAgency
        row = DatasetRow(
            self.id,
            self.provider_id,
            self.record_type,
            self.adapter,
            "offered",
            self.title,
            self.description,
            json.dumps(self.identifiers),
            json.dumps(self.confirm),
            int(self.special_category or record_types()[self.record_type].special_category),
            int(self.criminal_offence or record_types()[self.record_type].criminal_offence),
            int(self.show_to_subject),
            self.freshness,
            self.contact,
            tx.now,
        )
        if not repository.add(tx, row):
            raise DatasetExists(f"the dataset {self.id} is registered already")
        _enter(tx, row, "dataset-registered")
        return row


@dataclass(frozen=True, slots=True)
class SetDatasetStatus:
    """Withdraw a dataset (exchanges stop from the commit on), or offer it again."""

    id: str
    status: Literal["offered", "withdrawn"]

    def locks(self) -> Sequence[Lock]:
        return (Lock(DATASET, self.id, dataset),)

    def apply(self, tx: Transaction) -> None:
        row = repository.find(tx, self.id)
        if row is None:
            raise NoSuchDataset
        repository.set_status(tx, self.id, self.status)
        _enter(tx, row, f"dataset-{self.status}")


def _enter(tx: Transaction, row: DatasetRow, kind: str) -> None:
    event = {"kind": kind, "dataset": row.id, "provider": row.provider_id, "recordType": row.record_type}
    append(tx, event, (row.provider_id,))
