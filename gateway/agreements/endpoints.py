"""The room's routes: thin."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from gateway.agreements.errors import (
    AcceptanceInvalid,
    AgreementInvalid,
    AgreementStateForbids,
    AlreadyAccepted,
    NoSuchAgreement,
    NotAParty,
    NotThisVersion,
    PartiesFixed,
    TooManyDrafts,
)
from gateway.agreements.service import PAGE, Agreements
from gateway.auth.caller import ClientCaller
from gateway.auth.dependencies import client_with
from gateway.web.declared import answer, problems, served, shown_as
from gateway.web.faults import Checked
from gateway.web.query import IN_DIGITS
from schemas.api.agreements import (
    AcceptanceBody,
    Agreement,
    AgreementText,
    Permission,
    RegisterEntry,
    SuspensionBody,
)
from schemas.api.lists import Cursor, Page
from schemas.examples import agreements as examples

_TEXT = {"$ref": "#/components/schemas/AgreementText"}
_SUSPENSIONS = shown_as(suspend=examples.SUSPEND, resume=examples.RESUME, end={"action": "end"})
Limit = Annotated[int, Query(ge=1, le=PAGE, description="The most items of a page"), IN_DIGITS]
Version = Annotated[int, Path(ge=1, description="1 for the first text, 2 for the next, and so on"), IN_DIGITS]
Id = Annotated[str, Path(description="The agreement's id: `GET /v1/agreements`")]
Reader = Annotated[ClientCaller, client_with("agreements:read")]
Writer = Annotated[ClientCaller, client_with("agreements:write")]
Acceptor = Annotated[ClientCaller, client_with("agreements:accept")]


def router(agreements: Agreements) -> APIRouter:
    """Routes of agreements, the register and permissions."""
    routes = APIRouter(prefix="/v1", tags=["agreements"])
    checked = Checked(agreements.rules)

    @routes.post(
        "/agreements",
        status_code=201,
        responses=answer(201, "The draft, with the hash that both have to sign", draft=examples.DRAFT)
        | problems(AgreementInvalid, NotAParty, TooManyDrafts),
        summary="Draft an agreement",
    )
    async def draft(body: Annotated[AgreementText, Body(), checked], caller: Writer) -> Agreement:
        """By one of its two agencies; not in force until both have accepted."""
        return await agreements.draft(caller.actor, body)

    @routes.get(
        "/agreements",
        responses=answer(200, "A page of agreements, in every state"),
        summary="The agency's agreements",
    )
    async def listing(caller: Reader, cursor: Cursor = "", limit: Limit = PAGE) -> Page[Agreement]:
        """Those in which the calling agency is consumer or provider, the ended ones too."""
        return await agreements.list(caller.agency_id, cursor, limit)

    @routes.get(
        "/agreements/{agreement_id}",
        responses=answer(
            200,
            "The agreement as it stands",
            in_force=examples.IN_FORCE,
            draft=examples.DRAFT,
            suspended=examples.SUSPENDED,
        )
        | problems(NoSuchAgreement),
        summary="One agreement, to its parties",
    )
    async def show(agreement_id: Id, caller: Reader) -> Agreement:
        """Its newest text, who has accepted which version, and which is in force."""
        return await agreements.show(caller.agency_id, agreement_id)

    @routes.get(
        "/agreements/{agreement_id}/versions/{version}",
        response_class=Response,
        responses=served("The text", "application/json", _TEXT) | problems(NoSuchAgreement),
        summary="The text of a version, to its parties",
    )
    async def text(agreement_id: Id, version: Version, caller: Reader) -> Response:
        """Byte for byte what was signed: its SHA-256 is the one in the acceptances."""
        found = await agreements.text(caller.agency_id, agreement_id, version)
        return Response(found, media_type="application/json")

    @routes.post(
        "/agreements/{agreement_id}/versions",
        status_code=201,
        responses=answer(201, "The agreement, with the new text", draft=examples.DRAFT | {"version": 2})
        | problems(AgreementInvalid, AgreementStateForbids, NoSuchAgreement, PartiesFixed, TooManyDrafts),
        summary="Draft the next version",
    )
    async def version(agreement_id: Id, body: Annotated[AgreementText, Body(), checked], caller: Writer) -> Agreement:
        """The version in force stays in force until both have accepted the new one."""
        return await agreements.new_version(caller.actor, agreement_id, body)

    @routes.post(
        "/agreements/{agreement_id}/acceptances",
        status_code=201,
        responses=answer(201, "The agreement; in force once both have accepted", in_force=examples.IN_FORCE)
        | problems(AcceptanceInvalid, AlreadyAccepted, NoSuchAgreement, NotThisVersion),
        summary="Accept the newest version",
    )
    async def accept(agreement_id: Id, body: Annotated[AcceptanceBody, Body()], caller: Acceptor) -> Agreement:
        """A compact JWS over the RFC 8785 JSON of {agreement, version, sha256}, `sha256` as the agreement shows it.

        `threekeys agreement accept` makes and sends it."""
        return await agreements.accept(caller.actor, agreement_id, body)

    @routes.post(
        "/agreements/{agreement_id}/suspensions",
        responses=answer(200, "The agreement as it stands now", suspended=examples.SUSPENDED)
        | problems(AgreementStateForbids, NoSuchAgreement),
        summary="Suspend, resume or end",
    )
    async def change(
        agreement_id: Id,
        body: Annotated[SuspensionBody, Body(openapi_examples=_SUSPENSIONS)],
        caller: Writer,
    ) -> Agreement:
        """Either party may suspend, also on top of the other, and end; each lifts its own suspension only."""
        return await agreements.change(caller.actor, agreement_id, body)

    @routes.get(
        "/register",
        responses=answer(200, "A page of agreements in force"),
        summary="Public: every agreement in force",
    )
    async def register(cursor: Cursor = "", limit: Limit = PAGE) -> Page[RegisterEntry]:
        """Who gets what from whom, for what, and under which law."""
        return await agreements.register(cursor, limit)

    @routes.get(
        "/permissions",
        responses=answer(200, "A page of what may be asked for, an item a dataset and purpose"),
        summary="What the calling agency may ask for",
    )
    async def permissions(
        caller: Annotated[ClientCaller, client_with("permissions:read")],
        dataset: Annotated[str | None, Query(description="Of this dataset only")] = None,
        cursor: Cursor = "",
        limit: Limit = PAGE,
    ) -> Page[Permission]:
        """By dataset and purpose, with the limits left now. A page tells of at most `limit` agreements."""
        return await agreements.permissions(caller.agency_id, dataset, cursor, limit)

    return routes
