"""The room's routes: public, thin."""

from typing import Annotated

from fastapi import APIRouter, Query

from gateway.catalogue.service import Catalogue
from gateway.web.declared import ANY_PROBLEM
from schemas.api.catalogue import AgencyBody, DatasetBody, RecordTypeBody
from schemas.api.lists import Page


def router(catalogue: Catalogue) -> APIRouter:
    """Routes of the catalogue."""
    routes = APIRouter(prefix="/v1", tags=["catalogue"], responses=ANY_PROBLEM)

    @routes.get("/agencies", summary="Who is on the exchange")
    async def agencies() -> Page[AgencyBody]:
        return await catalogue.agencies()

    @routes.get("/datasets", summary="Search what is offered")
    async def search(
        q: Annotated[str, Query(max_length=200)] = "",
        cursor: Annotated[str, Query(max_length=200)] = "",
        limit: Annotated[int, Query(ge=1, le=100)] = 100,
    ) -> Page[DatasetBody]:
        """Every word of `q` must stand somewhere in the dataset's texts."""
        return await catalogue.search(q, cursor, limit)

    @routes.get("/datasets/{agency}/{name}/{version}", summary="One dataset")
    async def show(agency: str, name: str, version: str) -> DatasetBody:
        """Its identifiers, its confirmations, who may ask for it and for what, how fresh it is, whom to ask."""
        return await catalogue.show(f"{agency}/{name}/{version}")

    @routes.get("/record-types/{name}/{version}", summary="A shared definition")
    async def record_type(name: str, version: str) -> RecordTypeBody:
        """JSON Schema (2020-12), field paths and an example."""
        return catalogue.record_type(f"{name}/{version}")

    return routes
