"""The catalogue: public, searchable, and true: what it says of a dataset is what an exchange is told."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.agreements import availability, terms
from gateway.agreements.repository import AgreementRow
from gateway.app import Gateway
from gateway.catalogue import service
from gateway.catalogue.registration import AddDataset, SetDatasetStatus
from gateway.db.connection import Connection
from gateway.policy import AgreementFacts
from schemas.records import record_model, record_types
from schemas.records.driving_licence import DrivingLicence
from tests.world import CONFIRMED, CONSUMER, DATASET, PROVIDER, STRANGER, Caller, World


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


@pytest.fixture(scope="module")
def anyone(world: World) -> Caller:
    return world.anyone()


def found(anyone: Caller, words: str) -> list[str]:
    return [one["id"] for one in anyone.get("/v1/datasets", params={"q": words}).json()["items"]]


def test_anybody_sees_who_is_on_the_exchange(anyone: Caller) -> None:
    agencies = {one["id"]: one for one in anyone.get("/v1/agencies").json()["items"]}
    assert set(agencies) == {CONSUMER, PROVIDER, STRANGER}
    assert agencies[PROVIDER] == {
        "id": PROVIDER,
        "name": f"The {PROVIDER}",
        "kind": "public",
        "status": "active",
        "contact": "desk@test.invalid",
    }


def test_a_page_reads_the_agreements_of_its_own_datasets_only(
    world: World, anyone: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered = [world.offer(title="Read by itself") for _ in range(3)]
    read: list[str] = []

    def facts(connection: Connection, row: AgreementRow) -> AgreementFacts:
        read.append(row.dataset_id)
        return terms.facts(connection, row)

    monkeypatch.setattr(availability, "facts", facts)
    page = anyone.get("/v1/datasets", params={"q": "read by itself", "limit": 2}).json()["items"]
    assert [one["id"] for one in page] == read == offered[:2]
    assert [one["availableTo"][0]["consumer"] for one in page] == [CONSUMER, CONSUMER]
    read.clear()
    assert anyone.get(f"/v1/datasets/{offered[2]}").json()["availableTo"]
    assert read == offered[2:]


def test_a_dataset_says_all_that_a_caller_must_know(world: World, anyone: Caller) -> None:
    dataset = world.offer(
        title="Cards of the blue badge", description="Parking cards.", confirm=("dateOfBirth",), freshness="nightly",
        contact="cards@test.invalid", show_to_subject=True,
    )  # fmt: skip
    shown = anyone.get(f"/v1/datasets/{dataset}").json()
    assert shown == {
        "id": dataset,
        "provider": PROVIDER,
        "recordType": "driving-licence/v1",
        "title": "Cards of the blue badge",
        "description": "Parking cards.",
        "status": "offered",
        "identifiers": ["nino", "driving-licence-number"],
        "confirm": ["dateOfBirth"],
        "specialCategory": False,
        "criminalOffence": True,  # as its record type has it: a dataset can only be stricter
        "showToSubject": True,
        "freshness": "nightly",
        "contact": "cards@test.invalid",
        "availableTo": [
            {"consumer": CONSUMER, "purposes": ["with-consent", "notified", "on-request", "by-statute"]},
        ],
    }


def test_search_wants_every_word_somewhere(world: World, anyone: Caller) -> None:
    dataset = world.offer(title="Berths of the harbour", description="Who may moor a houseboat.")
    for words in ("harbour", "HOUSEBOAT berths", "moor driving-licence", PROVIDER + " berths"):
        assert found(anyone, words) == [dataset], words
    assert found(anyone, "harbour airport") == []
    assert {DATASET, CONFIRMED, dataset} <= set(found(anyone, ""))
    assert found(anyone, "100% _") == []


def test_a_list_is_paged(world: World, anyone: Caller) -> None:
    made = sorted(world.offer(title="Paged lists") for _ in range(3))
    cursor, pages = "", []
    while cursor is not None:
        page = anyone.get("/v1/datasets", params={"q": "paged", "limit": 2, "cursor": cursor}).json()
        pages.append([one["id"] for one in page["items"]])
        cursor = page["nextCursor"]
    assert [len(page) for page in pages] == [2, 1]
    assert [dataset for page in pages for dataset in page] == made
    assert anyone.get("/v1/datasets", params={"limit": 0}).status_code == 422


def test_what_is_not_there_is_404(anyone: Caller) -> None:
    for path, code in (
        (f"/v1/datasets/{PROVIDER}/nothing/v1", "no-such-dataset"),
        ("/v1/record-types/nothing/v1", "no-such-record-type"),
    ):
        answer = anyone.get(path)
        assert (answer.status_code, answer.json()["code"]) == (404, code)


def test_a_record_type_without_a_version_is_its_newest_and_says_which(
    anyone: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = anyone.get("/v1/record-types/driving-licence")
    assert one.json() == anyone.get("/v1/record-types/driving-licence/v1").json()
    assert one.headers["content-location"] == "/v1/record-types/driving-licence/v1"
    models = {"driving-licence/v10": DrivingLicence, "driving-licence/v9": DrivingLicence, **record_types()}
    monkeypatch.setattr(service, "record_types", lambda: models)
    monkeypatch.setattr(service, "field_paths", lambda _: ["status"])
    monkeypatch.setattr(service, "json_schema", lambda _: {})
    assert anyone.get("/v1/record-types/driving-licence").json()["id"] == "driving-licence/v10"
    gone = anyone.get("/v1/record-types/driving-licence/v2").json()
    assert gone["code"] == "no-such-record-type"
    assert gone["detail"] == "it is there as driving-licence/v1, driving-licence/v9, driving-licence/v10"
    assert anyone.get("/v1/record-types/nothing").json()["code"] == "no-such-record-type"


def test_a_dataset_without_a_version_is_its_newest_and_says_which(world: World, anyone: Caller) -> None:
    first = world.offer()
    name = first.rpartition("/")[0]

    async def more(gateway: Gateway) -> None:
        for version in ("v10", "v9"):
            about: dict[str, Any] = {"adapter": "scripted", "title": version, "description": "A test's."}
            add = AddDataset(f"{name}/{version}", record_type="driving-licence/v1", identifiers=("nino",), **about)
            await gateway.store.commit(add)

    world.in_gateway(more)
    newest = anyone.get(f"/v1/datasets/{name}")
    assert newest.json() == anyone.get(f"/v1/datasets/{name}/v10").json()
    assert newest.headers["content-location"] == f"/v1/datasets/{name}/v10"
    gone = anyone.get(f"/v1/datasets/{name}/v2").json()
    assert (gone["code"], gone["detail"]) == ("no-such-dataset", f"it is there as {name}/v1, {name}/v9, {name}/v10")
    for missing in (f"{PROVIDER}/nothing", f"{PROVIDER}/offer", f"nobody/{name.partition('/')[2]}"):
        assert anyone.get(f"/v1/datasets/{missing}").json()["code"] == "no-such-dataset"


def test_a_withdrawn_dataset_refuses_and_says_so(world: World, anyone: Caller) -> None:
    dataset = world.offer()
    body = world.ask(dataset=dataset)
    assert world.casework.post("/v1/exchanges", json=body).status_code == 201

    def standing(status: Any) -> None:
        async def work(gateway: Gateway) -> None:
            await gateway.store.commit(SetDatasetStatus(dataset, status))

        world.in_gateway(work)

    standing("withdrawn")
    assert anyone.get(f"/v1/datasets/{dataset}").json()["status"] == "withdrawn"
    answer = world.casework.post("/v1/exchanges", json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "dataset-withdrawn")
    assert answer.json()["reasons"][0]["remedy"]["href"] == "/v1/datasets"
    standing("offered")
    assert world.casework.post("/v1/exchanges", json=body).status_code == 201


def test_a_dataset_withdrawn_during_the_fetch_releases_nothing(world: World) -> None:
    dataset = world.offer()

    async def withdraw(_: object) -> None:
        world.adapter.before = None
        await world.gateway.store.commit(SetDatasetStatus(dataset, "withdrawn"))

    world.adapter.before = withdraw
    answer = world.casework.post("/v1/exchanges", json=world.ask(dataset=dataset))
    assert answer.json()["code"] == "dataset-withdrawn"
    [event] = world.events(answer.json()["exchangeId"])
    assert event["outcome"] == "refused"


@pytest.mark.parametrize("name", sorted(record_types()))
def test_a_record_type_has_a_schema_that_its_example_fits(anyone: Caller, name: str) -> None:
    shown = anyone.get(f"/v1/record-types/{name}").json()
    schema, example = shown["jsonSchema"], shown["example"]
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert list(faults(schema, schema, example, "")) == []
    record_model(name).model_validate_json(json.dumps(example))
    assert shown["fields"]
    for path in shown["fields"]:
        assert reachable(schema, schema, path.split(".")), path


@pytest.mark.parametrize(
    ("change", "at"),
    [({"status": "flying"}, "/status"), ({"shoeSize": 4}, ""), ({"holder": {"nino": 7}}, "/holder/nino")],
)
def test_the_schema_tells_a_record_that_does_not_fit(anyone: Caller, change: dict[str, Any], at: str) -> None:
    shown = anyone.get("/v1/record-types/driving-licence/v1").json()
    schema = shown["jsonSchema"]
    assert list(faults(schema, schema, {**shown["example"], **change}, "")) == [at]


def faults(root: dict[str, Any], schema: dict[str, Any], value: Any, at: str) -> Iterator[str]:
    """Where a value does not fit: the part of JSON Schema that record types use, and a failure at any other."""
    known = {
        "$schema", "$defs", "$ref", "title", "description", "examples", "type", "properties", "additionalProperties",
        "items", "anyOf", "enum", "const", "pattern", "format", "minimum", "maximum", "minLength", "maxLength",
        "exclusiveMinimum", "default", "maxItems", "minItems",
    }  # fmt: skip
    assert set(schema) <= known, set(schema) - known
    if "$ref" in schema:
        yield from faults(root, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], value, at)
    if "anyOf" in schema:
        tried = [list(faults(root, one, value, at)) for one in schema["anyOf"]]
        if all(tried):
            yield max((one[0] for one in tried), key=len)
    kinds: dict[str, Any] = {
        "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "null": type(None),
        "boolean": bool,
    }  # fmt: skip
    if "type" in schema and not isinstance(value, kinds[schema["type"]]):
        yield at
        return
    if ("enum" in schema and value not in schema["enum"]) or ("const" in schema and value != schema["const"]):
        yield at
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield at
    if isinstance(value, str) and not schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10_000):
        yield at
    if isinstance(value, int) and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        yield at
    if isinstance(value, list):
        for n, item in enumerate(value):
            yield from faults(root, schema.get("items", {}), item, f"{at}/{n}")
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is False and set(value) - set(properties):
            yield at
        for name in set(value) & set(properties):
            yield from faults(root, properties[name], value[name], f"{at}/{name}")


def reachable(root: dict[str, Any], schema: dict[str, Any], names: list[str]) -> bool:
    """Whether a field path of the catalogue stands in the schema."""
    if "$ref" in schema:
        return reachable(root, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], names)
    if "anyOf" in schema:
        return any(reachable(root, one, names) for one in schema["anyOf"])
    if "items" in schema:
        return reachable(root, schema["items"], names)
    if not names:
        return True
    below = schema.get("properties", {}).get(names[0])
    return below is not None and reachable(root, below, names[1:])
