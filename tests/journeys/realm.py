"""The test world with gateways that are processes: `threekeys serve`, one or several on one database.

    with Realm(database_url, people(3), gateways=2) as realm:
        answer = realm.casework.post("/v1/exchanges", json=realm.about("p1"), extensions={"gateway": 1})

All gateways are one gateway to the caller: one base URL, one set of keys, and a balancer before them, which takes the
gateway that the request's extension names, or the next.
"""

import asyncio
import itertools
import json
import os
import subprocess
import time
from collections.abc import Coroutine, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import yaml
from sqlalchemy import select

from gateway.connector.auth import ThreekeysAuth
from gateway.db.connection import Connection
from gateway.ledger.tables import ENTRY, OPENING
from gateway.sandbox.identity import UnsafeSandboxIdentity
from tests.journeys.running import THREEKEYS
from tests.journeys.source import Answer, HeldSource, Read, json_answer
from tests.world import CONSUMER, DATASET, FIELDS, Caller, World

T = TypeVar("T")
People = Mapping[str, Mapping[str, str]]
_ENTERED = select(ENTRY.c.at, ENTRY.c.commitment, OPENING.c.event).join(OPENING, OPENING.c.entry_id == ENTRY.c.id)


def people(many: int) -> dict[str, dict[str, str]]:
    """People with nothing but a NINO that cannot be issued."""
    return {f"p{n}": {"nino": f"ZZ{500_000 + n:06d}A"} for n in range(many)}


def reading(source: HeldSource) -> dict[str, Any]:
    """The configuration of the built-in REST adapter for this source."""
    names = ("status", "validUntil", "holder.familyName", "holder.dateOfBirth", "address.addressLine1")
    settings = {
        "baseUrl": source.url,
        "request": {"path": "/licences", "json": {"nino": "{nino}"}},
        "mapping": {"fields": {name: name for name in names}, "identifiers": {"nino": "nino"}},
    }
    return {"kind": "rest", "deadline": 30, "mostAtOnce": 500, "settings": settings}


def licence_of(read: Read) -> Answer:
    """A licence of whoever is asked about."""
    holder = {"familyName": "Sandbox-Test", "dateOfBirth": "1980-04-01"}
    address = {"addressLine1": "1 Test Row"}
    return json_answer(
        {"nino": read.nino, "status": "valid", "validUntil": "2030-01-01", "holder": holder, "address": address}
    )


class Balancer(httpx.AsyncBaseTransport):
    """Sends each request to one of several gateways, whatever host it was made for."""

    def __init__(self, ports: list[int]) -> None:
        self._ports = ports
        self._next = itertools.count()
        # Loopback only; without verify=False each client would first load every certificate authority there is.
        self._inner = httpx.AsyncHTTPTransport(verify=False, limits=httpx.Limits(max_connections=None))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        number = request.extensions.get("gateway", next(self._next))
        request.url = request.url.copy_with(port=self._ports[number % len(self._ports)])
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


