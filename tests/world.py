"""A gateway for tests: real HTTP on a port, a real database, two agencies, one dataset, a source that does as told.

with World(database_url) as world:
    answer = world.casework.post("/v1/exchanges", json=world.ask())
"""

import asyncio
import itertools
import json
import shutil
import ssl
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import httpx
import uvicorn
from pydantic import BaseModel

from adapters.base import Query, Record
from gateway.agencies.registration import AddAgency, AddClient
from gateway.agreements.accepting import acceptance_payload
from gateway.app import Gateway, build
from gateway.auth.actor import Actor
from gateway.catalogue.registration import AddDataset
from gateway.connector.auth import ThreekeysAuth
from gateway.connector.keys import ClientKey
from gateway.db.migrating import migrate
from gateway.exchange.sources import Source
from gateway.sandbox.identity import ACR, CLAIMS, UnsafeSandboxIdentity
from gateway.sandbox.layout import free_base
from gateway.settings import Settings
from gateway.web.problems import MEDIA_TYPE
from gateway.web.protocol import bounded
from schemas.api.agreements import AcceptanceBody, AgreementText
from schemas.api.problems import Problem
from tests.clock import MovableClock
from tests.travelling import travelling

T = TypeVar("T")
_numbers = itertools.count(100)
_TLS = ssl.create_default_context()  # made once: it takes longer than a request, and is not even used

CONSUMER, PROVIDER, STRANGER = "t.consumer", "t.provider", "t.stranger"
DATASET = f"{PROVIDER}/driving-licence/v1"
CONFIRMED = f"{PROVIDER}/licence-confirmed/v1"
CASEWORK = (
    "exchanges:write", "exchanges:read", "decisions:write", "permissions:read", "consents:write", "consents:read",
    "notices:write", "agreements:read", "ledger:read",
)  # fmt: skip
OFFICE = (
    "agreements:read",
    "agreements:write",
    "agreements:accept",
    "exchanges:read",
    "consents:read",
    "ledger:read",
)
PEOPLE = {
    "ann": {"nino": "ZZ000001A", "nhs-number": "9990000018"},
    "bob": {"nino": "ZZ000002B"},
    "cat": {"nino": "ZZ000003C"},
}
FIELDS = ["status", "validUntil", "holder.familyName"]


class ScriptedAdapter:
    """An adapter that holds what a test gives it, and does what a test tells it to before it answers."""

    Settings: ClassVar[type[BaseModel]] = BaseModel

    def __init__(self) -> None:
        self.held: dict[str, Record] = {}
        self.before: Callable[[Query], Awaitable[None]] | None = None
        self.queries: list[Query] = []

    async def fetch(self, query: Query) -> Record | None:
        self.queries.append(query)
        if self.before is not None:
            await self.before(query)
        return self.held.get(query.identifiers.get("nino", ""))

    async def aclose(self) -> None: ...


def licence(nino: str, **more: Any) -> Record:
    """A record of the dataset, about whoever has this NINO."""
    data = {
        "licenceNumber": "SANDB804010A99AA",
        "kind": "full",
        "status": "valid",
        "validFrom": "2020-01-01",
        "validUntil": "2030-01-01",
        "categories": [{"code": "B", "validFrom": "2000-01-01", "validUntil": None}],
        "endorsements": [{"code": "SP30", "points": 3}],
        "holder": {"familyName": "Sandbox-Test", "givenNames": "T", "dateOfBirth": "1980-04-01", "nino": nino},
        "address": {"addressLine1": "1 Test Row", "postcode": "ZZ1 2AB"},
    }
    return Record({**data, **more.pop("data", {})}, identifiers={"nino": nino}, **more)


def purpose(code: str, signal: str, **more: Any) -> dict[str, Any]:
    """A purpose of the test agreement."""
    authority = {
        "legalPower": "Test Act 2024, section 1",
        "lawfulBasis": more.pop("basis", "6(1)(e)"),
        "article10Authority": "Test Act 2024, schedule 1",
    }
    return {"code": code, "description": f"For {code}.", "authority": authority, "signal": signal, **more}


PURPOSES = (
    purpose("with-consent", "consent"),
    purpose("notified", "notified", noticeVersion="notice-1"),
    purpose("on-request", "explicit-request"),
    purpose("by-statute", "none", signalReason="The statute orders it."),
)


def agreement_text(dataset: str = DATASET, **more: Any) -> dict[str, Any]:
    """The text of the test agreement; anything may be replaced."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return {
        "title": "A test agreement",
        "consumer": CONSUMER,
        "provider": PROVIDER,
        "dataset": dataset,
        "purposes": list(PURPOSES),
        "fields": ["status", "validFrom", "validUntil", "categories", "holder.familyName", "address"],
        "limits": {"perMinute": 1_000_000, "perDay": 100_000_000},
        "validFrom": (today - timedelta(days=30)).isoformat(),
        "validUntil": (today + timedelta(days=300)).isoformat(),
        "controllers": ["Test consumer", "Test provider"],
        "retention": "A year.",
        "onwardUse": "None.",
        "dpiaReference": "DPIA-1",
        **more,
    }


def office(agency_id: str) -> Actor:
    """An agency's data office, as intents hold it."""
    return Actor(f"{agency_id}.data-office", agency_id)


