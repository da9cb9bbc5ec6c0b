"""The caller's own word that the person asked: recent, and entered with its reference."""

from tests.notices.test_recording import ask, at
from tests.world import World


def test_an_explicit_request_is_attested_by_the_caller_and_must_be_recent(shared: World) -> None:
    world = shared
    name = world.newcomer()
    attested = {"channel": "phone", "reference": "call-17"}
    assert ask(world, name, purpose="on-request") == "explicit-request-required"
    for ago, expected in (
        ({"days": 29}, "released"),
        ({"days": 31}, "explicit-request-stale"),
        ({"hours": -1}, "explicit-request-stale"),
    ):
        request = {**attested, "requestedAt": at(world, **ago)}
        assert ask(world, name, purpose="on-request", explicitRequest=request) == expected, ago
    answer = world.casework.post(
        "/v1/exchanges",
        json=world.ask(name, purpose="on-request", explicitRequest={**attested, "requestedAt": at(world)}),
    )
    [event] = world.events(answer.json()["exchangeId"])
    assert event["explicitRequest"]["reference"] == "call-17"
