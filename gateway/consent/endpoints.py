"""The room's routes: thin. Only a person's token decides; an agency's never grants."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query

from gateway.agreements.refusing import FORESEEN
from gateway.auth.caller import Caller, ClientCaller
from gateway.auth.dependencies import Person, anyone_with, client_with
from gateway.catalogue.errors import NoSuchDataset
from gateway.consent.errors import (
    AskedTooOften,
    ConsentNotActive,
    ConsentNotOpen,
    ConsentOutdated,
    FieldNotOffered,
    NoIdentifiers,
    NoSuchConsent,
    NotConsentable,
    TooManyOpenRequests,
)
from gateway.consent.service import PAGE, Consents
from gateway.web.declared import answer, problems, shown_as
from gateway.web.faults import Checked
from gateway.web.query import IN_DIGITS
from schemas.api.consents import (
    Consent,
    ConsentDecision,
    ConsentReceipt,
    ConsentRequest,
    Revocation,
)
from schemas.api.lists import Cursor, Page
from schemas.examples import consents as examples

_DECISIONS = shown_as(grant=examples.GRANT, decline=examples.DECLINE)
Limit = Annotated[int, Query(ge=1, le=PAGE, description="The most items of a page"), IN_DIGITS]
Id = Annotated[str, Path(description="The consent's id, from the request on")]


def router(consents: Consents) -> APIRouter:
    """Routes of consent."""
    routes = APIRouter(prefix="/v1", tags=["consent"])
    Reader = Annotated[Caller, anyone_with("consents:read")]  # a type
    Writer = Annotated[Caller, anyone_with("consents:write")]  # a type

    @routes.post(
        "/consent-requests",
        status_code=201,
        responses=answer(201, "The request, for the person to decide", requested=examples.REQUESTED)
        | problems(NoSuchDataset, NotConsentable, TooManyOpenRequests, AskedTooOften, *FORESEEN),
        summary="Ask a person for consent",
    )
    async def request(
        body: Annotated[ConsentRequest, Body(), Checked(consents.rules_of_request)],
        caller: Annotated[ClientCaller, client_with("consents:write")],
    ) -> Consent:
        """Refused, with the reasons of the policy, where a granted consent would not be enough to exchange."""
        return await consents.request(caller, body)

    @routes.get(
        "/consent-requests",
        responses=answer(200, "A page of consents in every state, the newest first"),
        summary="A person's own consents, or those that the agency asked for",
    )
    async def listing(caller: Reader, cursor: Cursor = "", limit: Limit = PAGE) -> Page[Consent]:
        """To a person all that is about them; to an agency all that it has asked for, and whom is not told."""
        return await consents.list(caller, cursor, limit)

    @routes.post(
        "/consent-requests/{consent_id}/decisions",
        responses=answer(200, "The consent as it stands now", granted=examples.ACTIVE, declined=examples.DECLINED)
        | problems(ConsentNotOpen, ConsentOutdated, FieldNotOffered, NoIdentifiers, NoSuchConsent),
        summary="The person grants or declines",
    )
    async def decide(
        consent_id: Id,
        body: Annotated[ConsentDecision, Body(openapi_examples=_DECISIONS)],
        caller: Person,
    ) -> Consent:
        """Only with a person's token of an issuer that the gateway trusts: an agency's token never grants."""
        return await consents.decide(caller, consent_id, body)

    @routes.get(
        "/consents/{consent_id}",
        responses=answer(
            200,
            "The consent",
            active=examples.ACTIVE,
            requested=examples.REQUESTED,
            revoked=examples.REVOKED,
        )
        | problems(NoSuchConsent),
        summary="A consent in its present state",
    )
    async def show(consent_id: Id, caller: Reader) -> Consent:
        """To the agency that asked, to that which would release, and to the person. No identifier of the person is in
        it."""
        return await consents.show(caller, consent_id)

    @routes.post(
        "/consents/{consent_id}/revocations",
        responses=answer(200, "The consent, revoked", revoked=examples.REVOKED)
        | problems(ConsentNotActive, NoSuchConsent),
        summary="Revoke a consent",
    )
    async def revoke(consent_id: Id, caller: Writer, body: Annotated[Revocation | None, Body()] = None) -> Consent:
        """By the person, or given up by the agency that holds it. Once acknowledged, nothing more is released."""
        return await consents.revoke(caller, consent_id, body)

    @routes.get(
        "/consents/{consent_id}/receipt",
        responses=answer(200, "The receipt") | problems(NoSuchConsent),
        summary="The receipt of the latest decision about it",
    )
    async def receipt(consent_id: Id, caller: Reader) -> ConsentReceipt:
        """A compact JWS of the gateway's, about what the person has decided; `threekeys verify` checks it offline."""
        return ConsentReceipt(consent_id=consent_id, receipt=await consents.receipt(caller, consent_id))

    return routes
