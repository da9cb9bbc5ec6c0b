"""Every route: with another agency's or person's ids, without credentials, without the scope, by the wrong caller."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest

from gateway.connector.auth import ThreekeysAuth
from tests.web.problems import problem
from tests.web.routes import ROUTES, Route, Things, served
from tests.world import CASEWORK, CONSUMER, OFFICE, PEOPLE, PROVIDER, STRANGER, Caller, World, agreement_text

GUARDED = [route for route in ROUTES if route.caller != "public"]
PUBLIC = [route for route in ROUTES if route.caller == "public"]
OWNED = [route for route in ROUTES if route.thing]
NEVER_ISSUED = "01a20fab-0000-7000-8000-000000000000"


def _name(route: Route) -> str:
    return route.id


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


@pytest.fixture(scope="module")
def things(world: World) -> Things:
    """What belongs to Ann, the consumer and the provider."""
    consent = world.consent("ann")
    request = world.consent("ann", grant=False)
    answer = world.casework.post("/v1/exchanges", json=world.ask("ann"))
    assert answer.status_code == 201, answer.text
    exchange = answer.json()["exchangeId"]
    told = world.casework.get(f"/v1/exchanges/{exchange}").json()
    [agreement, *_] = world.client(f"{CONSUMER}.data-office").get("/v1/agreements").json()["items"]
    return Things(consent, request, exchange, agreement["id"], told["entries"][0]["entryId"])


def thing_of(route: Route, things: Things) -> str:
    return str(getattr(things, route.thing or ""))


def path_of(route: Route, things: Things) -> str:
    """The route, about what belongs to the consumer, the provider and Ann."""
    return route.filled(thing_of(route, things)) if route.thing else route.path


def client_for(world: World, agency: str, scope: str | None) -> str:
    """A client of this agency that holds the scope."""
    assert scope is None or scope in CASEWORK or scope in OFFICE
    return f"{agency}.casework" if scope in CASEWORK else f"{agency}.data-office"


def call(caller: Caller, route: Route, path: str, world: World) -> httpx.Response:
    return caller.request(route.method, path, **route.json(world))


def test_every_route_of_the_gateway_stands_in_the_table(world: World) -> None:
    answered = set(served(world.gateway.api.routes))
    assert answered == {(route.method, route.path) for route in ROUTES}
    document = world.anyone().get("/openapi.json").json()
    described = {(method.upper(), path) for path, of in document["paths"].items() for method in of}
    assert described <= {(route.method, route.path.replace(":path}", "}")) for route in ROUTES}
    assert all((route.method, route.path) in described for route in GUARDED)


def test_the_table_says_of_each_route_what_the_openapi_document_says(world: World) -> None:
    document = world.anyone().get("/openapi.json").json()
    for route in GUARDED:
        schemes = {name for one in document["paths"][route.path][route.method.lower()]["security"] for name in one}
        assert schemes == {"client": {"client"}, "person": {"person"}, "anyone": {"client", "person"}}[route.caller]
    for route in PUBLIC:
        described = document["paths"].get(route.path.replace(":path}", "}"), {}).get(route.method.lower(), {})
        assert "security" not in described, route.id


@pytest.mark.parametrize("route", GUARDED, ids=_name)
def test_without_credentials_nobody_is_served(world: World, things: Things, route: Route) -> None:
    for headers in ({}, {"Authorization": "Bearer Zyzzyva"}, {"Authorization": "DPoP Zyzzyva", "DPoP": "Zyzzyva"}):
        answer = world.anyone().request(route.method, path_of(route, things), headers=headers, **route.json(world))
        problem(answer, 401, "invalid-token" if headers else "unauthenticated")
        assert answer.headers["www-authenticate"]


@pytest.mark.parametrize("route", [route for route in GUARDED if route.scope], ids=_name)
def test_without_the_scope_a_client_is_refused_and_told_which(world: World, things: Things, route: Route) -> None:
    other = "ledger:read" if route.scope != "ledger:read" else "exchanges:read"
    client_id = client_for(world, CONSUMER, route.scope)
    auth = ThreekeysAuth(client_id, world.keys[client_id], world.base_url, scope=other, clock=world.clock)
    narrow = Caller(world._loop, world.base_url, auth=auth)
    answer = call(narrow, route, path_of(route, things), world)
    narrow.close()
    told = problem(answer, 403, "insufficient-scope")
    assert told["scope"] == route.scope
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("route", [route for route in GUARDED if route.caller != "anyone"], ids=_name)
def test_the_wrong_kind_of_caller_is_refused(world: World, things: Things, route: Route) -> None:
    wrong = world.person("ann") if route.caller == "client" else world.casework
    problem(call(wrong, route, path_of(route, things), world), 403, "wrong-kind-of-caller")


@pytest.mark.parametrize("route", OWNED, ids=_name)
def test_what_belongs_to_others_is_not_there(world: World, things: Things, route: Route) -> None:
    callers = []
    if route.caller in ("client", "anyone"):
        callers.append(world.client(client_for(world, STRANGER, route.scope)))
    if route.caller in ("person", "anyone"):
        callers.append(world.person("bob"))
    for caller in callers:
        others = call(caller, route, path_of(route, things), world)
        told = problem(others, 404, others.json()["code"], *PEOPLE["ann"].values(), thing_of(route, things))
        # No word of it differs from what is told of an id that was never given to anything.
        nobodys = call(caller, route, route.filled(NEVER_ISSUED), world)
        assert without_ids(others) == without_ids(nobodys)
        assert CONSUMER not in str(told)
        assert PROVIDER not in str(told)


def without_ids(answer: httpx.Response) -> tuple[int, str, dict[str, str]]:
    """All of an answer but what is new in each."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
    return answer.status_code, re.sub(r'"requestId":"[^"]*"', "", answer.text), headers


