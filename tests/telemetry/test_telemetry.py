"""What operators see: a line for each request, found by its id; counts by outcome; and never a personal value."""

import asyncio
import io
import json
import logging
import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvloop
from prometheus_client.parser import text_string_to_metric_families

from gateway.connector.keys import ClientKey
from gateway.telemetry import log
from tests.web.logs import logged as logging_here
from tests.world import PEOPLE, World

ROUTE = "/v1/exchanges"


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    with logging_here() as found:
        yield found.stream


def logged(lines: io.StringIO) -> list[dict[str, Any]]:
    log.flush()
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def metric(world: World, name: str, **labels: str) -> float:
    text = world.anyone().get("/metrics").text
    return sum(
        sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == name and all(sample.labels.get(label) == value for label, value in labels.items())
    )


def test_a_request_s_id_finds_its_log_line_which_names_the_route_and_no_value(
    lines: io.StringIO, world: World
) -> None:
    refused = world.casework.post("/v1/exchanges", json=world.ask(purpose="with-consent")).json()
    consent = world.consent("ann")
    world.person("ann").get(f"/v1/consents/{consent}")
    found = logged(lines)
    [line] = [one for one in found if one.get("requestId") == refused["requestId"]]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/exchanges", 403)
    assert line["caller"] == "client:t.consumer.casework"
    assert (line["code"], line["exchangeId"]) == (refused["code"], refused["exchangeId"])
    assert any(one.get("route") == "/v1/consents/{consent_id}" for one in found)
    assert not any(value in lines.getvalue() for value in (*PEOPLE["ann"].values(), consent))


def test_an_unexpected_error_is_logged_by_its_class_and_frames_without_its_message(
    lines: io.StringIO, world: World
) -> None:
    async def fails(_: object) -> None:
        raise RuntimeError("about ZZ000001A, living at 1 Test Row")

    world.adapter.before = fails
    answer = world.casework.post("/v1/exchanges", json=world.ask())
    world.adapter.before = None
    assert answer.json()["code"] == "source-malformed"
    [line] = [one for one in logged(lines) if one.get("room") == "source"]
    assert (line["error"], line["exchangeId"]) == ("RuntimeError", answer.json()["exchangeId"])
    assert any("fails" in frame for frame in line["frames"])
    assert "ZZ000001A" not in lines.getvalue() + answer.text
    assert "Test Row" not in lines.getvalue() + answer.text


def test_exchanges_are_counted_by_dataset_and_outcome(world: World) -> None:
    name, dataset = world.newcomer(), world.offer()
    before = {
        status: metric(world, "threekeys_requests_total", route=ROUTE, status=status) for status in ("201", "403")
    }
    for change in ({}, {}, {"purpose": "with-consent"}, {"fields": ["licenceNumber"]}):
        world.casework.post("/v1/exchanges", json=world.ask(name, dataset=dataset) | change)
    del world.adapter.held[PEOPLE[name]["nino"]]
    world.casework.post("/v1/exchanges", json=world.ask(name, dataset=dataset))
    counted = {
        outcome: metric(world, "threekeys_exchanges_total", dataset=dataset, outcome=outcome)
        for outcome in ("released", "refused", "not-held")
    }
    assert counted == {"released": 2, "refused": 2, "not-held": 1}
    assert metric(world, "threekeys_requests_total", route=ROUTE, status="201") == before["201"] + 3
    assert metric(world, "threekeys_requests_total", route=ROUTE, status="403") == before["403"] + 2


def test_an_unknown_path_makes_no_new_label(world: World) -> None:
    anyone = world.anyone()
    for n in range(3):
        anyone.get(f"/nowhere/{n}")
    text = anyone.get("/metrics").text
    assert "nowhere" not in text


def test_lines_of_a_loop_that_ended_hold_up_no_later_ones(lines: io.StringIO) -> None:
    async def one() -> None:
        log.access("2026-01-01T00:00:00.000Z", "r-1", "GET", "/v1/status", 200, 1.0, "")

    async def two() -> None:
        log.access("2026-01-01T00:00:00.000Z", "r-2", "GET", "/v1/status", 200, 1.0, "")
        await asyncio.sleep(0.1)

    asyncio.run(one())
    asyncio.run(two())
    assert '"r-2"' in lines.getvalue()


@pytest.fixture
def as_served() -> Iterator[None]:
    """The level that `serve` leaves to uvicorn: other servers of this process may have asked for less."""
    logger = logging.getLogger("uvicorn.error")
    before = logger.level
    logger.setLevel(logging.WARNING)
    yield
    logger.setLevel(before)


