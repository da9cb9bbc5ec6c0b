"""What is registered can be changed under a gateway that serves: it holds at once, and is entered in the ledger."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.connector.keys import ClientKey
from gateway.connector.proofs import ProofMaker
from gateway.db.connection import Connection
from gateway.exchange.sources import Source
from gateway.ledger.tables import ENTRY, OPENING
from tests.cli.conftest import Command
from tests.world import CONFIRMED, CONSUMER, DATASET, ScriptedAdapter, World, licence

NUMBER = "driving-licence-number"
CLIENT = f"{CONSUMER}.casework"
_EVENTS = select(OPENING.c.event).join(ENTRY, OPENING.c.entry_id == ENTRY.c.id).order_by(ENTRY.c.at)


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    with World(database_url) as entered:
        written = f"baseUrl: {entered.base_url}\nport: {entered.settings.port}\ndatabase: {database_url}\n"
        (tmp_path / "threekeys.yaml").write_text(written)
        yield entered


def token(world: World, key: ClientKey, scope: str) -> int:
    """The status of a request for a token of this scope, signed with this key."""
    maker = ProofMaker(CLIENT, key, world.base_url, world.clock)
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": maker.assertion(),
        "scope": scope,
    }
    proof = {"DPoP": maker.proof("POST", "/oauth/token")}
    return world.anyone().post("/oauth/token", data=form, headers=proof).status_code


def entered(world: World, kind: str) -> list[dict[str, Any]]:
    """The ledger's events of a kind."""

    def read(connection: Connection) -> list[dict[str, Any]]:
        return [json.loads(event) for (event,) in connection.all(_EVENTS)]

    events = world.in_gateway(lambda gateway: gateway.store.read(read))
    return [event for event in events if event["kind"] == kind]


def key_set(folder: Path, *keys: ClientKey) -> str:
    every = [key.public_jwks()["keys"][0] for key in keys]
    (folder / "keys.json").write_text(json.dumps({"keys": every}))
    return "keys.json"


def test_a_client_s_keys_are_replaced_and_the_old_one_gets_no_token_any_more(
    threekeys: Command, world: World, tmp_path: Path
) -> None:
    old, new = world.keys[CLIENT], ClientKey.generate()
    assert [token(world, key, "exchanges:write") for key in (old, new)] == [200, 401]
    update = ("client", "update", CLIENT, "--jwks")
    assert threekeys(*update, key_set(tmp_path, old, new)) == (0, f"changed the client {CLIENT}\n", "")
    assert [token(world, key, "exchanges:write") for key in (old, new)] == [200, 200]
    assert threekeys(*update, key_set(tmp_path, new))[0] == 0
    assert [token(world, key, "exchanges:write") for key in (old, new)] == [401, 200]
    first, second = entered(world, "client-changed")
    assert (first["client"], first["scopes"]) == (CLIENT, second["scopes"])
    assert first["keys"] != second["keys"]


def test_a_client_s_scopes_are_replaced_and_its_keys_stay(threekeys: Command, world: World) -> None:
    update = ("client", "update", CLIENT, "--scope", "ledger:read", "--scope", "exchanges:read")
    assert threekeys(*update)[0] == 0
    key = world.keys[CLIENT]
    assert [token(world, key, scope) for scope in ("ledger:read", "exchanges:write")] == [200, 400]
    [event] = entered(world, "client-changed")
    assert event["scopes"] == ["exchanges:read", "ledger:read"]


def test_a_client_moves_to_keys_that_it_publishes(threekeys: Command, world: World) -> None:
    uri = "https://agency.invalid/jwks.json"
    assert threekeys("client", "update", CLIENT, "--jwks-uri", uri)[0] == 0
    [event] = entered(world, "client-changed")
    assert event["keys"] == uri


def test_an_agency_s_name_and_contact_are_changed_and_what_is_not_given_stays(
    threekeys: Command, world: World
) -> None:
    def told() -> dict[str, Any]:
        every = world.anyone().get("/v1/agencies").json()["items"]
        return next(one for one in every if one["id"] == CONSUMER)

    before = told()
    status, out, _ = threekeys("agency", "update", CONSUMER, "--contact", "new-desk@agency.invalid")
    assert (status, out) == (0, f"changed the agency {CONSUMER}\n")
    assert told() == before | {"contact": "new-desk@agency.invalid"}
    assert threekeys("agency", "update", CONSUMER, "--name", "Its New Name")[0] == 0
    assert told() == before | {"contact": "new-desk@agency.invalid", "name": "Its New Name"}
    assert [event["name"] for event in entered(world, "agency-changed")] == [before["name"], "Its New Name"]


def test_a_dataset_is_asked_by_other_identifiers_and_what_was_agreed_and_consented_stays(
    threekeys: Command, world: World, tmp_path: Path
) -> None:
    consent = world.consent("ann")
    number = {"scheme": "driving-licence-number", "value": "SANDB804011A99ZZ"}
    by_number = world.ask(subject={"identifiers": [number]})
    assert world.casework.post("/v1/exchanges", json=by_number).json()["outcome"] == "not-held"
    source = {"url": "env:NOT_SET_HERE", "table": "t", "key": {"nino": "n"}}
    source |= {"mapping": {"fields": {"status": "s"}, "identifiers": {"nino": "n"}}}
    with (tmp_path / "threekeys.yaml").open("a") as configuration:
        configuration.write(f"adapters: {json.dumps({'scripted': {'kind': 'sql', 'settings': source}})}\n")
    update = ("dataset", "update", DATASET, "--identifier", "nino", "--title", "Licences, by NINO")
    assert threekeys(*update) == (0, f"changed the dataset {DATASET}\n", "")
    world.clock.advance(2)  # for a second a gateway goes by what the catalogue said
    refused = world.casework.post("/v1/exchanges", json=by_number).json()
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("invalid-request", "/subject/identifiers")
    told = world.anyone().get(f"/v1/datasets/{DATASET}").json()
    assert (told["identifiers"], told["title"]) == (["nino"], "Licences, by NINO")
    assert [one["consumer"] for one in told["availableTo"]] == [CONSUMER]
    released = world.casework.post("/v1/exchanges", json=world.ask("ann", purpose="with-consent")).json()
    assert (released["outcome"], released["consentId"]) == ("released", consent)
    [event] = entered(world, "dataset-changed")
    assert (event["identifiers"], event["title"]) == (["nino"], "Licences, by NINO")


