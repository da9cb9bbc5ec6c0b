"""Assembly: from settings to one ASGI app. Only this module, `serve` and the sandbox know all rooms."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from fastapi import Depends, FastAPI

import adapters.registry
from adapters.errors import Misconfigured
from adapters.http.trust import CaFileUnusable, trusting
from gateway import health
from gateway.agreements import endpoints as agreement_routes
from gateway.agreements.service import Agreements
from gateway.auth import endpoints as auth_routes
from gateway.auth.claimed import ClaimedClients
from gateway.auth.dependencies import authenticate
from gateway.auth.people import PersonIssuer
from gateway.auth.service import Auth
from gateway.auth.verifier import Verifier
from gateway.catalogue import endpoints as catalogue_routes
from gateway.catalogue.service import Catalogue
from gateway.chores import look_at_sources, prune, see_keys
from gateway.clock import MICROSECONDS, Clock, SystemClock
from gateway.consent import endpoints as consent_routes
from gateway.consent.receipt import ConsentReceipts
from gateway.consent.service import Consents
from gateway.db.errors import StorageUnavailable
from gateway.db.open import open_store
from gateway.db.store import Store
from gateway.document import (
    BASE,
    DESCRIPTION,
    TAGS,
    at_home,
    connector_types,
    finished,
    operation_id,
    places,
    problem_types,
)
from gateway.errors import GatewayError
from gateway.exchange import endpoints as exchange_routes
from gateway.exchange.asgi import PATH as EXCHANGES
from gateway.exchange.asgi import ExchangeRoute
from gateway.exchange.deciding import Decisions
from gateway.exchange.offering import tell_unserved
from gateway.exchange.reply import Replier
from gateway.exchange.service import Exchanges
from gateway.exchange.sources import Source, Sources
from gateway.ledger.errors import LedgerHalted
from gateway.ledger.sequencer import Sequencer
from gateway.ledger.service import Ledger
from gateway.notices import endpoints as notice_routes
from gateway.notices.service import Notices
from gateway.oversight import endpoints as ledger_routes
from gateway.receipts.issue import ReceiptIssuer
from gateway.settings import ConfigurationError, Settings
from gateway.signing.directory import KeyDirectory
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.telemetry.log import logger
from gateway.telemetry.metrics import Metrics
from gateway.web import pages, reference
from gateway.web.bodies import App, Receive, Scope, Send, StrictBodies
from gateway.web.problems import install
from gateway.web.query import known_query
from gateway.web.requests import Requests
from schemas.records import RecordTypesUnusable, record_types


@dataclass(slots=True)
class Gateway:
    """One gateway: its rooms, and the ASGI app before them."""

    settings: Settings
    clock: Clock
    store: Store
    keys: KeyDirectory
    pseudonyms: PseudonymKeys
    metrics: Metrics
    auth: Auth
    ledger: Ledger
    sequencer: Sequencer
    sources: Sources
    exchanges: Exchanges
    decisions: Decisions
    consents: Consents
    notices: Notices
    agreements: Agreements
    catalogue: Catalogue
    api: FastAPI = field(init=False)
    asgi: App = field(init=False)
    requests: Requests = field(init=False)
    route: ExchangeRoute = field(init=False)
    opened: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI app."""
        await self.asgi(scope, receive, send)

    def open_sources(self) -> None:
        """Make the adapters that the configuration names, once, inside the event loop.

        Raises `ConfigurationError`, a line an adapter that cannot be made.
        """
        if self.opened:
            return
        faults: list[str] = []
        for name, one in self.settings.adapters.items():
            try:
                adapter = adapters.registry.build(one.kind, one.settings)
            except Misconfigured as error:
                faults.append(f"adapters.{name}: {error}")
                continue
            source = Source(
                name,
                adapter,
                self.clock,
                deadline=one.deadline,
                most_at_once=one.most_at_once,
                retries=one.retries,
            )
            self.sources.put({name: source})
            self.metrics.circuit.labels(name).set_function(partial(_circuit, source, self.clock))
        if faults:
            raise ConfigurationError("\n".join(faults))
        self.opened = True

    def drain(self) -> None:
        """Begin to end: what is in flight finishes, nothing new begins."""
        self.route.draining = True


def _circuit(source: Source, clock: Clock) -> float:
    return float(source.breaker.is_open(clock.now()))


