"""The OpenAPI document as a developer reads it: what each operation is, who may call it and how it can fail."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.agreements.errors import NoSuchAgreement
from gateway.app import openapi_document
from gateway.catalogue.service import Catalogue
from gateway.document import BASE, problem_examples, problem_types
from schemas.api.problems import Problem
from schemas.dates import _PATTERN
from schemas.texts import WORDS
from tests.web.routes import ROUTES
from tests.web.watching import undeclared
from tests.world import World
from tests.world import world as running

DOCUMENT: dict[str, Any] = json.loads(openapi_document())
OPERATIONS = {
    f"{method.upper()} {path}": operation
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
API = {name: operation for name, operation in OPERATIONS.items() if " /v1/" in name}
PROBLEM = "application/problem+json"


def _declared(operation: dict[str, Any]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Status, media type and content of each answer."""
    for status, response in operation["responses"].items():
        for kind, content in response.get("content", {}).items():
            yield int(status), kind, content


def test_there_are_operations() -> None:
    assert len(API) > 25


@pytest.mark.parametrize("name", OPERATIONS)
def test_each_operation_says_what_it_does_and_what_comes_of_it(name: str) -> None:
    operation = OPERATIONS[name]
    assert operation["summary"]
    assert len(operation["description"]) > 20
    assert re.fullmatch(r"[a-z]+_[a-z_]+", operation["operationId"])
    assert all(one.get("description") for one in operation.get("parameters", ()))
    for status, response in operation["responses"].items():
        assert response["description"] not in ("", "Successful Response", "Validation Error"), status
    said = json.dumps(operation)
    assert "HTTPValidationError" not in said
    assert "adr/" not in said
    assert '"title": "' not in json.dumps([one["schema"] for one in operation.get("parameters", ())])


@pytest.mark.parametrize("name", API)
def test_each_call_says_who_may_make_it_and_by_which_scope(name: str) -> None:
    [route] = [route for route in ROUTES if route.id.replace(":path", "") == name]
    operation = API[name]
    ways = {way: scopes for each in operation.get("security", ()) for way, scopes in each.items()}
    expected = {"public": set(), "client": {"client"}, "person": {"person"}, "anyone": {"client", "person"}}
    assert set(ways) == expected[route.caller]
    if "client" in ways:
        assert ways["client"] == [route.scope]
        assert f"`{route.scope}`" in operation["description"]


@pytest.mark.parametrize("name", API)
def test_each_problem_of_a_call_is_named_by_its_type_and_shown_whole(name: str) -> None:
    examples = DOCUMENT["components"]["examples"]
    seen = set()
    for status, kind, content in _declared(API[name]):
        if status < 400:
            continue
        assert kind == PROBLEM
        assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
        for code, shown in content["examples"].items():
            assert shown == {"$ref": f"#/components/examples/{code}"}
            assert examples[code]["value"]["status"] == status
            assert f"`{code}`" in API[name]["responses"][str(status)]["description"]
            seen.add(code)
    always = {"internal-error", "storage-unavailable", "unknown-parameter", "too-many-connections"}
    assert always <= seen


def test_what_can_come_before_any_route_is_declared_of_every_call() -> None:
    for name, operation in OPERATIONS.items():
        told = {
            (status, code)
            for status, kind, one in _declared(operation)
            if kind == PROBLEM
            for code in one["examples"]
        }
        assert (431, "head-too-large") in told, name
        assert ((503, "too-many-connections") in told) is not any(part in name for part in ("/health/", "/oauth/")), (
            name
        )
        assert "503" in operation["responses"] or name == "GET /health/live"
    for code in ("no-such-route", "method-not-allowed", "malformed-request"):
        assert f"`{code}`" in DOCUMENT["info"]["description"]


def test_a_problem_that_is_not_declared_of_its_call_fails_whichever_test_meets_it(
    world: World, monkeypatch: pytest.MonkeyPatch, undeclared_problems: set[str]
) -> None:
    assert undeclared("GET", "/v1/agencies", 404, "no-such-agreement") == "GET /v1/agencies: 404 no-such-agreement"
    assert undeclared("GET", "/v1/agencies", 422, "unknown-parameter") is None
    assert undeclared("GET", "/v1/agencies/x", 404, "no-such-route") is None

    async def odd(*_: object) -> None:
        raise NoSuchAgreement

    monkeypatch.setattr(Catalogue, "agencies", odd)
    world.anyone().get("/v1/agencies")
    assert undeclared_problems == {"GET /v1/agencies: 404 no-such-agreement"}
    undeclared_problems.clear()


def test_outside_oauth_errors_are_problems_and_there_they_are_those_of_rfc_6749() -> None:
    for name, operation in OPERATIONS.items():
        for status, kind, content in _declared(operation):
            if status >= 400 and "/oauth/" in name and status != 431:  # that comes before any path is known
                assert kind == "application/json"
                assert all("error" in one["value"] for one in content["examples"].values())
            elif status >= 400 and "/health/" not in name:
                assert kind == PROBLEM, name


