"""How a gateway is, for those who run it: `/health/live`, `/health/ready` and `/metrics`."""

import asyncio
from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from gateway.errors import Unavailable
from gateway.ledger.sequencer import Sequencer
from gateway.telemetry.metrics import CONTENT_TYPE, Metrics
from gateway.web.declared import answer, served

_LOOK = 2.0
"""Seconds that the database has for an answer."""

_DRAINING = {"status": "not ready", "checks": {"database": "ok", "ledger": "ok", "draining": "yes"}}
_TAMPERED = "the stored tree of size 30 is not the one that was signed"
_HALTED = {"status": "not ready", "checks": {"database": "ok", "ledger": _TAMPERED}}


def router(
    look: Callable[[], Awaitable[object]], sequencer: Sequencer, counted: Metrics, draining: Callable[[], bool]
) -> APIRouter:
    """The routes. `look` asks the database something small, and raises `Unavailable` where it cannot."""
    routes = APIRouter(tags=["operators"])

    @routes.get("/health/live", response_description="It does", summary="The process answers")
    async def live() -> dict[str, str]:
        """For whoever restarts a process that hangs: asks nothing else."""
        return {"status": "live"}

    @routes.get(
        "/health/ready",
        responses=answer(200, "Ready", ready={"status": "ready", "checks": {"database": "ok", "ledger": "ok"}})
        | answer(503, "Not ready", draining=_DRAINING, ledger_halted=_HALTED),
        summary="Ready for traffic",
    )
    async def ready() -> JSONResponse:
        """Asks the database, whether the ledger is signed, and whether this gateway drains."""
        checks = {"database": await _database(look), "ledger": sequencer.fault or "ok"}
        if draining():
            checks["draining"] = "yes"
        good = checks["database"] == "ok" and not sequencer.halted and not draining()
        return JSONResponse({"status": "ready" if good else "not ready", "checks": checks}, 200 if good else 503)

    @routes.get(
        "/metrics",
        response_class=Response,
        responses=served("The metrics", "text/plain", {"type": "string"}),
        summary="Prometheus metrics",
    )
    async def metrics() -> Response:
        """Counts and times by route template and status; no id of a person or of an exchange."""
        return Response(counted.page(), media_type=CONTENT_TYPE)

    return routes


async def _database(look: Callable[[], Awaitable[object]]) -> str:
    try:
        async with asyncio.timeout(_LOOK):
            await look()
    except Unavailable as error:
        return error.code
    except TimeoutError:
        return "timeout"
    return "ok"
