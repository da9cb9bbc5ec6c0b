"""The room's route: thin."""

from typing import Annotated

from fastapi import APIRouter, Body

from gateway.agreements.refusing import FORESEEN
from gateway.auth.caller import ClientCaller
from gateway.auth.dependencies import client_with
from gateway.catalogue.errors import NoSuchDataset
from gateway.notices.errors import NoticeNotAppropriate
from gateway.notices.service import Notices
from gateway.policy import REASONS
from gateway.web.declared import answer, problems
from gateway.web.faults import Checked
from schemas.api.consents import Notice, NoticeBody
from schemas.examples import consents as examples


def router(notices: Notices) -> APIRouter:
    """Routes of notices."""
    routes = APIRouter(prefix="/v1", tags=["consent"])

    @routes.post(
        "/notices",
        status_code=201,
        responses=answer(201, "The notice, recorded", recorded=examples.NOTIFIED)
        | problems(NoSuchDataset, NoticeNotAppropriate, *FORESEEN, REASONS["notice-outdated"]),
        summary="Record that a person was notified",
    )
    async def notify(
        body: Annotated[NoticeBody, Body(), Checked(notices.rules)],
        caller: Annotated[ClientCaller, client_with("notices:write")],
    ) -> Notice:
        """For purposes whose agreement asks for the signal `notified`. `givenAt` lies in the past, and not more than
        ten years back."""
        return await notices.record(caller, body)

    return routes
