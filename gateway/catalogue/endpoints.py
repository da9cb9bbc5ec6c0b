"""The room's routes: public, thin."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from gateway.catalogue.errors import NoSuchDataset, NoSuchRecordType
from gateway.catalogue.service import Catalogue
from gateway.web.declared import answer, problems
from gateway.web.query import IN_DIGITS
from schemas.api.catalogue import AgencyBody, DatasetBody, RecordTypeBody, RecordTypeListed
from schemas.api.lists import Cursor, Page

Version = Annotated[str, Path(description="`v1`, `v2` and so on")]

RecordTypeName = Annotated[str, Path(description="Such as `driving-licence`")]
DatasetAgency = Annotated[str, Path(description="The agency's id")]
DatasetName = Annotated[str, Path(description="The dataset's name at that agency")]


def router(catalogue: Catalogue) -> APIRouter:
    """Routes of the catalogue."""
    routes = APIRouter(prefix="/v1", tags=["catalogue"])

    @routes.get("/agencies", responses=answer(200, "All agencies, on one page"), summary="Who is on the exchange")
    async def agencies() -> Page[AgencyBody]:
        """Public, private and charity; the suspended ones too."""
        return await catalogue.agencies()

    @routes.get("/datasets", responses=answer(200, "A page of datasets"), summary="Search what is offered")
    async def search(
        q: Annotated[str, Query(max_length=200, description="Words, separated by blanks")] = "",
        cursor: Annotated[Cursor, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=100, description="The most items of a page"), IN_DIGITS] = 100,
    ) -> Page[DatasetBody]:
        """Every word of `q` must stand somewhere in the dataset's texts."""
        return await catalogue.search(q, cursor, limit)

    @routes.get(
        "/datasets/{agency}/{name}",
        responses=answer(200, "The dataset", headers=_stays("/v1/datasets/{agency}/{name}/{version}"))
        | problems(NoSuchDataset),
        summary="One dataset, in its newest version",
    )
    async def newest_dataset(agency: DatasetAgency, name: DatasetName, response: Response) -> DatasetBody:
        """To look at. A request names the version that was agreed on."""
        found = await catalogue.newest_dataset(f"{agency}/{name}")
        response.headers["Content-Location"] = f"/v1/datasets/{found.id}"
        return found

    @routes.get(
        "/datasets/{agency}/{name}/{version}",
        responses=answer(200, "The dataset") | problems(NoSuchDataset),
        summary="One dataset",
    )
    async def show(agency: DatasetAgency, name: DatasetName, version: Version) -> DatasetBody:
        """Its identifiers, its confirmations, who may ask for it and for what, how fresh it is, whom to ask."""
        return await catalogue.show(f"{agency}/{name}/{version}")

    @routes.get(
        "/record-types", responses=answer(200, "All record types, on one page"), summary="The shared definitions"
    )
    async def record_types() -> Page[RecordTypeListed]:
        """What a dataset's records may be: this house's own, and those that are installed beside them."""
        return catalogue.record_types()

    @routes.get(
        "/record-types/{name}",
        responses=answer(200, "The definition", headers=_stays("/v1/record-types/{name}/{version}"))
        | problems(NoSuchRecordType),
        summary="A shared definition, in its newest version",
    )
    async def newest_record_type(name: RecordTypeName, response: Response) -> RecordTypeBody:
        """To look at. A program names the version that it was written for: a newer one may have other fields."""
        found = catalogue.newest(name)
        response.headers["Content-Location"] = f"/v1/record-types/{found.id}"
        return found

    @routes.get(
        "/record-types/{name}/{version}",
        responses=answer(200, "The definition") | problems(NoSuchRecordType),
        summary="A shared definition",
    )
    async def record_type(name: RecordTypeName, version: Version) -> RecordTypeBody:
        """JSON Schema (2020-12), field paths and an example."""
        return catalogue.record_type(f"{name}/{version}")

    return routes


def _stays(path: str) -> dict[str, str]:
    return {"Content-Location": f"Where this version stays: `{path}`"}
