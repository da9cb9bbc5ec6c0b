"""A query parameter that a call does not know is refused, by the names of those that it knows."""

import re
from collections.abc import Iterator

import pytest

from tests.web.problems import CODE_MARK, problem
from tests.web.routes import ROUTES, Route
from tests.world import World
from tests.world import world as running

API = [route for route in ROUTES if route.path.startswith("/v1/")]
KNOWN = {
    "GET /v1/consent-requests": "cursor, limit",
    "GET /v1/agreements": "cursor, limit",
    "GET /v1/register": "cursor, limit",
    "GET /v1/permissions": "cursor, dataset, limit",
    "GET /v1/datasets": "cursor, limit, q",
    "GET /v1/ledger/proofs/inclusion": "commitment, entry",
    "GET /v1/ledger/proofs/consistency": "from, to",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('query') / 'gateway.db'}") as entered:
        yield entered


@pytest.mark.parametrize("route", API, ids=[route.id for route in API])
def test_an_unknown_parameter_is_refused_and_never_repeated(world: World, route: Route) -> None:
    caller = {"person": world.person("ann"), "public": world.anyone()}.get(route.caller)
    if caller is None:
        office = route.scope in ("agreements:write", "agreements:accept")
        caller = world.client("t.consumer.data-office") if office else world.casework
    path = route.example or re.sub(r"\{version\}", "1", re.sub(r"\{[a-z_]+_id\}", "x", route.path))
    answer = caller.request(route.method, f"{path}?{CODE_MARK}=1&zyzzyva", **route.json(world))
    told = problem(answer, 422, "unknown-parameter")
    assert told["detail"].endswith(KNOWN.get(route.id, "this call takes none"))


def test_a_parameter_that_stands_there_twice_is_refused(world: World) -> None:
    told = problem(world.anyone().get("/v1/datasets?limit=1&limit=2"), 422, "unknown-parameter")
    assert "twice" in told["detail"]


def test_what_is_known_is_taken(world: World) -> None:
    assert world.anyone().get("/v1/datasets?q=licences&limit=1&cursor=").status_code == 200


NUMBERS = (
    "/v1/datasets?limit={}",
    "/v1/register?limit={}",
    "/v1/agreements?limit={}",
    "/v1/consent-requests?limit={}",
    "/v1/permissions?limit={}",
    "/v1/agreements/x/versions/{}",
    "/v1/ledger/proofs/consistency?from={}&to=1",
    "/v1/ledger/proofs/consistency?from=0&to={}",
)
NO_NUMBERS = ("+1", "%2B1", "%201", "1%20", "1_0", "1.0", "1e1", "-1", "01", "0x1", "%EF%BC%91", "%D9%A1", "true", "")


@pytest.mark.parametrize("path", NUMBERS)
def test_a_number_is_written_in_one_way(world: World, path: str) -> None:
    for written in NO_NUMBERS:
        if written or "versions" not in path:
            told = problem(world.casework.get(path.format(written)), 422, "invalid-request")
            assert "a whole number in the digits 0-9 is expected" in told["errors"][0]["detail"], written
    assert world.casework.get(path.format("1")).status_code in (200, 404)


@pytest.mark.parametrize(
    "path", ["/health/live", "/health/ready", "/metrics", "/docs", "/problems", "/.well-known/jwks.json"]
)
def test_what_monitors_and_links_put_behind_a_page_is_not_heeded(world: World, path: str) -> None:
    assert world.anyone().get(f"{path}?_={CODE_MARK}").status_code == 200
    problem(world.anyone().get(f"/v1/agencies?_={CODE_MARK}"), 422, "unknown-parameter")