def build(settings: Settings, clock: Clock | None = None, *, apart: bool = False) -> Gateway:
    """Build a gateway. Keys are made where there are none; adapters are made when the app starts. `apart`: commit in
    a process of its own, which is forked here."""
    clock = clock or SystemClock()
    try:
        record_types()
    except RecordTypesUnusable as error:
        raise ConfigurationError(str(error)) from None
    verifier = Verifier(apart=apart)  # before any key is read: it has none
    keys, pseudonyms = KeyDirectory(settings.keys).ensure(), PseudonymKeys(settings.keys, clock).ensure()
    store = open_store(settings.database, clock, busy_timeout=settings.busy_timeout, served=apart)
    metrics = Metrics()
    receipts = ReceiptIssuer(keys, settings.base_url, settings.origin, clock)
    sources = Sources({})
    auth = Auth(settings.base_url, store, keys, pseudonyms, clock, _issuers(settings), _tls(settings), verifier)
    agreements = Agreements(store, clock, auth.key_sets)
    exchanges = Exchanges(store, clock, sources, pseudonyms, Replier(receipts), metrics, auth.requests)
    gateway = Gateway(
        settings=settings,
        clock=clock,
        store=store,
        keys=keys,
        pseudonyms=pseudonyms,
        metrics=metrics,
        auth=auth,
        ledger=Ledger(store),
        sequencer=Sequencer(store, clock, keys, settings.origin),
        sources=sources,
        exchanges=exchanges,
        decisions=Decisions(exchanges, clock, settings.decisions_per_minute),
        consents=Consents(store, clock, pseudonyms, ConsentReceipts(store, receipts)),
        notices=Notices(store, clock, pseudonyms),
        agreements=agreements,
        catalogue=Catalogue(store, agreements.available),
    )
    gateway.api = _api(gateway)
    base_url = settings.base_url
    bodies = StrictBodies(ClaimedClients(gateway.api, store), base_url, partial(authenticate, gateway.auth))
    gateway.route = ExchangeRoute(bodies, exchanges, gateway.auth, base_url)
    gateway.asgi = gateway.requests = Requests(
        gateway.route, clock, metrics, base_url, partial(_unproven, gateway.sequencer)
    )

    def alone() -> bool:
        return gateway.requests.under_way == 1

    verifier.alone = alone
    store.alone(alone)
    metrics.ledger_ok.set_function(lambda: float(gateway.sequencer.fault is None))
    metrics.ledger_signed_at.set_function(lambda: (gateway.sequencer.signed_at or 0) / MICROSECONDS)
    return gateway


def _unproven(sequencer: Sequencer, scope: Scope) -> GatewayError | None:
    """Nothing is released while no receipt can be kept. All else goes on, what a person revokes before all."""
    if sequencer.halted and scope["path"] == EXCHANGES and scope["method"] == "POST":
        return LedgerHalted()
    return None


def _tls(settings: Settings) -> ssl.SSLContext | None:
    """Whom the gateway trusts where it fetches key sets; None: whom the machine does."""
    if settings.ca_file is None:
        return None
    try:
        return trusting(settings.ca_file)
    except CaFileUnusable as error:
        raise ConfigurationError(f"caFile: {error}") from None


def _issuers(settings: Settings) -> tuple[PersonIssuer, ...]:
    return tuple(
        PersonIssuer(
            issuer=one.issuer,
            audiences=frozenset(one.audiences),
            acr_values=frozenset(one.acr_values),
            identifier_claims=one.identifier_claims,
            jwks=_jwks(one.jwks_file) if one.jwks_file else "",
            jwks_uri=one.jwks_uri,
        )
        for one in settings.issuers
    )


def _jwks(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"issuers: the jwksFile {path} cannot be read: {error.strerror}") from None


def _api(gateway: Gateway) -> FastAPI:
    api = FastAPI(
        title="Threekeys",
        version="0.1.0",
        description=DESCRIPTION,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=_lifespan(gateway),
        docs_url=None,
        redoc_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        generate_unique_id_function=operation_id,
        openapi_tags=TAGS,
    )
    api.state.auth = gateway.auth

    rooms = (
        exchange_routes.router(gateway.exchanges, gateway.decisions),
        consent_routes.router(gateway.consents),
        notice_routes.router(gateway.notices),
        agreement_routes.router(gateway.agreements),
        catalogue_routes.router(gateway.catalogue),
        ledger_routes.router(gateway.ledger, gateway.store, gateway.pseudonyms),
    )
    install(api, gateway.settings.base_url, rooms)
    for room in rooms:
        api.include_router(room, dependencies=[Depends(known_query)])
    for router in (
        auth_routes.router(gateway.auth),
        pages.router(problem_types() | connector_types(), places(rooms)),
        reference.router(),
        health.router(partial(_look, gateway), gateway.sequencer, gateway.metrics, lambda: gateway.route.draining),
    ):
        api.include_router(router)
    made = api.openapi

    def openapi() -> dict[str, Any]:
        return api.openapi_schema or at_home(finished(made()), gateway.settings.base_url)

    api.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it
    return api


async def _look(gateway: Gateway) -> None:
    """Ask the database something small. Raises `Unavailable`, too where it is commits alone that hang."""
    if gateway.store.late:
        raise StorageUnavailable
    await gateway.catalogue.agencies()


def _lifespan(gateway: Gateway) -> Any:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        gateway.open_sources()
        gateway.store.begin()
        await tell_unserved(gateway.store, gateway.settings.adapters)
        works = (
            gateway.sequencer.run(),
            see_keys(gateway.keys, gateway.pseudonyms),
            prune(gateway.store, gateway.clock),
            look_at_sources(gateway.sources),
        )
        tasks = [asyncio.create_task(work) for work in works]
        logger("gateway").info("started", baseUrl=gateway.settings.base_url, adapters=list(gateway.settings.adapters))
        try:
            yield
        finally:
            gateway.drain()
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            await gateway.sequencer.once()
            await gateway.sources.aclose()
            await gateway.auth.aclose()
            await gateway.store.aclose()
            logger("gateway").info("stopped")

    return lifespan


def openapi_document() -> str:
    """The OpenAPI document, as committed under `openapi/`: a test holds it to the code."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        settings = Settings.model_validate(
            {"baseUrl": BASE, "keys": folder, "database": f"sqlite:///{folder}/none.db"}
        )
        document = build(settings).api.openapi()
    document["servers"] = [{"url": BASE, "description": "the sandbox"}]
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"
