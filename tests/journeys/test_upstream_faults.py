"""The agency's own system behind the built-in REST adapter, over real HTTP, in every bad state."""

import asyncio
import json
import socket
from collections.abc import Callable, Iterator

import pytest

from gateway.exchange.breaker import Breaker
from tests.journeys.realm import licence_of, reading
from tests.journeys.source import Answer, HeldSource, Read, json_answer
from tests.web.logs import logged
from tests.web.problems import MARK, problem
from tests.world import PEOPLE, PROVIDER, World

ANN = PEOPLE["ann"]["nino"]


class Upstream:
    """A World with one dataset that is read from `source` over HTTP."""

    def __init__(self, world: World, source: HeldSource) -> None:
        self.world = world
        self.source = source
        self.dataset = world.offer(adapter="upstream")

    def ask(self, status: int, code: str) -> None:
        """The exchange ends so, tells and logs nothing of what the source said, and is entered."""
        with logged() as log:
            answer = self.world.casework.post("/v1/exchanges", json=self.world.ask(dataset=self.dataset))
            told = problem(answer, status, code, ANN, "Sandbox-Test")
            assert MARK not in log.text
            assert ANN not in log.text
        [event] = self.world.events(told["exchangeId"])
        assert (event["outcome"], event["fault"], event["fetched"]) == ("source-fault", code, True)

    def works(self) -> None:
        """The same request is served."""
        answer = self.world.casework.post("/v1/exchanges", json=self.world.ask(dataset=self.dataset))
        assert answer.status_code == 201, answer.text
        assert answer.json()["record"]["status"] == "valid"
        assert self.source.reads[-1].exchange_id == answer.json()["exchangeId"]

    def run(self, work: object) -> None:
        asyncio.run_coroutine_threadsafe(work, self.world._loop).result(20)  # type: ignore[arg-type]  # a coroutine


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    source = HeldSource(licence_of)
    configured = {**reading(source), "deadline": 0.5}
    url = f"sqlite:///{tmp_path_factory.mktemp('upstream') / 'gateway.db'}"
    with World(url, adapters={"upstream": configured}) as world:
        upstream = Upstream(world, source)
        upstream.run(source.start())
        try:
            yield upstream
        finally:
            upstream.run(source.stop())


@pytest.fixture
def upstream(shared: Upstream) -> Upstream:
    shared.source.answer, shared.source.pause = licence_of, None
    shared.world.gateway.sources.of("upstream").breaker = Breaker()
    return shared


def saying(status: int, body: bytes, kind: str = "application/json") -> Callable[[Read], Answer]:
    return lambda _: (status, kind, body)


ANSWERS: dict[str, tuple[Callable[[Read], Answer], int, str]] = {
    "500": (saying(500, MARK.encode(), "text/plain"), 503, "source-unavailable"),
    "503": (saying(503, b"{}"), 503, "source-unavailable"),
    "429": (saying(429, b"{}"), 503, "source-unavailable"),
    "400": (saying(400, b'{"error": "' + ANN.encode() + b'"}'), 502, "source-malformed"),
    "401": (saying(401, b"{}"), 502, "source-misconfigured"),
    "403": (saying(403, b"{}"), 502, "source-misconfigured"),
    "a page of HTML": (saying(200, b"<html>" + MARK.encode(), "text/html"), 502, "source-malformed"),
    "JSON that breaks off": (saying(200, b'{"status": "' + MARK.encode()), 502, "source-malformed"),
    "no UTF-8": (saying(200, b'{"status": "\xff"}'), 502, "source-malformed"),
    "nothing": (saying(200, b""), 502, "source-malformed"),
    "a list": (saying(200, b"[]"), 502, "source-malformed"),
    "NaN": (saying(200, b'{"nino": NaN}'), 502, "source-malformed"),
    "megabytes": (saying(200, b'{"nino": "' + b"x" * 20_000_000 + b'"}'), 502, "source-malformed"),
    "another schema": (
        lambda read: json_answer({"nino": read.nino, "status": MARK}), 502, "source-wrong-schema"
    ),
    "another kind of value": (
        lambda read: json_answer({"nino": read.nino, "status": {MARK: 1}}), 502, "source-wrong-schema"
    ),
    "another person": (
        lambda read: json_answer({"nino": PEOPLE["bob"]["nino"], "status": "valid"}), 502, "source-wrong-person"
    ),
    "nobody in particular": (lambda read: json_answer({"status": "valid"}), 502, "source-wrong-person"),
}  # fmt: skip


@pytest.mark.parametrize(("answer", "status", "code"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_upstream_that_answers_wrongly(
    upstream: Upstream, answer: Callable[[Read], Answer], status: int, code: str
) -> None:
    upstream.source.answer = answer
    upstream.ask(status, code)
    upstream.source.answer = licence_of
    upstream.works()


def test_a_record_of_another_schema_is_logged_by_its_sources_field_and_what_the_record_type_asks_for(
    upstream: Upstream,
) -> None:
    upstream.source.answer = lambda read: json_answer({"nino": read.nino, "status": MARK})
    with logged() as log:
        answer = upstream.world.casework.post("/v1/exchanges", json=upstream.world.ask(dataset=upstream.dataset))
        problem(answer, 502, "source-wrong-schema")
        [line] = [line for line in log.text.splitlines() if "source failed" in line]
    assert MARK not in line
    [error] = json.loads(line)["errors"]
    assert (error["pointer"], error["sourceField"]) == ("/status", "status")
    assert "values that the record type lists: 'valid'" in error["detail"]


def test_an_upstream_that_is_slow(upstream: Upstream) -> None:
    async def sleep(_: Read) -> None:
        await asyncio.sleep(5)

    upstream.source.pause = sleep
    upstream.ask(504, "source-timeout")
    upstream.source.pause = None
    upstream.works()


def test_an_upstream_that_is_down_and_comes_back(upstream: Upstream) -> None:
    upstream.works()
    port = int(upstream.source.url.rpartition(":")[2])
    upstream.run(upstream.source.stop())
    upstream.ask(503, "source-unavailable")
    upstream.ask(503, "source-unavailable")
    upstream.source._socket = socket.create_server(("127.0.0.1", port))
    upstream.run(upstream.source.start())
    upstream.works()


def test_an_upstream_that_hangs_up(upstream: Upstream) -> None:
    def hang_up(_: Read) -> Answer:
        raise ConnectionResetError

    upstream.source.answer = hang_up
    upstream.ask(503, "source-unavailable")
    upstream.source.answer = licence_of
    upstream.works()


def test_both_parties_can_follow_the_read_to_the_source_by_the_exchange_id(upstream: Upstream) -> None:
    upstream.source.answer = saying(500, b"")
    before = len(upstream.source.reads)
    upstream.ask(503, "source-unavailable")
    reads = upstream.source.reads[before:]
    assert len(reads) == 2  # tried once more
    [exchange_id] = {read.exchange_id for read in reads}
    assert [event["fault"] for event in upstream.world.events(exchange_id, f"{PROVIDER}.data-office")]
