"""What a body names of the catalogue: a dataset, and fields of its record type. Rules, and what they go by."""

from collections.abc import Iterator
from typing import Protocol

from gateway.catalogue import repository
from gateway.catalogue.repository import DatasetRow
from gateway.db.connection import Connection
from gateway.web.faults import Fault, fault
from schemas.records import field_paths


class NamesDataset(Protocol):
    """A body that names a dataset."""

    @property
    def dataset(self) -> str: ...


def named(connection: Connection, body: NamesDataset) -> DatasetRow | None:
    """The dataset that a body names, which may be one that is not whole; None where it names none that there is."""
    dataset_id = getattr(body, "dataset", None)
    return None if dataset_id is None else repository.find(connection, dataset_id)


def unknown_dataset(body: NamesDataset, found: DatasetRow | None) -> Iterator[Fault]:
    """The dataset must be there. For a body with other faults; alone it is `NoSuchDataset`."""
    if body.dataset and found is None:
        yield fault(("dataset",), "there is no such dataset in the catalogue: GET /v1/datasets?q=…")


def unknown_fields(record_type: str, body: object, attribute: str, member: str) -> Iterator[Fault]:
    """Each name must be a field of the record type."""
    known, names = field_paths(record_type), getattr(body, attribute)
    if known.issuperset(names):
        return
    for n, name in enumerate(names):
        if name not in known:
            detail = f"{record_type} has no such field: GET /v1/record-types/{record_type} lists them"
            yield fault((member, n), detail)
