"""What the tests of consent do again and again, over REST."""

import json
from typing import Any

import httpx
from sqlalchemy import select

from gateway.app import Gateway
from gateway.ledger.tables import OPENING
from tests.world import PEOPLE, Caller, World

_EVENTS = select(OPENING.c.event)


def request(world: World, name: str, caller: Caller | None = None, **more: Any) -> httpx.Response:
    """POST /v1/consent-requests."""
    body = world.ask(name, purpose="with-consent") | more
    return (caller or world.casework).post("/v1/consent-requests", json=body)


def requested(world: World, name: str, **more: Any) -> str:
    """A request that is taken; its id."""
    answer = request(world, name, **more)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def decide(world: World, name: str, consent_id: str, decision: str = "grant", **more: Any) -> httpx.Response:
    """The person's own answer."""
    body = {"decision": decision, **more}
    return world.person(name).post(f"/v1/consent-requests/{consent_id}/decisions", json=body)


def exchange(world: World, name: str, **more: Any) -> str:
    """An exchange under consent: its outcome, or its code."""
    answer = world.casework.post("/v1/exchanges", json=world.ask(name, purpose="with-consent") | more)
    return str(answer.json()["outcome"] if answer.status_code == 201 else answer.json()["code"])


def known_as(name: str, *schemes: str) -> dict[str, Any]:
    """A subject by these of a person's identifiers."""
    return {"identifiers": [{"scheme": scheme, "value": PEOPLE[name][scheme]} for scheme in schemes]}


def code(answer: httpx.Response) -> tuple[int, str]:
    """(status, code) of a problem."""
    return answer.status_code, answer.json()["code"]


def events(world: World) -> list[dict[str, Any]]:
    """All events in the ledger, opened."""

    async def read(gateway: Gateway) -> list[dict[str, Any]]:
        rows = await gateway.store.read(lambda connection: connection.all(_EVENTS))
        return [json.loads(row[0]) for row in rows]

    return world.in_gateway(read)