@pytest.mark.usefixtures("as_served")
def test_what_libraries_log_has_the_same_shape_and_none_of_their_values(lines: io.StringIO, world: World) -> None:
    logging.getLogger("uvicorn.error").warning("Invalid request of %s", "ZZ000001A")
    try:
        raise RuntimeError("about ZZ000001A")
    except RuntimeError:
        logging.getLogger("asyncio").exception("Task exception was never retrieved\nfuture: <ZZ000001A>")
    logging.getLogger("uvicorn.error").info("nobody asked")
    world.anyone().get("/health/live")
    found = logged(lines)
    assert [(line["room"], line["message"], line["level"]) for line in found] == [
        ("uvicorn", "Invalid request of <str>", "warning"),
        ("asyncio", "Task exception was never retrieved", "error"),
        ("web", "request", "info"),
    ]
    assert {tuple(line)[:4] for line in found} == {("message", "level", "timestamp", "room")}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["timestamp"]) for line in found)
    assert found[1]["error"] == "RuntimeError"
    assert "ZZ000001A" not in lines.getvalue()


@pytest.mark.usefixtures("as_served")
def test_a_known_library_s_text_is_filled_in_with_its_numbers_and_the_classes_of_all_else(lines: io.StringIO) -> None:
    speaks = logging.getLogger("asyncio").warning
    speaks("Executing %s took %.3f seconds", object(), 0.25)
    speaks("Loop %r that handles pid %r is closed", ["ZZ000001A"], 17)
    speaks("socket %r: 100%% of %d", "ZZ000001A", 3)
    speaks("a value %s (and %s)", "ZZ000001A", "ZZ000001A")
    speaks("by name %(name)s", {"name": "ZZ000001A"})
    speaks("number %d of %s", 9990000018, True)
    assert [line["message"] for line in logged(lines)] == [
        "Executing <object> took 0.250 seconds",
        "Loop <list> that handles pid 17 is closed",
        "socket <str>: 100% of 3",
        "a value <str>",
        "by name",
        "number",
    ]


def test_a_library_that_fills_its_text_in_before_it_logs_tells_no_value(lines: io.StringIO) -> None:
    value = "ZZ000001A"
    logging.getLogger("some.library").warning(f"no row for {value}")  # as libraries do
    logging.getLogger("uvicorn.error").error(ValueError(value))

    async def scenario() -> None:
        def fails(_: str) -> None:
            raise RuntimeError(value)

        class Fails:
            def __repr__(self) -> str:
                return f"<one for {value}>"

            def __call__(self) -> None:
                raise RuntimeError(value)

        asyncio.get_running_loop().call_soon(fails, value)
        asyncio.get_running_loop().call_soon(Fails())
        asyncio.get_running_loop().call_soon(Fails().__call__)
        await asyncio.sleep(0)

    for run in (asyncio.run, uvloop.run):
        run(scenario())
    library, server, callback, *others = logged(lines)
    assert len(others) == 5
    assert library["room"] == "some"
    assert library["at"].startswith("test_telemetry.py:")
    assert server["at"].startswith("test_telemetry.py:")
    assert all(one["message"].startswith("Exception in callback") for one in (callback, *others))
    assert callback["error"] == "RuntimeError"
    assert value not in lines.getvalue()


def test_an_exchange_s_id_finds_its_lines_released_or_not(lines: io.StringIO, world: World) -> None:
    made = world.casework.post(ROUTE, json=world.ask())
    missed = world.casework.post(ROUTE, json=world.ask("ann", purpose="none-such"))
    found = {one["requestId"]: one for one in logged(lines) if one["message"] == "request"}
    line = found[made.headers["X-Request-Id"]]
    assert (line["status"], line["exchangeId"]) == (201, made.json()["exchangeId"])
    assert "code" not in line
    line = found[missed.headers["X-Request-Id"]]
    assert (line["code"], line.get("exchangeId")) == (missed.json()["code"], missed.json().get("exchangeId"))


@pytest.mark.parametrize(
    ("client", "named"), [("t.consumer.casework", True), ("somebody.else", False), ("t.consumer.casework\n", False)]
)
def test_a_refused_token_request_names_the_registered_client_it_claims_to_be_of_and_no_stranger(
    lines: io.StringIO, world: World, client: str, named: bool
) -> None:
    key = ClientKey.generate()
    now = world.clock.now() // 1_000_000
    claims = {"iss": client, "sub": client, "aud": world.base_url, "jti": "j" * 20, "iat": now, "exp": now + 60}
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": key.sign({"typ": "JWT", "kid": key.kid}, claims),
    }
    refused = world.anyone().post("/oauth/token", data=form)
    assert refused.status_code == 401, refused.text
    time.sleep(0.1)
    [line] = [one for one in logged(lines) if one.get("requestId") == refused.headers["X-Request-Id"]]
    assert (line["code"], line["caller"]) == ("invalid_client", "")
    assert line["why"] == refused.json()["error_description"]
    assert line.get("claimedClient") == (client if named else None)
    assert "somebody" not in lines.getvalue()


def test_metrics_have_no_twins_that_no_table_names(world: World) -> None:
    world.casework.post(ROUTE, json=world.ask())
    assert "_created" not in world.anyone().get("/metrics").text
