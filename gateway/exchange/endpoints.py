"""The room's routes: thin. `POST /v1/exchanges` is answered by `asgi.py`; here it is declared for OpenAPI."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header, Path

from gateway.auth.caller import Caller
from gateway.auth.dependencies import anyone_with
from gateway.auth.errors import PersonTokenRefused
from gateway.catalogue.errors import NoSuchDataset
from gateway.errors import NotFound, SourceFault
from gateway.exchange.account import account
from gateway.exchange.deciding import Decisions
from gateway.exchange.errors import (
    ConfirmationNeeded,
    IdempotencyKeyReused,
    InFlight,
    NoSuchExchange,
    ShuttingDown,
    SourceBusy,
    SourceMalformed,
    SourceMisconfigured,
    SourceResting,
    SourceTimeout,
    SourceWrongPerson,
    SourceWrongSchema,
)
from gateway.exchange.rates import TooManyDecisions, TooManyExchanges, TooManyRefusals
from gateway.exchange.service import Exchanges
from gateway.policy import REASONS
from gateway.web.declared import answer, problems, shown_as
from gateway.web.faults import Checked
from schemas.api.exchanges import DecisionAnswer, ExchangeAccount, ExchangeRequest, NotHeld, Released
from schemas.examples import exchanges as examples

_ASKED = (ConfirmationNeeded, NoSuchDataset, NotFound, PersonTokenRefused)
_SOURCE = (
    SourceBusy,
    SourceFault,
    SourceMalformed,
    SourceMisconfigured,
    SourceResting,
    SourceTimeout,
    SourceWrongPerson,
    SourceWrongSchema,
)
_REQUESTS = shown_as(
    consented=examples.ASK,
    confirmed=examples.ASK_CONFIRMED,
    on_explicit_request=examples.ASK_ON_REQUEST,
)
_KEY = "For safe repeats: the same key and body within 24 hours give one exchange. A random value, such as a UUID"
Answer = Annotated[Released | NotHeld, "told apart by `outcome`"]


def router(exchanges: Exchanges, decisions: Decisions) -> APIRouter:
    """Routes of the exchange."""
    routes = APIRouter(prefix="/v1")
    checked = Checked(exchanges.rules)

    @routes.post(
        "/exchanges",
        status_code=201,
        response_model=Answer,
        responses=answer(
            201,
            "The record, minimised; or `not-held`, where the agency has none: a miss is an outcome, not an error",
            headers={"Location": "Where the exchange is told of: `/v1/exchanges/{exchangeId}`"},
            released=examples.RELEASED,
            not_held=examples.NOT_HELD,
        )
        | problems(
            REASONS["consent-required"],
            *_ASKED,
            *_SOURCE,
            IdempotencyKeyReused,
            InFlight,
            ShuttingDown,
            TooManyExchanges,
            TooManyRefusals,
            *REASONS.values(),
        ),
        summary="Ask for one record",
        tags=["exchanges"],
    )
    async def exchange(
        request: Annotated[ExchangeRequest, Body(openapi_examples=_REQUESTS), checked],
        caller: Annotated[Caller, anyone_with("exchanges:write")],
        idempotency_key: Annotated[
            str | None, Header(alias="Idempotency-Key", description=_KEY, pattern=r"^[A-Za-z0-9._-]{1,64}$")
        ] = None,
    ) -> Any:
        """One record of another agency, minimised to what law, agreement and person allow.

        The gateway decides, fetches from the agency's own system, keeps the permitted fields only, decides again
        while it enters the release in the ledger, and replies. A refusal names each missing key and how to get it.
        A person asks for their own record with the purpose `subject-access`."""
        raise NotImplementedError("gateway.exchange.asgi answers this route; here it is only declared")

    @routes.get(
        "/exchanges/{exchange_id}",
        responses=answer(200, "Each entry about it, the oldest first") | problems(NoSuchExchange),
        summary="What was decided, and why",
        tags=["exchanges"],
    )
    async def show(
        exchange_id: Annotated[str, Path(description="`exchangeId` of the answer or of the problem")],
        caller: Annotated[Caller, anyone_with("exchanges:read")],
    ) -> ExchangeAccount:
        """Told to both parties of the exchange and to its person, and to nobody else; never a value."""
        return await account(exchanges.store, exchanges.pseudonyms, caller, exchange_id)

    @routes.post(
        "/decisions",
        responses=answer(
            200,
            "What an exchange would be told now",
            permitted=examples.PERMITTED,
            refused=examples.NOT_PERMITTED,
        )
        | problems(*_ASKED, TooManyDecisions),
        response_model_exclude_none=True,
        summary="The same decision, dry",
        tags=["exchanges"],
    )
    async def decide(
        request: Annotated[ExchangeRequest, Body(openapi_examples=_REQUESTS), checked],
        caller: Annotated[Caller, anyone_with("decisions:write")],
    ) -> DecisionAnswer:
        """Send what you would send to `POST /v1/exchanges`: the same policy decides, nothing is fetched and nothing
        consumed. It is entered in the ledger, and limited to some hundred a minute."""
        return await decisions.decide(caller, request)

    @routes.get(
        "/status",
        responses=answer(200, "The state of each adapter", example={"licensing": "up", "benefits": "resting"}),
        summary="State of the sources, by real probes",
        tags=["operators"],
    )
    async def status() -> dict[str, Literal["up", "down", "unknown", "resting"]]:
        """`up`, `down`, `resting` (its circuit is open) or `unknown` (it cannot be probed), by adapter name."""
        return await exchanges.sources.states()

    return routes