@pytest.mark.parametrize("route", [route for route in OWNED if route.method == "GET"], ids=_name)
def test_those_whose_it_is_see_it(world: World, things: Things, route: Route) -> None:
    for agency in (CONSUMER, PROVIDER):
        caller = world.client(client_for(world, agency, route.scope))
        assert call(caller, route, path_of(route, things), world).status_code == 200
    if route.caller == "anyone":
        assert call(world.person("ann"), route, path_of(route, things), world).status_code == 200


def test_nothing_that_a_stranger_tried_changed_anything(world: World, things: Things) -> None:
    stranger = [world.client(f"{STRANGER}.{kind}") for kind in ("casework", "data-office")]
    for route in OWNED:
        for caller in (*stranger, world.person("bob")):
            assert call(caller, route, path_of(route, things), world).status_code in (403, 404)
    consents = {one["id"]: one["status"] for one in world.casework.get("/v1/consent-requests").json()["items"]}
    assert (consents[things.consent], consents[things.request]) == ("active", "requested")
    agreement = world.client(f"{CONSUMER}.data-office").get(f"/v1/agreements/{things.agreement}").json()
    assert (agreement["status"], agreement["version"]) == ("in-force", 1)


def test_a_provider_may_look_at_a_consent_and_not_give_it_up(world: World, things: Things) -> None:
    provider = world.client(f"{PROVIDER}.casework")
    problem(provider.post(f"/v1/consents/{things.consent}/revocations", json={}), 404, "no-such-consent")
    assert world.casework.get(f"/v1/consents/{things.consent}").json()["status"] == "active"


def test_lists_hold_ones_own_only(world: World, things: Things) -> None:
    for path in ("/v1/consent-requests", "/v1/agreements", "/v1/permissions"):
        scope = {"/v1/agreements": "agreements:read"}.get(path, "consents:read")
        assert world.client(client_for(world, CONSUMER, scope)).get(path).json()["items"]
        assert world.client(client_for(world, STRANGER, scope)).get(path).json()["items"] == []
    assert {one["id"] for one in world.person("ann").get("/v1/consent-requests").json()["items"]} >= {
        things.consent,
        things.request,
    }
    assert world.person("bob").get("/v1/consent-requests").json()["items"] == []
    cursor = world.client(f"{STRANGER}.casework").get("/v1/consent-requests?cursor=" + NEVER_ISSUED)
    assert cursor.json()["items"] == []


def test_an_idempotency_key_of_another_agency_is_another_key(world: World) -> None:
    key = {"Idempotency-Key": "shared-key-1"}
    assert world.casework.post("/v1/exchanges", json=world.ask(), headers=key).status_code == 201
    answer = world.client(f"{STRANGER}.casework").post("/v1/exchanges", json=world.ask(), headers=key)
    problem(answer, 403, "agreement-missing")


def test_no_agency_drafts_an_agreement_between_two_others(world: World) -> None:
    stranger = world.client(f"{STRANGER}.data-office")
    problem(stranger.post("/v1/agreements", json=agreement_text()), 403, "not-a-party")


def test_a_person_asks_for_nobodys_record_but_their_own(world: World) -> None:
    bob = world.person("bob")
    for path in ("/v1/exchanges", "/v1/decisions"):
        for body in (
            world.ask("ann", purpose="subject-access", fields=["status"]),
            world.ask("bob", purpose="by-statute"),
            world.ask("bob", purpose="with-consent"),
        ):
            problem(bob.post(path, json=body), 404, "not-found", *PEOPLE["ann"].values(), *PEOPLE["bob"].values())
    assert (
        bob.post("/v1/exchanges", json=world.ask("bob", purpose="subject-access", fields=["status"])).status_code
        == 201
    )
    problem(
        world.casework.post("/v1/exchanges", json=world.ask(purpose="subject-access")),
        403,
        "purpose-not-in-agreement",
    )


@pytest.mark.parametrize("route", PUBLIC, ids=_name)
def test_what_is_public_needs_no_credentials_and_names_no_person(world: World, things: Things, route: Route) -> None:
    if route.path == "/oauth/token":
        assert world.anyone().post(route.path, data={"a": "1"}).json()["error"] == "invalid_request"
        return
    path = (route.example or route.path) + route.query.format(entry=things.entry)
    answer = world.anyone().get(path)
    until = time.monotonic() + 5
    while answer.status_code == 404 and time.monotonic() < until:  # the ledger numbers what is new within a second
        time.sleep(0.1)
        answer = world.anyone().get(path)
    assert answer.status_code == {"/": 303, "/docs/": 308}.get(route.path, 200), answer.text
    for person in PEOPLE.values():
        for value in person.values():
            assert value.encode() not in answer.content
    for private in (things.consent, things.request, things.exchange):
        assert private.encode() not in answer.content
