"""Idempotency-Key: the same request again goes the whole way again, under one id, and uses nothing up."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from adapters.base import Query
from adapters.errors import Permanent
from tests.consent.asking import decide, requested
from tests.world import PEOPLE, World


def send(world: World, name: str, key: str, **more: Any) -> httpx.Response:
    body = world.ask(name, **{"purpose": "with-consent", **more})
    return world.casework.post("/v1/exchanges", json=body, headers={"Idempotency-Key": f"{key}.{name}"})


def uses(world: World, consent_id: str) -> int:
    return int(world.casework.get(f"/v1/consents/{consent_id}").json()["uses"])


class Held:
    """Holds the source's first answer until it is let go."""

    def __init__(self, world: World) -> None:
        self.reached, self.let_go = threading.Event(), threading.Event()
        world.adapter.before = self

    async def __call__(self, _: Query) -> None:
        import asyncio

        if not self.reached.is_set():
            self.reached.set()
            await asyncio.to_thread(self.let_go.wait, 10)


def test_a_repeat_keeps_the_id_consumes_no_use_and_is_entered_as_repeated(shared: World) -> None:
    name = shared.newcomer()
    consent_id = requested(shared, name, maxUses=1)
    decide(shared, name, consent_id)
    first, again = send(shared, name, "k").json(), send(shared, name, "k").json()
    assert again["exchangeId"] == first["exchangeId"]
    assert (again["outcome"], again["record"]) == ("released", first["record"])
    assert uses(shared, consent_id) == 1
    assert [event["outcome"] for event in shared.events(first["exchangeId"])] == ["released", "repeated"]
    assert again["ledger"]["commitment"] != first["ledger"]["commitment"]
    assert send(shared, name, "other").json()["code"] == "consent-used-up"


def test_a_repeat_fetches_again_and_says_what_is_true_now(shared: World) -> None:
    name = shared.newcomer()
    first = send(shared, name, "k", purpose="by-statute").json()
    record = shared.adapter.held[PEOPLE[name]["nino"]]
    shared.adapter.held[PEOPLE[name]["nino"]] = type(record)(
        {**record.data, "status": "revoked"}, identifiers=record.identifiers
    )
    again = send(shared, name, "k", purpose="by-statute").json()
    assert (first["record"]["status"], again["record"]["status"]) == ("valid", "revoked")


def test_a_repeat_is_refused_once_the_consent_is_revoked(shared: World) -> None:
    name = shared.newcomer()
    consent_id = requested(shared, name)
    decide(shared, name, consent_id)
    first = send(shared, name, "k").json()
    shared.person(name).post(f"/v1/consents/{consent_id}/revocations", json={})
    again = send(shared, name, "k")
    assert (again.status_code, again.json()["code"]) == (403, "consent-revoked")
    assert again.json()["exchangeId"] == first["exchangeId"]
    assert [event["outcome"] for event in shared.events(first["exchangeId"])] == ["released", "refused"]


def test_another_body_under_the_same_key_is_422(shared: World) -> None:
    name = shared.newcomer()
    assert send(shared, name, "k", purpose="by-statute").status_code == 201
    for change in ({"fields": ["status"]}, {"caseReference": "case-2"}, {"purpose": "on-request"}):
        answer = send(shared, name, "k", **{"purpose": "by-statute", **change})
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-key-reused")


def test_the_same_body_in_other_bytes_is_the_same(shared: World) -> None:
    name = shared.newcomer()
    first = send(shared, name, "k", purpose="by-statute").json()
    body = shared.ask(name, caseReference=None)
    turned = dict(reversed(body.items()))
    again = shared.casework.post("/v1/exchanges", json=turned, headers={"Idempotency-Key": f"k.{name}"})
    assert again.json()["exchangeId"] == first["exchangeId"]


