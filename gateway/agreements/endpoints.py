"""The room's routes: thin."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from gateway.agreements.service import PAGE, Agreements
from gateway.auth.caller import ClientCaller
from gateway.auth.dependencies import client_with
from gateway.web.declared import ANY_PROBLEM
from gateway.web.faults import Checked
from schemas.api.agreements import (
    AcceptanceBody,
    Agreement,
    AgreementText,
    Permission,
    RegisterEntry,
    SuspensionBody,
)
from schemas.api.lists import Page

_TEXT = {"$ref": "#/components/schemas/AgreementText"}
Limit = Annotated[int, Query(ge=1, le=PAGE)]
Reader = Annotated[ClientCaller, client_with("agreements:read")]
Writer = Annotated[ClientCaller, client_with("agreements:write")]
Acceptor = Annotated[ClientCaller, client_with("agreements:accept")]


def router(agreements: Agreements) -> APIRouter:
    """Routes of agreements, the register and permissions."""
    routes = APIRouter(prefix="/v1", tags=["agreements"], responses=ANY_PROBLEM)
    checked = Checked(agreements.rules)

    @routes.post("/agreements", status_code=201, summary="Draft an agreement")
    async def draft(body: Annotated[AgreementText, Body(), checked], caller: Writer) -> Agreement:
        """By one of its two agencies; not in force until both have accepted."""
        return await agreements.draft(caller.actor, body)

    @routes.get("/agreements", summary="The agency's agreements")
    async def listing(caller: Reader, cursor: str = "", limit: Limit = PAGE) -> Page[Agreement]:
        return await agreements.list(caller.agency_id, cursor, limit)

    @routes.get("/agreements/{agreement_id}", summary="One agreement, to its parties")
    async def show(agreement_id: str, caller: Reader) -> Agreement:
        return await agreements.show(caller.agency_id, agreement_id)

    @routes.get(
        "/agreements/{agreement_id}/versions/{version}",
        response_class=Response,
        responses={200: {"content": {"application/json": {"schema": _TEXT}}}},
        summary="The text of a version, to its parties",
    )
    async def text(agreement_id: str, version: Annotated[int, Path(ge=1)], caller: Reader) -> Response:
        """Byte for byte what was signed: its SHA-256 is the one in the acceptances."""
        found = await agreements.text(caller.agency_id, agreement_id, version)
        return Response(found, media_type="application/json")

    @routes.post("/agreements/{agreement_id}/versions", status_code=201, summary="Draft the next version")
    async def version(
        agreement_id: str, body: Annotated[AgreementText, Body(), checked], caller: Writer
    ) -> Agreement:
        """The version in force stays in force until both have accepted the new one."""
        return await agreements.new_version(caller.actor, agreement_id, body)

    @routes.post("/agreements/{agreement_id}/acceptances", status_code=201, summary="Accept the newest version")
    async def accept(agreement_id: str, body: Annotated[AcceptanceBody, Body()], caller: Acceptor) -> Agreement:
        """A compact JWS over the RFC 8785 JSON of {agreement, version, sha256}."""
        return await agreements.accept(caller.actor, agreement_id, body)

    @routes.post("/agreements/{agreement_id}/suspensions", summary="Suspend, resume or end")
    async def change(agreement_id: str, body: Annotated[SuspensionBody, Body()], caller: Writer) -> Agreement:
        """Either party may suspend, also on top of the other, and end; each lifts its own suspension only."""
        return await agreements.change(caller.actor, agreement_id, body)

    @routes.get("/register", summary="Public: every agreement in force")
    async def register(cursor: str = "", limit: Limit = PAGE) -> Page[RegisterEntry]:
        """Who gets what from whom, for what, and under which law."""
        return await agreements.register(cursor, limit)

    @routes.get("/permissions", summary="What the calling agency may ask for")
    async def permissions(
        caller: Annotated[ClientCaller, client_with("permissions:read")],
        dataset: str | None = None,
        cursor: str = "",
        limit: Limit = PAGE,
    ) -> Page[Permission]:
        """By dataset and purpose, with the limits left now. A page tells of at most `limit` agreements."""
        return await agreements.permissions(caller.agency_id, dataset, cursor, limit)

    return routes
