"""The room's verbs: search and show, for anybody: what is offered is no secret."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.agencies import repository as agencies
from gateway.catalogue import repository
from gateway.catalogue.errors import NoSuchDataset, NoSuchRecordType
from gateway.catalogue.repository import DatasetRow
from gateway.db.connection import Connection
from gateway.db.store import Store
from schemas.api.catalogue import AgencyBody, DatasetBody, RecordTypeBody, RecordTypeListed, WhoMayAsk
from schemas.api.lists import Page
from schemas.records import field_paths, json_schema, record_types

Available = Callable[[Sequence[str]], Awaitable[dict[str, list[WhoMayAsk]]]]
"""Who may ask for these datasets, by dataset: known to the agreements, which lie above this room."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Agencies, datasets, record types."""

    store: Store
    available: Available

    async def agencies(self) -> Page[AgencyBody]:
        """Every agency."""
        rows = await self.store.read(agencies.all_agencies)
        return Page[AgencyBody](
            items=[
                AgencyBody(id=row.id, name=row.name, kind=row.kind, status=row.status, contact=row.contact)
                for row in rows
            ]
        )

    async def search(self, words: str, after: str, limit: int) -> Page[DatasetBody]:
        """Datasets in whose texts every word stands; all where no word is given."""

        def read(connection: Connection) -> list[DatasetRow]:
            wanted = words.casefold().split()
            return [row for row in repository.everything(connection, after) if _matches(row, wanted)]

        rows = await self.store.read(read)
        available = await self.available([row.id for row in rows[:limit]])
        items = [body(row, available.get(row.id, [])) for row in rows[:limit]]
        return Page[DatasetBody](items=items, next_cursor=rows[limit - 1].id if len(rows) > limit else None)

    async def show(self, dataset_id: str) -> DatasetBody:
        """One dataset. Raises `NoSuchDataset`, with the versions that there are where it lacks this one only."""
        row = await self.store.read(repository.find, dataset_id)
        if row is None:
            rows = await self.store.read(repository.versions, dataset_id.rpartition("/")[0])
            raise NoSuchDataset(_others([row.id for row in rows]))
        return await self._shown(row)

    async def newest_dataset(self, name: str) -> DatasetBody:
        """The newest version of `{agency}/{name}`. Raises `NoSuchDataset`."""
        rows = await self.store.read(repository.versions, name)
        if not rows:
            raise NoSuchDataset
        return await self._shown(max(rows, key=lambda row: version_of(row.id)))

    async def _shown(self, row: DatasetRow) -> DatasetBody:
        available = await self.available([row.id])
        return body(row, available.get(row.id, []))

    def record_types(self) -> Page[RecordTypeListed]:
        """Every shared definition, those of others that are installed here included."""
        return Page[RecordTypeListed](
            items=[
                RecordTypeListed(
                    id=name,
                    title=model.title,
                    description=model.description,
                    special_category=model.special_category,
                    criminal_offence=model.criminal_offence,
                    href=f"/v1/record-types/{name}",
                )
                for name, model in sorted(record_types().items())
            ]
        )

    def newest(self, name: str) -> RecordTypeBody:
        """The definition of this name's newest version. Raises `NoSuchRecordType`."""
        found = _versions(name)
        if not found:
            raise NoSuchRecordType
        return self.record_type(found[-1])

    def record_type(self, name: str) -> RecordTypeBody:
        """A shared definition, with its JSON Schema and an example. Raises `NoSuchRecordType`, with the versions that
        there are where it lacks this one only."""
        model = record_types().get(name)
        if model is None:
            raise NoSuchRecordType(_others(_versions(name.partition("/")[0])))
        example: dict[str, Any] = dict(model.example)
        return RecordTypeBody(
            id=name,
            title=model.title,
            description=model.description,
            special_category=model.special_category,
            criminal_offence=model.criminal_offence,
            fields=sorted(field_paths(name)),
            json_schema=json_schema(name),
            example=example,
        )


def _versions(name: str) -> list[str]:
    """The record types of this name, the newest last."""
    return sorted((one for one in record_types() if one.rpartition("/")[0] == name), key=version_of)


def _others(versions: Sequence[str]) -> str | None:
    """What is said of a version that there is not, where there are others."""
    return f"it is there as {', '.join(sorted(versions, key=version_of))}" if versions else None


def version_of(name: str) -> int:
    """10 of `…/v10`."""
    return int(name.rpartition("/v")[2])


def body(row: DatasetRow, available: list[WhoMayAsk]) -> DatasetBody:
    """A dataset as the catalogue shows it."""
    return DatasetBody(
        id=row.id,
        provider=row.provider_id,
        record_type=row.record_type,
        title=row.title,
        description=row.description,
        status=row.status,
        identifiers=list(row.identifier_schemes),
        confirm=list(row.confirmations),
        special_category=bool(row.special_category),
        criminal_offence=bool(row.criminal_offence),
        show_to_subject=bool(row.show_to_subject),
        freshness=row.freshness,
        contact=row.contact,
        available_to=available,
    )


def _matches(row: DatasetRow, words: list[str]) -> bool:
    text = " ".join(
        (row.id, row.record_type, row.title, row.description, row.provider_id, row.identifiers)
    ).casefold()
    return all(word in text for word in words)
