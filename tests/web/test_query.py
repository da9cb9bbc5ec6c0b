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
