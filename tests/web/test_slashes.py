"""A path with a slash at its end is told without it; nothing is done, and no redirect may lose a body."""

import re
from collections.abc import Iterator

import pytest

from tests.web.problems import CODE_MARK, problem
from tests.web.routes import ROUTES, Route
from tests.world import World
from tests.world import world as running

API = [route for route in ROUTES if route.path.startswith("/v1/") and not route.path.endswith(":path}")]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('slashes') / 'gateway.db'}") as entered:
        yield entered


@pytest.mark.parametrize("route", API, ids=[route.id for route in API])
def test_a_slash_at_the_end_is_told_by_the_route_and_never_by_what_fills_it(world: World, route: Route) -> None:
    path = re.sub(r"\{version\}", "1", re.sub(r"\{[a-z_]+\}", CODE_MARK, route.path))
    answer = world.casework.request(route.method, f"{path}/", **route.json(world))
    told = problem(answer, 404, "no-such-route")
    assert told["detail"] == f"there is {route.path}, without the slash at its end"
    assert "location" not in answer.headers


def test_where_nothing_is_there_without_it_nothing_is_said_of_the_slash(world: World) -> None:
    for path in ("/v1/nothing/", "/v1/agencies//", "/v1/", "/nothing/"):
        assert "slash" not in problem(world.anyone().get(path), 404, "no-such-route")["detail"]