def test_there_is_a_whole_problem_of_each_type() -> None:
    shown = problem_examples()
    assert set(shown) == set(problem_types())
    for code, body in shown.items():
        Problem.model_validate_json(json.dumps(body))
        assert body["code"] == code
        assert body["type"].endswith(f"/problems/{code}")
        assert body.get("detail") or body.get("errors") or body.get("reasons"), code


def test_no_schema_has_a_title_made_of_a_name_torn_apart() -> None:
    for name, schema in DOCUMENT["components"]["schemas"].items():
        assert "title" not in schema, name
        assert all("title" not in part for part in schema.get("properties", {}).values()), name


def test_every_body_shows_an_example() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    for name, schema in schemas.items():
        assert schema.get("examples") or name.startswith("Page_"), name
    for name, operation in API.items():
        for content in operation.get("requestBody", {}).get("content", {}).values():
            assert "examples" in content or "$ref" in json.dumps(content["schema"]), name


def test_every_reference_leads_somewhere() -> None:
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(DOCUMENT))):
        part: Any = DOCUMENT
        for step in reference.split("/"):
            part = part[step]
        assert part


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with running(f"sqlite:///{tmp_path_factory.mktemp('declared') / 'gateway.db'}") as entered:
        yield entered


def test_the_page_of_a_problem_leads_to_the_call_that_mends_it(world: World) -> None:
    checked = 0
    for kind in problem_types().values():
        page = world.anyone().get(f"/problems/{kind.code}").text
        if kind.where is None:
            continue
        [place] = re.findall(r'href="\.\./docs#/([^"]+)"', page)
        operation = OPERATIONS[kind.where]
        assert place == f"{operation['tags'][0]}/{operation['operationId']}"
        checked += 1
    assert checked > 10


def test_what_a_gateway_serves_is_the_document(world: World) -> None:
    text = world.anyone().get("/openapi.json").text
    assert BASE not in text, "its examples lead to another gateway"
    served = json.loads(text.replace(world.base_url, BASE))
    assert {**served, "servers": DOCUMENT["servers"]} == DOCUMENT


def test_the_type_of_a_problem_that_is_shown_is_a_page_of_the_gateway_that_shows_it(world: World) -> None:
    for name, shown in world.anyone().get("/openapi.json").json()["components"]["examples"].items():
        assert shown["value"]["type"] == f"{world.base_url}/problems/{name}"
    assert world.anyone().get(shown["value"]["type"]).status_code == 200


BODIES = [
    (name, shown, example["value"])
    for name, operation in API.items()
    for shown, example in operation.get("requestBody", {})
    .get("content", {})
    .get("application/json", {})
    .get("examples", {})
    .items()
]


@pytest.mark.parametrize(("name", "body"), [(name, body) for name, _, body in BODIES], ids=[b[1] for b in BODIES])
def test_a_gateway_takes_the_shape_of_each_request_that_is_shown(world: World, name: str, body: Any) -> None:
    method, path = name.split(" ")
    office = "suspensions" in path
    caller = world.person("ann") if "decisions" in path and "{" in path else world.casework
    caller = world.client("t.consumer.data-office") if office else caller
    answer = caller.request(method, re.sub(r"\{\w+\}", "nobody-s", path), json=body)
    # This gateway has none of the sandbox's datasets, consents and agreements; the shape it finds right.
    assert (answer.status_code, answer.json()["code"].partition("-such-")[0]) == (404, "no"), answer.text


def patterns(part: Any) -> set[str]:
    """Every pattern of the schemas in a part of the document."""
    if isinstance(part, list):
        return {found for one in part for found in patterns(one)}
    if not isinstance(part, dict):
        return set()
    own = {part["pattern"]} if isinstance(part.get("pattern"), str) else set()
    return own | {found for one in part.values() for found in patterns(one)}


def test_what_a_pattern_asks_for_is_told_in_words() -> None:
    found = patterns(DOCUMENT) - {_PATTERN}  # of dates, which say by themselves what is wrong
    assert len(found) > 5
    assert found - WORDS.keys() == set()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"dataset": "sandbox.licensing/driving-licence"}, "agency/name/version is expected"),
        ({"fields": ["*"]}, "no wildcards"),
        ({"fields": []}, "at least 1 must stand here"),
        ({"fields": ["status"] * 101}, "at most 100 may stand here"),
        ({"caseReference": "case 1"}, "and no blank"),
        ({"purpose": "Blue Badge"}, "small letters, digits and single hyphens"),
    ],
)
def test_a_caller_reads_what_is_expected_and_no_pattern(world: World, changes: dict[str, Any], said: str) -> None:
    [fault] = world.casework.post("/v1/exchanges", json={**world.ask(), **changes}).json()["errors"]
    assert said in fault["detail"]
    assert "^" not in fault["detail"]
