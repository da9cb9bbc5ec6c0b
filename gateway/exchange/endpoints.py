"""The room's routes: thin. `POST /v1/exchanges` is answered by `asgi.py`; here it is declared for OpenAPI."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header

from gateway.auth.caller import Caller
from gateway.auth.dependencies import anyone_with
from gateway.exchange.account import account
from gateway.exchange.deciding import Decisions
from gateway.exchange.service import Exchanges
from gateway.web.declared import ANY_PROBLEM, problem
from gateway.web.faults import Checked
from schemas.api.exchanges import DecisionAnswer, ExchangeAccount, ExchangeRequest, NotHeld, Released

PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: problem(what)
    for status, what in {
        400: "The body is not JSON that can be taken",
        401: "The caller is not authenticated",
        403: "Refused: `reasons` names each missing key and its remedy",
        404: "No such dataset, or not yours",
        422: "The request does not have the right shape: `errors` by JSON Pointer",
        429: "A limit is used up: Retry-After",
        502: "The source answered something that cannot be used",
        503: "The source, or the gateway, cannot answer now",
        504: "The source did not answer in time",
    }.items()
}
Answer = Annotated[Released | NotHeld, "told apart by `outcome`"]


def router(exchanges: Exchanges, decisions: Decisions) -> APIRouter:
    """Routes of the exchange."""
    routes = APIRouter(prefix="/v1")
    checked = Checked(exchanges.rules)

    @routes.post(
        "/exchanges",
        status_code=201,
        response_model=Answer,
        responses=PROBLEMS,
        summary="Ask for one record",
        tags=["exchanges"],
    )
    async def exchange(
        request: Annotated[ExchangeRequest, Body(), checked],
        caller: Annotated[Caller, anyone_with("exchanges:write")],
        idempotency_key: Annotated[str | None, Header(pattern=r"^[A-Za-z0-9._-]{1,64}$")] = None,
    ) -> Any:
        """Decide, fetch, minimise, commit, reply: one record of another agency, minimised to what law, agreement and
        person allow. Answered outside FastAPI's routing (docs/adr/0002)."""
        raise NotImplementedError("gateway.exchange.asgi answers this route; here it is only declared")

    @routes.get(
        "/exchanges/{exchange_id}",
        responses={404: PROBLEMS[404], **ANY_PROBLEM},
        summary="What was decided, and why",
        tags=["exchanges"],
    )
    async def show(exchange_id: str, caller: Annotated[Caller, anyone_with("exchanges:read")]) -> ExchangeAccount:
        """Told to both parties of the exchange and to its person, and to nobody else; never a value."""
        return await account(exchanges.store, exchanges.pseudonyms, caller, exchange_id)

    @routes.post(
        "/decisions",
        responses=PROBLEMS,
        response_model_exclude_none=True,
        summary="The same decision, dry",
        tags=["exchanges"],
    )
    async def decide(
        request: Annotated[ExchangeRequest, Body(), checked],
        caller: Annotated[Caller, anyone_with("decisions:write")],
    ) -> DecisionAnswer:
        """Fetches nothing and consumes nothing; is entered in the ledger; limited to some hundred a minute."""
        return await decisions.decide(caller, request)

    @routes.get("/status", responses=ANY_PROBLEM, summary="State of the sources, by real probes", tags=["operators"])
    async def status() -> dict[str, Literal["up", "down", "unknown", "resting"]]:
        """`up`, `down`, `resting` (its circuit is open) or `unknown` (it cannot be probed), by adapter name."""
        return await exchanges.sources.states()

    return routes
