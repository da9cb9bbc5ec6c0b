"""A person's requests are counted, and a client's that are refused: each leaves an entry."""

import pytest

from gateway.errors import GatewayError
from gateway.exchange import rates
from gateway.exchange.rates import MOST_REFUSED, PerMinute, TooManyDecisions
from tests.clock import MovableClock
from tests.consent.asking import events
from tests.web.problems import problem
from tests.world import FIELDS, PEOPLE, STRANGER, World


def test_a_person_may_ask_sixty_times_a_minute_whatever_comes_of_it(shared: World) -> None:
    cat, bob = shared.person("cat"), shared.person("bob")
    body = shared.ask("cat", purpose="by-statute", fields=FIELDS)
    with shared.clock.still():
        cat, bob = shared.person("cat"), shared.person("bob")
        for _ in range(60):
            assert cat.post("/v1/exchanges", json=body).status_code not in (401, 429, 500)
        answer = cat.post("/v1/exchanges", json=body)
        problem(answer, 429, "too-many-exchanges", PEOPLE["cat"]["nino"])
        assert answer.headers["retry-after"] == "60"
        assert bob.post("/v1/exchanges", json=shared.ask("bob")).status_code not in (401, 429, 500)
        shared.clock.advance(60)
        assert cat.post("/v1/exchanges", json=body).status_code not in (401, 429, 500)


def test_clients_are_not_counted_as_persons_are(shared: World) -> None:
    body = shared.ask(fields=["no.such"])
    answers = [shared.casework.post("/v1/exchanges", json=body).status_code for _ in range(61)]
    assert 429 not in answers


def test_a_client_s_refusals_are_bounded_and_what_is_permitted_goes_on(shared: World) -> None:
    casework = shared.casework
    refused, permitted = shared.ask("bob", purpose="no-such-purpose"), shared.ask("bob")
    headers = {"Idempotency-Key": "refused-too-often"}
    with shared.clock.still():
        shared.clock.advance(20)
        told = [casework.post("/v1/exchanges", json=refused).status_code for _ in range(MOST_REFUSED)]
        assert set(told) == {403}
        before = len(events(shared))
        for _ in range(2):  # the key is given back each time
            answer = casework.post("/v1/exchanges", json=refused, headers=headers)
            problem(answer, 429, "too-many-refusals", PEOPLE["bob"]["nino"])
            assert answer.headers["retry-after"] == "40"
        assert casework.post("/v1/exchanges", json=permitted).status_code == 201
        assert len(events(shared)) == before + 1
        stranger = shared.client(f"{STRANGER}.casework")
        assert stranger.post("/v1/exchanges", json=refused).status_code == 403
        shared.clock.advance(40)
        answer = casework.post("/v1/exchanges", json=refused, headers=headers)
        problem(answer, 403, "purpose-not-in-agreement")


def test_many_callers_make_nobodys_count_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "_MOST_COUNTED", 3)
    clock = MovableClock()
    with clock.still():
        counted = PerMinute(clock, 2, TooManyDecisions)
        for name in ("a", "b", "a", "c"):
            counted.admit(name)
        counted.admit("d")  # b, heard of longest ago, goes
        with pytest.raises(GatewayError):
            counted.admit("a")
        counted.admit("b")
        counted.admit("b")
