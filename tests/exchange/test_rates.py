"""A person's requests are counted: each leaves an entry, and a person asks by hand."""

import pytest

from gateway.errors import GatewayError
from gateway.exchange import deciding
from gateway.exchange.deciding import PerMinute, TooManyDecisions
from tests.clock import MovableClock
from tests.web.problems import problem
from tests.world import FIELDS, PEOPLE, World


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


def test_many_callers_make_nobodys_count_begin_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deciding, "_MOST_COUNTED", 3)
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
