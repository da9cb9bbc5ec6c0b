"""The room's routes: thin. Only a person's token decides; an agency's never grants."""

from typing import Annotated

from fastapi import APIRouter, Body, Query

from gateway.auth.caller import Caller, ClientCaller
from gateway.auth.dependencies import Person, anyone_with, client_with
from gateway.consent.service import PAGE, Consents
from gateway.web.declared import ANY_PROBLEM
from gateway.web.faults import Checked
from schemas.api.consents import (
    Consent,
    ConsentDecision,
    ConsentReceipt,
    ConsentRequest,
    Notice,
    NoticeBody,
    Revocation,
)
from schemas.api.lists import Page

Limit = Annotated[int, Query(ge=1, le=PAGE)]


def router(consents: Consents) -> APIRouter:
    """Routes of consent and notices."""
    routes = APIRouter(prefix="/v1", tags=["consent"], responses=ANY_PROBLEM)
    Reader = Annotated[Caller, anyone_with("consents:read")]  # a type
    Writer = Annotated[Caller, anyone_with("consents:write")]  # a type

    @routes.post("/consent-requests", status_code=201, summary="Ask a person for consent")
    async def request(
        body: Annotated[ConsentRequest, Body(), Checked(consents.rules_of_request)],
        caller: Annotated[ClientCaller, client_with("consents:write")],
    ) -> Consent:
        """Refused, with the reasons of the policy, where a granted consent would not be enough to exchange."""
        return await consents.request(caller, body)

    @routes.get("/consent-requests", summary="A person's own consents, or those that the agency asked for")
    async def listing(caller: Reader, cursor: str = "", limit: Limit = PAGE) -> Page[Consent]:
        return await consents.list(caller, cursor, limit)

    @routes.post("/consent-requests/{consent_id}/decisions", summary="The person grants or declines")
    async def decide(consent_id: str, body: Annotated[ConsentDecision, Body()], caller: Person) -> Consent:
        """Only with a person's token of a trusted issuer."""
        return await consents.decide(caller, consent_id, body)

    @routes.get("/consents/{consent_id}", summary="A consent in its present state")
    async def show(consent_id: str, caller: Reader) -> Consent:
        return await consents.show(caller, consent_id)

    @routes.post("/consents/{consent_id}/revocations", summary="Revoke a consent")
    async def revoke(consent_id: str, caller: Writer, body: Annotated[Revocation | None, Body()] = None) -> Consent:
        """By the person, or given up by the agency that holds it. Once acknowledged, nothing more is released."""
        return await consents.revoke(caller, consent_id, body)

    @routes.get("/consents/{consent_id}/receipt", summary="The receipt of the latest decision about it")
    async def receipt(consent_id: str, caller: Reader) -> ConsentReceipt:
        return ConsentReceipt(consent_id=consent_id, receipt=await consents.receipt(caller, consent_id))

    @routes.post("/notices", status_code=201, summary="Record that a person was notified")
    async def notify(
        body: Annotated[NoticeBody, Body(), Checked(consents.rules_of_notice)],
        caller: Annotated[ClientCaller, client_with("notices:write")],
    ) -> Notice:
        """For purposes whose agreement asks for the signal `notified`."""
        return await consents.notify(caller, body)

    return routes
