"""Intents that register a dataset, change what is said of it, withdraw it and offer it again."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gateway.agencies import repository as agencies
from gateway.agencies.tables import agency
from gateway.catalogue import repository
from gateway.catalogue.errors import DatasetExists, DatasetInvalid
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
        _check_identifiers(self.identifiers)
        _check_texts(self.title, self.description, self.freshness, self.contact)
        for what in self.confirm:
            if confirmation_path(self.record_type, what) is None:
                raise DatasetInvalid(f"{self.record_type} has no field that could confirm {what!r}")

    def locks(self) -> Sequence[Lock]:
        return (Lock(AGENCY, self.provider_id, agency, share=True),)

    def apply(self, tx: Transaction) -> DatasetRow:
        agencies.the_agency(tx, self.provider_id)
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
        _enter(tx, row, "dataset-registered", adapter=row.adapter)
        return row


@dataclass(frozen=True, slots=True)
class UpdateDataset:
    """Change what is said of a dataset, by which identifiers it is asked through which adapter; what is None stays.

    An agreement and a consent are about the dataset's fields and say nothing of identifiers, nor of the system that
    the provider keeps them in, so those in force stay. That the adapter can serve it is for the caller to see to.
    Whose it is, its record type and what confirms a person are what others agreed to: for those, register a version.
    """

    id: str
    title: str | None = None
    description: str | None = None
    identifiers: tuple[str, ...] | None = None
    freshness: str | None = None
    contact: str | None = None
    adapter: str | None = None

    def locks(self) -> Sequence[Lock]:
        return (Lock(DATASET, self.id, dataset),)

    def apply(self, tx: Transaction) -> DatasetRow:
        row = changed(repository.the(tx, self.id), self)
        schemes = list(row.identifier_schemes)
        _enter(tx, row, "dataset-changed", identifiers=schemes, title=row.title, adapter=row.adapter)
        return repository.write(tx, row)


def changed(row: DatasetRow, update: UpdateDataset) -> DatasetRow:
    """The row as it would be. Raises `DatasetInvalid`."""
    row = row._replace(
        title=row.title if update.title is None else update.title,
        description=row.description if update.description is None else update.description,
        identifiers=row.identifiers if update.identifiers is None else json.dumps(update.identifiers),
        freshness=row.freshness if update.freshness is None else update.freshness,
        contact=row.contact if update.contact is None else update.contact,
        adapter=row.adapter if update.adapter is None else update.adapter,
    )
    _check_identifiers(row.identifier_schemes)
    _check_texts(row.title, row.description, row.freshness, row.contact)
    return row


@dataclass(frozen=True, slots=True)
class SetDatasetStatus:
    """Withdraw a dataset (exchanges stop from the commit on), or offer it again."""

    id: str
    status: Literal["offered", "withdrawn"]

    def locks(self) -> Sequence[Lock]:
        return (Lock(DATASET, self.id, dataset),)

    def apply(self, tx: Transaction) -> None:
        row = repository.write(tx, repository.the(tx, self.id)._replace(status=self.status))
        _enter(tx, row, f"dataset-{self.status}")


@dataclass(frozen=True, slots=True)
class TryDataset:
    """Enter that the operator is about to read a record outside of any exchange; answers with the id that the source
    is given for an exchange's."""

    id: str

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> str:
        row = repository.the(tx, self.id)
        exchange_id = tx.clock.new_id()
        _enter(tx, row, "dataset-tried", adapter=row.adapter, exchangeId=exchange_id)
        return exchange_id


def _check_identifiers(schemes: Sequence[str]) -> None:
    if not schemes or any(scheme not in SCHEMES for scheme in schemes):
        raise DatasetInvalid(f"identifiers are one or more of {', '.join(SCHEMES)}")


def _check_texts(title: str, description: str, freshness: str, contact: str) -> None:
    """What the catalogue shows; only a contact may be left out."""
    texts = {"title": title, "description": description, "freshness": freshness, "contact": contact or "none"}
    for what, value in texts.items():
        if not 0 < len(value.strip()) <= 500 or not value.isprintable():
            raise DatasetInvalid(f"the {what} is 1 to 500 printable characters")


def _enter(tx: Transaction, row: DatasetRow, kind: str, **more: object) -> None:
    event = {"kind": kind, "dataset": row.id, "provider": row.provider_id, "recordType": row.record_type, **more}
    append(tx, event, (row.provider_id,))
