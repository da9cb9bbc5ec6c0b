"""A real gateway of this room alone: uvicorn on a port, SQLite or PostgreSQL beneath, two agencies, some clients."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from gateway.agencies.registration import AddAgency, AddClient
from gateway.auth.caller import Caller, ClientCaller
from gateway.auth.dependencies import Person, anyone_with, client_with
from gateway.auth.endpoints import router
from gateway.auth.people import PersonIssuer
from gateway.auth.service import Auth
from gateway.clock import MICROSECONDS, SystemClock
from gateway.connector.keys import ClientKey
from gateway.connector.proofs import ProofMaker
from gateway.db.open import open_store
from gateway.db.store import Store
from gateway.errors import GatewayError
from gateway.signing.directory import KeyDirectory
from gateway.signing.pseudonyms import PseudonymKeys

CASEWORK = "sandbox.benefits.casework"
CASEWORK_SCOPES = ("exchanges:write", "consents:read")
OTHER = "sandbox.licensing.counter"


class MovedClock(SystemClock):
    """The machine's clock, moved by whole seconds when a test says so."""

    def __init__(self) -> None:
        self.moved = 0

    def now(self) -> int:
        return super().now() + self.moved * MICROSECONDS

    @property
    def seconds(self) -> int:
        return self.now() // MICROSECONDS


def app_of(auth: Auth) -> FastAPI:
    """Three endpoints, one for each kind of caller, as rooms write them."""
    app = FastAPI()
    app.state.auth = auth
    app.include_router(router(auth))

    @app.exception_handler(GatewayError)
    async def problem(request: Request, error: GatewayError) -> JSONResponse:
        return JSONResponse({"code": error.code, "detail": error.detail}, error.status, error.headers)

    @app.get("/v1/consents/{consent_id}")
    async def consent(consent_id: str, caller: Annotated[ClientCaller, client_with("consents:read")]) -> Any:
        return {"client": caller.client_id, "agency": caller.agency_id}

    @app.post("/v1/exchanges")
    async def exchange(caller: Annotated[Caller, anyone_with("exchanges:write")]) -> Any:
        return {"caller": caller.id}

    @app.post("/v1/decisions")
    async def decide(person: Person) -> Any:
        return {"person": person.id, "identifiers": dict(person.identifiers)}

    return app


@dataclass(slots=True)
class Running:
    """One gateway process's worth, and what attacks need to talk to it."""

    base_url: str
    address: str
    auth: Auth
    store: Store
    clock: MovedClock
    key: ClientKey
    other_key: ClientKey
    http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(trust_env=False))

    def maker(self, key: ClientKey | None = None, client_id: str = CASEWORK) -> ProofMaker:
        return ProofMaker(client_id, key or self.key, self.base_url, self.clock)

    def form(self, assertion: str | None = None, **more: str) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion or self.maker().assertion(),
            **more,
        }

    async def ask(self, form: dict[str, str] | None = None, **headers: str) -> httpx.Response:
        """A token request; right in everything that the test does not change."""
        headers.setdefault("DPoP", self.maker().proof("POST", "/oauth/token"))
        return await self.http.post(f"{self.base_url}/oauth/token", data=form or self.form(), headers=headers)

    async def token(self, **more: str) -> str:
        answer = await self.ask(self.form(**more))
        assert answer.status_code == 200, answer.text
        text: str = answer.json()["access_token"]
        return text

    async def get(
        self, token: str, proof: str | None, path: str = "/v1/consents/c1", **headers: str
    ) -> httpx.Response:
        sent = {"Authorization": f"DPoP {token}", **headers}
        if proof is not None:
            sent["DPoP"] = proof
        return await self.http.get(self.base_url + path, headers=sent)


@asynccontextmanager
async def served(
    app: Any, listening: socket.socket | None = None, lifespan: Literal["on", "off"] = "off"
) -> AsyncIterator[str]:
    """Serve an ASGI app on loopback; gives its URL."""
    listening = listening or bound()
    config = uvicorn.Config(
        app,
        log_level="error",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        lifespan=lifespan,
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not task.done():
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = lifespan == "off"  # without waiting for connections that are idle
        await task


def bound() -> socket.socket:
    """A socket on a free port of loopback; asyncio sets TCP_NODELAY only where the protocol is named."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.bind(("127.0.0.1", 0))
    return found


@asynccontextmanager
async def running(
    folder: Path,
    url: str | None = None,
    issuers: tuple[PersonIssuer, ...] = (),
    base_url: str | None = None,
    listening: socket.socket | None = None,
) -> AsyncIterator[Running]:
    """A gateway with two agencies and a client of each. A second one on the same folder joins the first."""
    clock = MovedClock()
    listening = listening or bound()
    store = open_store(url or f"sqlite:///{folder / 'gateway.db'}", clock)
    store.create_all()
    keys = KeyDirectory(folder / "keys").ensure()
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"
    base_url = base_url or address
    auth = Auth(base_url, store, keys, PseudonymKeys(folder / "keys").ensure(), clock, issuers)
    key, other_key = (_key(folder / name) for name in ("casework.jwk", "counter.jwk"))
    gateway = Running(base_url, address, auth, store, clock, key, other_key)
    await _register(gateway)
    async with served(app_of(auth), listening):
        try:
            yield gateway
        finally:
            await gateway.http.aclose()
            await auth.aclose()
            await store.aclose()


def _key(path: Path) -> ClientKey:
    if not path.exists():
        ClientKey.generate().save(path)
    return ClientKey.load(path)


async def _register(gateway: Running) -> None:
    from gateway.agencies.errors import AlreadyRegistered

    try:
        for agency in ("sandbox.benefits", "sandbox.licensing"):
            await gateway.store.commit(AddAgency(agency, agency.title(), "public", "help@example.test"))
    except AlreadyRegistered:
        return
    await gateway.store.commit(
        AddClient(CASEWORK, "sandbox.benefits", "Casework", CASEWORK_SCOPES, gateway.key.public_jwks())
    )
    await gateway.store.commit(
        AddClient(OTHER, "sandbox.licensing", "Counter", ("consents:read",), gateway.other_key.public_jwks())
    )


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified."""
    import base64

    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