class Caller:
    """An `httpx.AsyncClient` in the World's own loop, called plainly: `caller.post(path, json=…)`."""

    def __init__(self, loop: asyncio.AbstractEventLoop, base_url: str, **options: Any) -> None:
        self._loop = loop
        self._client = httpx.AsyncClient(base_url=base_url, timeout=30, trust_env=False, verify=_TLS, **options)

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """One request; the answer. A problem must be of the schema that the OpenAPI document declares, whatever the
        test is about: `ValidationError` where it is not."""
        asked = asyncio.run_coroutine_threadsafe(self._client.request(method, path, **more), self._loop)
        answer = asked.result(60)
        if answer.headers.get("content-type") == MEDIA_TYPE:
            Problem.model_validate_json(answer.content)
        return answer

    def post(self, path: str, **more: Any) -> httpx.Response:
        """POST."""
        return self.request("POST", path, **more)

    def get(self, path: str, **more: Any) -> httpx.Response:
        """GET."""
        return self.request("GET", path, **more)

    def close(self) -> None:
        """Close the connections."""
        asyncio.run_coroutine_threadsafe(self._client.aclose(), self._loop).result(10)


class World:
    """See the module. `gateway` is the running gateway; `adapter` its source; the clients are httpx clients."""

    def __init__(self, database: str, **settings: Any) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="threekeys-test-"))
        base = free_base()
        self.base_url = f"http://127.0.0.1:{base}"
        self.issuer = f"http://127.0.0.1:{base + 1}"
        self.clock = MovableClock()
        self.identity = UnsafeSandboxIdentity(self.issuer, self.base_url, PEOPLE, self.clock, sandbox=True)
        jwks = self.folder / "people.jwks"
        jwks.write_text(json.dumps(self.identity.jwks()))
        self.settings = Settings.model_validate(
            {
                "baseUrl": self.base_url,
                "port": base,
                "database": database,
                "keys": self.folder / "keys",
                "issuers": [
                    {
                        "issuer": self.issuer,
                        "audiences": [self.base_url],
                        "acrValues": [ACR],
                        "identifierClaims": dict(CLAIMS),
                        "jwksFile": jwks,
                    }
                ],
                **settings,
            }
        )
        self.keys: dict[str, ClientKey] = {}
        self.adapter = ScriptedAdapter()
        for person in PEOPLE.values():
            self.adapter.held[person["nino"]] = licence(person["nino"])
        self.gateway: Gateway
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._open: list[Caller] = []

    def __enter__(self) -> "World":
        migrate(self.settings.database)
        asyncio.run(self._prepare())
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in self._open:
            client.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Serve, in a thread of its own."""
        self.gateway = build(self.settings, self.clock)
        travelling(self.gateway.store)
        source = Source("scripted", self.adapter, self.clock, deadline=5.0)
        self.gateway.sources.put({"scripted": source})
        config = uvicorn.Config(
            self.gateway, host="127.0.0.1", port=self.settings.port, log_config=None,
            http=bounded(self.base_url, self.settings.most_connections),
            access_log=False, lifespan="on", ws="none", timeout_graceful_shutdown=10,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        until = time.monotonic() + 20
        while not self._server.started:
            assert self._thread.is_alive(), "the gateway did not start"
            assert time.monotonic() < until, "the gateway did not start in time"
            time.sleep(0.01)

    def stop(self) -> None:
        """Stop serving, as SIGTERM does."""
        self._server.should_exit = True
        self._thread.join(20)

    # --- callers ---

    def client(self, client_id: str) -> Caller:
        """An HTTP client that speaks as this client of an agency."""
        auth = ThreekeysAuth(client_id, self.keys[client_id], self.base_url, clock=self.clock)
        return self._kept(Caller(self._loop, self.base_url, auth=auth))

    def person(self, name: str) -> Caller:
        """An HTTP client that speaks as this person."""
        headers = {"Authorization": f"Bearer {self.identity.token(name)}"}
        return self._kept(Caller(self._loop, self.base_url, headers=headers))

    def anyone(self) -> Caller:
        """An HTTP client without credentials."""
        return self._kept(Caller(self._loop, self.base_url))

    def _kept(self, client: Caller) -> Caller:
        self._open.append(client)
        return client

    @cached_property
    def casework(self) -> Caller:
        """The consumer's client that may exchange."""
        return self.client(f"{CONSUMER}.casework")

    # --- what tests do again and again ---

    def ask(self, name: str = "ann", **more: Any) -> dict[str, Any]:
        """The body of an exchange."""
        identifiers = [{"scheme": "nino", "value": PEOPLE[name]["nino"]}]
        body = {
            "dataset": DATASET,
            "purpose": "by-statute",
            "subject": {"identifiers": identifiers},
            "fields": FIELDS,
        }
        return {**body, **more}

    def consent(self, name: str = "ann", *, grant: bool = True, optional: tuple[str, ...] = (), **more: Any) -> str:
        """A consent, requested by the consumer and, unless told otherwise, granted by the person; its id."""
        body = self.ask(name, purpose="with-consent") | more
        asked = self.casework.post("/v1/consent-requests", json=body)
        assert asked.status_code == 201, asked.text
        consent_id = str(asked.json()["id"])
        if grant:
            decision = {"decision": "grant", "optionalFields": list(optional)}
            done = self.person(name).post(f"/v1/consent-requests/{consent_id}/decisions", json=decision)
            assert done.status_code == 200, done.text
        return consent_id

    def events(self, exchange_id: str, client_id: str = f"{PROVIDER}.data-office") -> list[dict[str, Any]]:
        """The events about an exchange, as its provider reads them."""
        answer = self.client(client_id).get(f"/v1/exchanges/{exchange_id}")
        assert answer.status_code == 200, answer.text
        return [entry["event"] for entry in answer.json()["entries"]]

    def newcomer(self) -> str:
        """The name of somebody whom no test has met: a NINO, an NHS number and a record of the dataset."""
        number = next(_numbers)
        digits = f"999{number:06d}"
        check = -sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=True)) % 11
        if check == 10:  # such a number is never issued
            return self.newcomer()
        name = f"newcomer-{number}"
        PEOPLE[name] = {"nino": f"ZZ{number:06d}D", "nhs-number": f"{digits}{check}"}
        self.adapter.held[PEOPLE[name]["nino"]] = licence(PEOPLE[name]["nino"])
        return name

    def offer(self, *, agreed: bool = True, text: dict[str, Any] | None = None, **more: Any) -> str:
        """A dataset of its own for a test, with an agreement in force unless told otherwise; its id."""
        dataset = f"{PROVIDER}/{more.pop('name', 'offer')}-{next(_numbers)}/v1"
        about: dict[str, Any] = {
            "record_type": "driving-licence/v1", "adapter": "scripted", "title": "Offered",
            "description": "A test's.", "identifiers": ("nino", "driving-licence-number"), **more,
        }  # fmt: skip

        async def work(gateway: Gateway) -> None:
            await gateway.store.commit(AddDataset(dataset, **about))
            if agreed:
                await self.agree(gateway, agreement_text(dataset, **(text or {})))

        self.in_gateway(work)
        return dataset

    def in_gateway(self, work: Callable[[Gateway], Awaitable[T]]) -> T:
        """Run a coroutine on a gateway of its own over the same database (registrations, changes of standing)."""

        async def run() -> T:
            gateway = build(self.settings, self.clock)
            try:
                return await work(gateway)
            finally:
                await gateway.auth.aclose()
                await gateway.store.aclose()

        return asyncio.run(run())

    # --- setting up ---

    async def _prepare(self) -> None:
        gateway = build(self.settings, self.clock)
        commit = gateway.store.commit
        for agency in (CONSUMER, PROVIDER, STRANGER):
            await commit(AddAgency(agency, f"The {agency}", "public", "desk@test.invalid"))
            for kind, scopes in (("casework", CASEWORK), ("data-office", OFFICE)):
                client_id = f"{agency}.{kind}"
                self.keys[client_id] = ClientKey.generate()
                await commit(AddClient(client_id, agency, client_id, scopes, self.keys[client_id].public_jwks()))
        for dataset, confirm in ((DATASET, ()), (CONFIRMED, ("dateOfBirth",))):
            schemes = ("nino", "driving-licence-number")
            offered = AddDataset(
                dataset, "driving-licence/v1", "scripted", "Licences", "Test licences.", schemes, confirm
            )
            await commit(replace(offered, show_to_subject=not confirm))
            await self.agree(gateway, agreement_text(dataset))
        await gateway.auth.aclose()
        await gateway.store.aclose()

    async def agree(self, gateway: Gateway, text: dict[str, Any]) -> str:
        """An agreement, drafted and accepted by both; its id."""
        body = AgreementText.model_validate(text)
        drafted = await gateway.agreements.draft(office(body.consumer), body)
        for agency in (body.consumer, body.provider):
            jws = self.sign_acceptance(f"{agency}.data-office", drafted.id, 1, drafted.sha256)
            await gateway.agreements.accept(office(agency), drafted.id, AcceptanceBody(version=1, jws=jws))
        return drafted.id

    def sign_acceptance(self, client_id: str, agreement_id: str, version: int, sha256: str) -> str:
        """The compact JWS of an acceptance."""
        key = self.keys[client_id]
        payload = json.loads(acceptance_payload(agreement_id, version, sha256))
        return key.sign({"typ": "threekeys-acceptance+jwt", "kid": key.kid}, payload)


@contextmanager
def world(database: str, **settings: Any) -> Iterator[World]:
    """A `World`, entered."""
    with World(database, **settings) as entered:
        yield entered
