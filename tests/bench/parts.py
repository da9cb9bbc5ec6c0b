"""What each verb of an exchange costs by itself, in µs of one quiet thread: no hand-over, no contention.

What the sum of these leaves unexplained of a thread's CPU time is the server (uvicorn, uvloop), hand-overs of the GIL
and caches that other threads have cooled.
"""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import uvloop
from pydantic import BaseModel
from pydantic_core import to_json

from adapters.base import Query, Record
from gateway.app import Gateway, build
from gateway.auth.caller import ClientCaller, Credentials
from gateway.clock import SystemClock
from gateway.connector.keys import ClientKey
from gateway.connector.proofs import ProofMaker
from gateway.db.errors import StorageBusy
from gateway.db.intent import Transaction
from gateway.db.parcels import pack, unpack
from gateway.exchange.asgi import PATH, parse
from gateway.exchange.asking import ask
from gateway.exchange.commit import CommitExchange
from gateway.exchange.facts import look
from gateway.exchange.idempotency import Taken
from gateway.exchange.minimise import minimise
from gateway.exchange.sources import Source
from gateway.policy import Permit, decide
from gateway.settings import Settings
from tests.bench.consents import nino
from tests.bench.nginx import ANSWER
from tests.bench.stage import CLIENT, FIELDS, body
from tests.world import CASEWORK, CONSUMER


@dataclass(frozen=True, slots=True)
class Part:
    """One verb. `where` is the thread that pays for it."""

    where: str
    name: str
    micros: float


def parts(settings: Settings, key: ClientKey, subjects: int, batch: int = 16) -> list[Part]:
    """Measure all verbs over a prepared database."""
    return uvloop.run(_parts(settings, key, subjects, batch))


async def _parts(settings: Settings, key: ClientKey, subjects: int, batch: int) -> list[Part]:
    gateway = build(settings)
    clock, engine = gateway.clock, gateway.store.engine
    maker = ProofMaker(CLIENT, key, settings.base_url, SystemClock())
    token = gateway.auth.tokens.issue(CLIENT, CONSUMER, CASEWORK, key.thumbprint)
    proofs = iter([maker.proof("POST", PATH, token) for _ in range(6000)])
    raw = body(nino(7)).encode()
    request = parse(raw)
    found: list[Part] = []

    def part(where: str, name: str, work: Callable[[], Any], *, each: int = 1, times: int = 400) -> None:
        best = float("inf")
        for _ in range(5):
            began = time.thread_time_ns()
            for _ in range(times):
                work()
            best = min(best, (time.thread_time_ns() - began) / times / each / 1000)
        found.append(Part(where, name, best))

    def authenticate() -> ClientCaller:
        headers = [(b"authorization", f"DPoP {token}".encode()), (b"dpop", next(proofs).encode())]
        work = gateway.auth.client("POST", PATH, Credentials.of(headers))
        try:
            work.send(None)
        except StopIteration as done:
            caller: ClientCaller = done.value
            return caller
        raise RuntimeError("without a process of its own it waits for nothing")

    caller = authenticate()
    part("loop", "authenticate: token known, DPoP proof verified", authenticate)
    part("loop", "parse and validate the body", lambda: parse(raw))
    asked = await gateway.exchanges.ask(caller, request)
    row = asked.dataset

    part(
        "loop",
        "ask: fields, identifiers, references, pseudonyms",
        lambda: ask(request, caller, row, gateway.pseudonyms),
    )
    reading = engine.connect(writing=False)
    asks = [
        ask(parse(body(nino(n * 7919 % subjects)).encode()), caller, row, gateway.pseudonyms) for n in range(1000)
    ]
    turn = iter(range(10_000_000))

    def looking() -> Any:
        return look(reading, clock, asks[next(turn) % 1000], "")

    case = looking()
    part("reader", "look: the facts before the fetch", looking)
    part("loop", "decide", lambda: decide(asked.asked, case.facts))
    permit = decide(asked.asked, case.facts)
    assert isinstance(permit, Permit)
    text = ANSWER.replace("$http_x_subject", nino(7)).encode()
    part("loop", "source's answer: JSON to a Record", lambda: Record(json.loads(text), identifiers={"nino": nino(7)}))
    record = Record(json.loads(text), identifiers={"nino": nino(7)})
    part("loop", "minimise: person, record type, projection", lambda: minimise(asked, record, permit.fields))
    minimised = minimise(asked, record, permit.fields)

    writing = engine.connect(writing=True)

    def fresh(count: int) -> list[CommitExchange]:
        made = []
        for _ in range(count):
            n = next(turn) % 1000
            held = look(reading, clock, asks[n], "")
            verdict = decide(asks[n].asked, held.facts)
            assert isinstance(verdict, Permit)
            one = replace(asks[n], proof=clock.now().to_bytes(8, "big") + next(turn).to_bytes(8, "big"))
            made.append(CommitExchange(one, clock.new_id(), verdict, "held", gateway.exchanges.replier.receipts))
        return made

    def commit(count: int) -> tuple[float, float, float, Any]:
        intents = fresh(count)
        while True:
            started, wall = time.thread_time_ns(), time.perf_counter_ns()
            try:
                engine.begin(writing, ())
                break
            except Exception as error:  # the gateway beside us numbers its ledger
                if not isinstance(engine.fault(error), StorageBusy):
                    raise
                time.sleep(0.002)
        tx = Transaction(writing, clock)
        done = [intent.apply(tx) for intent in intents]
        applied = time.thread_time_ns()
        tx.flush(engine.gathering(writing))
        flushed = time.thread_time_ns()
        engine.commit(writing)
        return applied - started, flushed - applied, float(time.perf_counter_ns() - wall), done[0]

    done: Any = None
    for count in (1, batch):
        runs = [commit(count) for _ in range(60)]
        done = runs[0][3]
        for at, name in ((0, "apply: look again, decide again, enter"), (1, "flush: the inserts and counts")):
            low = sorted(run[at] for run in runs)[15] / 1000 / count
            found.append(Part(f"committer, {count} a batch", name, low))
        wall = sorted(run[2] for run in runs)[30] / 1000 / count
        found.append(Part(f"committer, {count} a batch", "whole transaction by the wall clock, with COMMIT", wall))

    intents, outcomes = fresh(batch), [(done, None)] * batch
    sent, told = pack(intents), pack(outcomes)
    part("loop", "hand an intent over", lambda: pack(intents), each=batch)
    part("loop", "take an outcome", lambda: unpack(told), each=batch)
    part("committer", "take the intents, hand the outcomes over", lambda: (unpack(sent), pack(outcomes)), each=batch)
    part("committer", "receipt", lambda: intents[0].afterwards(done))
    reply = gateway.exchanges.replier.reply
    taken = Taken(clock.new_id(), False, "client:bench")
    part("loop", "reply", lambda: reply(asked, taken, minimised, clock.now(), done))
    statement_body = reply(asked, taken, minimised, clock.now(), done).body
    part("loop", "encode the reply", lambda: to_json(statement_body))
    part("loop", "new id (three an exchange)", clock.new_id)
    whole = await _whole(gateway, token, maker, subjects)
    found.append(Part("loop", "all of it through the ASGI app, 32 at once; no server, no source", whole))
    engine.close(reading)
    engine.close(writing)
    await gateway.auth.aclose()
    await gateway.store.aclose()
    assert set(FIELDS) == set(permit.fields)
    return found