def test_a_key_is_the_caller_s_own(shared: World) -> None:
    name = shared.newcomer()
    key = {"Idempotency-Key": f"k.{name}"}
    agency = send(shared, name, "k", purpose="by-statute").json()["exchangeId"]
    body = shared.ask(name, purpose="subject-access", fields=["status"])
    person = shared.person(name).post("/v1/exchanges", json=body, headers=key)
    assert person.status_code == 201
    assert person.json()["exchangeId"] != agency


@pytest.mark.parametrize("first", ["refused", "not-held", "source-fault"])
def test_a_repeat_after_a_non_release_is_a_first_use(shared: World, first: str) -> None:
    name = shared.newcomer()
    record = shared.adapter.held[PEOPLE[name]["nino"]]
    consent_id = requested(shared, name, maxUses=1)

    async def fails(_: Query) -> None:
        raise Permanent("scripted")

    if first != "refused":
        decide(shared, name, consent_id)
    if first == "not-held":
        del shared.adapter.held[PEOPLE[name]["nino"]]
    if first == "source-fault":
        shared.adapter.before = fails
    before = send(shared, name, "k").json()["exchangeId"]
    shared.adapter.before = None
    shared.adapter.held[PEOPLE[name]["nino"]] = record
    if first == "refused":
        decide(shared, name, consent_id)
    assert uses(shared, consent_id) == 0
    after = send(shared, name, "k").json()
    assert (after["exchangeId"], after["outcome"]) == (before, "released")
    assert uses(shared, consent_id) == 1
    outcomes = [event["outcome"] for event in shared.events(before) if event["kind"] == "exchange"]
    assert outcomes == [first, "released"]


def test_while_one_is_under_way_the_next_waits_and_a_lease_runs_out(shared: World) -> None:
    name = shared.newcomer()
    consent_id = requested(shared, name)
    decide(shared, name, consent_id)
    held = Held(shared)
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(send, shared, name, "k")
        assert held.reached.wait(10)
        try:
            waits = send(shared, name, "k")
            assert (waits.status_code, waits.json()["code"]) == (409, "idempotency-in-flight")
            assert int(waits.headers["retry-after"]) >= 1
            assert send(shared, name, "k", fields=["status"]).json()["code"] == "idempotency-key-reused"
            shared.clock.advance(31)  # as if the first one's gateway had died
            second = send(shared, name, "k")
            assert second.status_code == 201, second.text
        finally:
            held.let_go.set()
            shared.adapter.before = None
        first = slow.result(20)
    assert first.status_code == 201, first.text
    assert first.json()["exchangeId"] == second.json()["exchangeId"]
    assert uses(shared, consent_id) == 1
    outcomes = sorted(event["outcome"] for event in shared.events(first.json()["exchangeId"]))
    assert outcomes == ["released", "repeated"]


def test_after_a_day_a_key_begins_anew(shared: World) -> None:
    name = shared.newcomer()
    first = send(shared, name, "k", purpose="by-statute").json()["exchangeId"]
    shared.clock.advance(days=0.99)
    assert send(shared, name, "k", purpose="by-statute").json()["exchangeId"] == first
    shared.clock.advance(days=0.02)
    anew = send(shared, name, "k", purpose="by-statute", fields=["status"])
    assert anew.status_code == 201
    assert anew.json()["exchangeId"] != first
    assert (
        send(shared, name, "k", purpose="by-statute", fields=["status"]).json()["exchangeId"]
        == (anew.json()["exchangeId"])
    )


@pytest.mark.parametrize("key", ["", "a b", "x" * 65, "né", "ZZ000001A", "999 000 0018"])
def test_a_key_of_another_form_or_an_identifier_is_422_and_not_repeated(shared: World, key: str) -> None:
    headers = {"Idempotency-Key": key.encode("latin-1")}
    answer = shared.casework.post("/v1/exchanges", json=shared.ask(), headers=headers)
    assert answer.status_code == 422
    assert not key or key not in answer.text