def test_a_dataset_moves_to_another_adapter_and_what_was_agreed_and_consented_stays(
    threekeys: Command, world: World, tmp_path: Path
) -> None:
    consent = world.consent("ann")
    moved = ScriptedAdapter()
    moved.held = {"ZZ000001A": licence("ZZ000001A", data={"validUntil": "2033-03-03"})}
    world.gateway.sources.put({"moved": Source("moved", moved, world.clock, deadline=5.0)})
    mapping = {"fields": {"status": "s", "validUntil": "v"}, "identifiers": dict.fromkeys(("nino", NUMBER), "n")}
    source = {
        "url": "env:NOT_SET_HERE",
        "table": "t",
        "key": dict.fromkeys(("nino", NUMBER), "n"),
        "mapping": mapping,
    }
    unfit = {**source, "key": {"nino": "n"}}
    adapters = {name: {"kind": "sql", "settings": one} for name, one in (("moved", source), ("unfit", unfit))}
    with (tmp_path / "threekeys.yaml").open("a") as configuration:
        configuration.write(f"adapters: {json.dumps(adapters)}\n")
    update = ("dataset", "update", DATASET, "--adapter")
    assert "the configuration names no adapter 'gone'; it names moved, unfit" in threekeys.told(*update, "gone")
    assert f"its settings find nobody by {NUMBER}" in threekeys.told(*update, "unfit")
    assert entered(world, "dataset-changed") == []

    def released() -> tuple[str, str]:
        body = world.ask("ann", purpose="with-consent", fields=["validUntil"])
        answer = world.casework.post("/v1/exchanges", json=body).json()
        return answer["record"]["validUntil"], answer["consentId"]

    assert released() == ("2030-01-01", consent)
    status, out, err = threekeys(*update, "moved")
    assert (status, out.splitlines()[0]) == (0, f"changed the dataset {DATASET}")
    assert "NOT_SET_HERE" in err
    world.clock.advance(2)  # for a second a gateway goes by what the catalogue said
    assert released() == ("2033-03-03", consent)
    assert json.loads(threekeys("dataset", "show", DATASET, "--json")[1])["adapter"] == "moved"
    assert [event["adapter"] for event in entered(world, "dataset-changed")] == ["moved"]


def test_the_operator_sees_every_agreement_and_who_has_suspended_it(threekeys: Command, world: World) -> None:
    every = json.loads(threekeys("agreement", "all", "--json")[1])
    assert [(one["consumer"], one["dataset"], one["status"]) for one in every] == [
        (CONSUMER, dataset, "in-force") for dataset in sorted((DATASET, CONFIRMED))
    ]
    path = f"/v1/agreements/{every[0]['id']}/suspensions"
    assert world.client(f"{CONSUMER}.data-office").post(path, json={"action": "suspend"}).status_code == 200
    status, out, _ = threekeys("agreement", "all")
    head, first, by, second = out.splitlines()
    assert (status, head.split()[:2], first.split()[1:3]) == (0, ["AGREEMENT", "STATUS"], ["suspended", "1"])
    assert by.split() == ["by", CONSUMER]
    assert second.split()[1] == "in-force"


def test_what_cannot_be_changed_is_told_and_changes_nothing(threekeys: Command, world: World, tmp_path: Path) -> None:
    client = ("client", "update", CLIENT)
    (tmp_path / "list.json").write_text("[]")
    (tmp_path / "private.json").write_text(json.dumps({"keys": [{"kty": "oct", "k": "AAAA"}]}))
    assert "give what is to change: --jwks" in threekeys.told(*client)
    assert "either --jwks or --jwks-uri" in threekeys.told(*client, "--jwks", "x", "--jwks-uri", "https://x.invalid")
    assert "gone.json is not a readable JSON file" in threekeys.told(*client, "--jwks", "gone.json")
    assert "list.json is no JWK set" in threekeys.told(*client, "--jwks", "list.json")
    assert "public part only" in threekeys.told(*client, "--jwks", "private.json")
    assert "there is no client nobody" in threekeys.told("client", "update", "nobody", "--scope", "ledger:read")
    threekeys.told(*client, "--scope", "exchanges:write", "--scope", "agreements:accept")
    assert "give what is to change: --name" in threekeys.told("agency", "update", CONSUMER)
    assert "there is no agency nobody" in threekeys.told("agency", "update", "nobody", "--name", "Nobody")
    assert "public, private, charity" in threekeys.told("agency", "update", CONSUMER, "--kind", "secret")
    assert entered(world, "client-changed") == entered(world, "agency-changed") == []
    assert token(world, world.keys[CLIENT], "exchanges:write") == 200