async def _whole(gateway: Gateway, token: str, maker: ProofMaker, subjects: int) -> float:
    """µs of the loop's thread an exchange: every verb, the middleware, the hand-overs; the source is in memory."""
    count, at_once = 1600, 32
    proofs = iter([maker.proof("POST", PATH, token).encode() for _ in range(count)])
    numbers = iter(range(count))
    gateway.sources.put({"scripted": Source("scripted", _InMemory(), gateway.clock)})

    async def caller() -> None:
        for _ in range(count // at_once):
            raw = body(nino(next(numbers) * 7919 % subjects)).encode()
            headers = [
                (b"host", b"127.0.0.1"),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(raw)).encode()),
                (b"authorization", f"DPoP {token}".encode()),
                (b"dpop", next(proofs)),
            ]
            scope = {"type": "http", "method": "POST", "path": PATH, "raw_path": PATH.encode(), "headers": headers}
            statuses: list[int] = []

            async def receive(raw: bytes = raw) -> dict[str, Any]:
                return {"type": "http.request", "body": raw, "more_body": False}

            async def send(message: Any, statuses: list[int] = statuses) -> None:
                if message["type"] == "http.response.start":
                    statuses.append(message["status"])

            await gateway.asgi(scope | {"query_string": b""}, receive, send)
            assert statuses == [201], statuses

    began = time.thread_time_ns()
    await asyncio.gather(*[caller() for _ in range(at_once)])
    return (time.thread_time_ns() - began) / count / 1000


class _InMemory:
    """The stub's answer without the stub."""

    Settings: ClassVar[type[BaseModel]] = BaseModel

    async def fetch(self, query: Query) -> Record | None:
        held = query.identifiers["nino"]
        return Record(json.loads(ANSWER.replace("$http_x_subject", held)), identifiers={"nino": held})

    async def aclose(self) -> None: ...