class Realm(World):
    """See the module. `source` is the agency's own system, read over HTTP by the built-in REST adapter."""

    def __init__(self, database: str, known: People, *, gateways: int = 1, **settings: Any) -> None:
        self.known = known
        self.source = HeldSource(licence_of)
        self.environment = dict(os.environ)
        super().__init__(database, adapters=self.adapters(), **settings)
        self.identity = UnsafeSandboxIdentity(self.issuer, self.base_url, known, self.clock, sandbox=True)
        (self.folder / "people.jwks").write_text(json.dumps(self.identity.jwks()))
        first = self.settings.port  # of five in a row; the second is the issuer's
        self.ports = [first, *range(first + 2, first + 1 + gateways)]
        self.configurations = [self._configured(port) for port in self.ports]
        self.log = self.folder / "gateway.log"
        self.processes: list[subprocess.Popen[bytes]] = []

    def _configured(self, port: int) -> Path:
        path = self.folder / f"gateway-{port}.yaml"
        document = self.settings.model_dump(mode="json", by_alias=True, exclude_none=True) | {"port": port}
        path.write_text(yaml.safe_dump(document))
        return path

    def __enter__(self) -> Self:
        try:
            super().__enter__()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        self.run(self.source.stop())
        super().__exit__(*raised)

    def adapters(self) -> dict[str, Any]:
        """The configuration's adapters."""
        return {"scripted": reading(self.source)}

    # --- the gateways ---

    def start(self) -> None:
        """Start the source and every gateway, each a `threekeys serve`."""
        self.run(self.source.start())
        self.processes = [self.serve(configuration) for configuration in self.configurations]
        for port in self.ports:
            self.await_gateway(port)

    def serve(self, configuration: Path) -> "subprocess.Popen[bytes]":
        """One `threekeys serve`, not yet ready; what it says goes to the log, and it ends when this process does."""
        return self.launched([THREEKEYS, "serve", "-c", str(configuration), "--stop-with-stdin"])

    def launched(self, command: list[str]) -> "subprocess.Popen[bytes]":
        """A process of the realm."""
        with self.log.open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=self.environment)

    def await_gateway(self, port: int) -> None:
        """Wait until it is ready."""
        until = time.monotonic() + 60
        while True:
            connection = HTTPConnection("127.0.0.1", port, timeout=5)
            try:
                connection.request("GET", "/health/ready")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            assert time.monotonic() < until, f"the gateway did not start\n{self.log.read_text()[-4000:]}"
            time.sleep(0.02)

    def stop(self) -> None:
        """End them, and the source."""
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)
            assert process.stdin is not None
            process.stdin.close()

    # --- callers ---

    def run(self, work: Coroutine[Any, Any, T], timeout: float = 900) -> T:
        """Run a coroutine in the loop of the source and of the callers; seconds."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout)

    def client(self, client_id: str) -> Caller:
        """As in World, through the balancer."""
        auth = ThreekeysAuth(client_id, self.keys[client_id], self.base_url)
        return self._kept(Caller(self._loop, self.base_url, auth=auth, transport=Balancer(self.ports)))

    def person(self, name: str) -> Caller:
        """As in World, through the balancer."""
        headers = {"Authorization": f"Bearer {self.identity.token(name)}"}
        return self._kept(Caller(self._loop, self.base_url, headers=headers, transport=Balancer(self.ports)))

    def http(self) -> httpx.AsyncClient:
        """A plain client for code that runs in `run`: people call with it, each with a token of their own."""
        return httpx.AsyncClient(base_url=self.base_url, timeout=60, trust_env=False, transport=Balancer(self.ports))

    def speaker(self, client_id: str) -> httpx.AsyncClient:
        """A client of an agency, for code that runs in `run`."""
        client = self.http()
        client.auth = ThreekeysAuth(client_id, self.keys[client_id], self.base_url)
        return client

    def caseworker(self) -> httpx.AsyncClient:
        """The consumer's client, for code that runs in `run`."""
        return self.speaker(f"{CONSUMER}.casework")

    def as_person(self, name: str) -> dict[str, str]:
        """The headers of a call by this person."""
        return {"Authorization": f"Bearer {self.identity.token(name)}"}

    # --- what tests do again and again ---

    def about(self, name: str, **more: Any) -> dict[str, Any]:
        """The body of an exchange."""
        subject = {"identifiers": [{"scheme": s, "value": v} for s, v in self.known[name].items()]}
        return {"dataset": DATASET, "purpose": "with-consent", "subject": subject, "fields": FIELDS, **more}

    async def granted(self, caseworker: httpx.AsyncClient, anyone: httpx.AsyncClient, name: str) -> str:
        """A consent that this person granted just now; its id."""
        asked = await caseworker.post("/v1/consent-requests", json=self.about(name))
        assert asked.status_code == 201, asked.text
        consent_id = str(asked.json()["id"])
        path = f"/v1/consent-requests/{consent_id}/decisions"
        done = await anyone.post(path, json={"decision": "grant"}, headers=self.as_person(name))
        assert done.status_code == 200, done.text
        return consent_id

    def entered(self) -> list[tuple[int, str, dict[str, Any]]]:
        """Every entry whose opening is there: (at, in microseconds; commitment in hex; event)."""

        def read(connection: Connection) -> list[tuple[int, str, dict[str, Any]]]:
            return [(at, bytes(mark).hex(), json.loads(event)) for at, mark, event in connection.all(_ENTERED)]

        return self.in_gateway(lambda gateway: gateway.store.read(read))
