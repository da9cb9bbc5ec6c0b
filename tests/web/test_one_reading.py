"""A request that two readers could read differently, a proxy and the gateway say, is taken by neither's reading."""

import json
from collections.abc import Iterator

import httpx
import pytest

from gateway.connector.proofs import ProofMaker
from tests.web.problems import problem
from tests.world import CONSUMER, World

CASEWORK = f"{CONSUMER}.casework"
JSON = ("Content-Type", "application/json")
# The exchange is read outside FastAPI's routing, the other inside: both must be as strict.
PATHS = ["/v1/exchanges", "/v1/decisions"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(f"sqlite:///{tmp_path_factory.mktemp('one-reading') / 'gateway.db'}") as entered:
        yield entered


def credentials(world: World, path: str) -> dict[str, str]:
    """Good ones for a POST there."""
    token = world.casework.post("/v1/exchanges", json={}).request.headers["authorization"]
    maker = ProofMaker(CASEWORK, world.keys[CASEWORK], world.base_url, world.clock)
    return {"Authorization": token, "DPoP": maker.proof("POST", path, token.split()[1])}


def post(world: World, path: str, *fields: tuple[str, str]) -> httpx.Response:
    """What comes, and that no source was asked unless it was taken."""
    asked = len(world.adapter.queries)
    answer = world.anyone().post(path, content=json.dumps(world.ask()).encode(), headers=list(fields))
    assert answer.is_success or len(world.adapter.queries) == asked
    return answer


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("first", ["", None], ids=["the first empty", "both whole"])
@pytest.mark.parametrize("name", ["Authorization", "DPoP"])
def test_credentials_are_sent_once(world: World, path: str, name: str, first: str | None) -> None:
    sent = credentials(world, path)
    answer = post(world, path, JSON, (name, sent[name] if first is None else first), *sent.items())
    assert problem(answer, 401, "unauthenticated")["detail"] == f"send one {name} header"


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ([JSON, ("Content-Type", "text/plain")], "one Content-Type"),
        ([JSON, JSON], "one Content-Type"),
        ([JSON, ("Content-Encoding", "gzip")], "Content-Encoding"),
        ([JSON, ("Content-Encoding", "identity, br")], "Content-Encoding"),
        ([("Content-Type", "application/json; charset=utf-16")], "charset"),
        ([("Content-Type", 'application/json; v=1; Charset="latin1"')], "charset"),
    ],
)
def test_a_body_says_once_what_it_is(world: World, path: str, fields: list[tuple[str, str]], told: str) -> None:
    answer = post(world, path, *fields, *credentials(world, path).items())
    assert told in problem(answer, 415, "wrong-content-type")["detail"]
    assert answer.headers.get("accept-encoding") == ("identity" if told == "Content-Encoding" else None)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["application/json;charset=UTF-8", 'Application/JSON ; charset="utf-8"; v=1'])
def test_what_says_the_same_in_other_words_is_taken(world: World, path: str, kind: str) -> None:
    sent = [("Content-Type", kind), ("Content-Encoding", "identity"), *credentials(world, path).items()]
    assert post(world, path, *sent).is_success


@pytest.mark.parametrize("name", ["Content-Type", "Content-Encoding"])
def test_so_does_a_token_request(world: World, name: str) -> None:
    kind = ("Content-Type", "application/x-www-form-urlencoded")
    answer = post(world, "/oauth/token", kind, (name, "text/plain"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert answer.json()["error_description"] == "send one Content-Type, and no Content-Encoding"


@pytest.mark.parametrize("path", ["/v1%2Fexchanges", "/v1%2fexchanges", "/v1%5Cexchanges", "/v1/exchanges%2F"])
def test_an_encoded_slash_is_none_of_a_route(world: World, path: str) -> None:
    told = problem(post(world, path, JSON, *credentials(world, path).items()), 404, "no-such-route")
    assert told["detail"] == "send / as it is in a path"


def test_nor_anywhere_else(world: World) -> None:
    caller = world.anyone()
    assert caller.get("/v1/agencies").status_code == 200
    for path in ("/v1%2Fagencies", "/health%2Flive", "/problems%2Fno-such-route", "/v1/datasets/a%2Fb%2Fv1"):
        problem(caller.get(path), 404, "no-such-route")
    assert caller.get("/oauth%2Ftoken").json()["error"] == "invalid_request"
    assert caller.get("/%76%31/agencies").status_code == 200
