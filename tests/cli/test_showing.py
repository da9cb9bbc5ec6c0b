"""What is registered can be seen: a table or a card for people, JSON for programs."""

import json
from pathlib import Path

import pytest
import yaml

from gateway.connector.keys import ClientKey
from tests.cli.conftest import Command

MAPPING = {"fields": {"tenancyReference": "ref", "tenant.familyName": "surname"}, "identifiers": {"nino": "ni_no"}}
TABLE = {"url": "env:NOT_SET_HERE", "table": "tenancy", "key": {"nino": "ni_no"}, "mapping": MAPPING}


@pytest.fixture
def known(threekeys: Command, tmp_path: Path) -> Command:
    """Two agencies; one has two clients and a dataset."""
    configured(tmp_path, "homes")
    homes, council = ("--name", "Example Homes", "--kind", "charity"), ("--name", "Example Council")
    office = ("--agency", "homes", "--scope", "agreements:read", "--scope", "agreements:accept")
    portal = ("--agency", "homes", "--scope", "ledger:read", "--jwks-uri", "https://homes.invalid/jwks.json")
    tenancy = ("--record-type", "housing-tenancy/v1", "--adapter", "homes", "--identifier", "nino")
    for command in (
        ("migrate",),
        ("agency", "add", "homes", *homes, "--contact", "data@homes.invalid"),
        ("agency", "add", "council", *council, "--contact", "data@council.invalid"),
        ("client", "add", "homes.office", *office, "--new-key", "office.jwk"),
        ("client", "add", "homes.portal", *portal),
        ("dataset", "add", "homes/tenancy/v1", *tenancy, "--title", "Tenancies", "--confirm", "familyName"),
    ):
        assert threekeys(*command)[0] == 0
    return threekeys


def configured(folder: Path, adapter: str) -> None:
    adapters = {adapter: {"kind": "sql", "settings": TABLE}}
    text = yaml.safe_dump({"baseUrl": "http://127.0.0.1:8400", "adapters": adapters})
    (folder / "threekeys.yaml").write_text(text)


def shown(command: Command, *arguments: str) -> list[list[str]]:
    """The lines, each as its cells."""
    status, out, err = command(*arguments)
    assert (status, err) == (0, "")
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in out.splitlines()]


def test_agencies_are_listed_with_their_standing_and_whom_to_ask(known: Command) -> None:
    assert known("agency", "suspend", "council")[0] == 0
    assert shown(known, "agency", "list") == [
        ["ID", "STATUS", "KIND", "NAME", "CONTACT"],
        ["council", "suspended", "public", "Example Council", "data@council.invalid"],
        ["homes", "active", "charity", "Example Homes", "data@homes.invalid"],
    ]
    every = json.loads(known("agency", "list", "--json")[1])
    assert [(one["id"], one["status"]) for one in every] == [("council", "suspended"), ("homes", "active")]


def test_an_agency_is_shown_with_its_clients_and_datasets(known: Command) -> None:
    lines = shown(known, "agency", "show", "homes")
    assert ["clients", "homes.office"] in lines
    assert ["homes.portal"] in lines
    assert ["datasets", "homes/tenancy/v1"] in lines
    one = json.loads(known("agency", "show", "homes", "--json")[1])
    assert one["clients"] == ["homes.office", "homes.portal"]
    assert one["kind"] == "charity"


def test_clients_are_listed_with_their_keys_and_scopes(known: Command, tmp_path: Path) -> None:
    thumbprint = ClientKey.load(tmp_path / "office.jwk").kid
    assert shown(known, "client", "list") == [
        ["CLIENT", "STATUS", "KEYS", "SCOPES"],
        ["homes.office", "active", thumbprint, "agreements:accept"],
        ["agreements:read"],
        ["homes.portal", "active", "https://homes.invalid/jwks.json", "ledger:read"],
    ]
    assert known("client", "list", "--agency", "council") == (0, "", "there are none\n")
    assert known("client", "list", "--agency", "council", "--json")[1] == "[]\n"
    assert "there is no agency nobody" in known.told("client", "list", "--agency", "nobody")


def test_a_client_whose_agency_is_suspended_does_not_look_as_if_it_could_act(known: Command) -> None:
    known("agency", "suspend", "homes")
    lines = shown(known, "client", "list")
    assert lines[2][:2] == ["its agency:", "agreements:read"]
    assert lines[3] == ["suspended"]
    assert ["agency status", "suspended"] in shown(known, "client", "show", "homes.portal")


def test_a_client_is_shown_with_the_thumbprints_of_its_keys(known: Command, tmp_path: Path) -> None:
    thumbprint = ClientKey.load(tmp_path / "office.jwk").kid
    lines = shown(known, "client", "show", "homes.office")
    assert ["keys", thumbprint, f"EC, kid {thumbprint}"] in lines
    one = json.loads(known("client", "show", "homes.office", "--json")[1])
    assert one["keys"] == [{"thumbprint": thumbprint, "kty": "EC", "kid": thumbprint}]
    assert one["jwksUri"] is None
    assert json.loads(known("client", "show", "homes.portal", "--json")[1])["keys"] == []


def test_datasets_are_listed_with_their_adapter_and_identifiers(known: Command) -> None:
    assert known("dataset", "set", "homes/tenancy/v1", "withdrawn")[0] == 0
    assert shown(known, "dataset", "list") == [
        ["DATASET", "STATUS", "ADAPTER", "IDENTIFIERS", "TITLE"],
        ["homes/tenancy/v1", "withdrawn", "homes", "nino", "Tenancies"],
    ]


def test_a_dataset_whose_adapter_the_configuration_has_lost_says_so(known: Command, tmp_path: Path) -> None:
    assert ["adapter", "homes"] in shown(known, "dataset", "show", "homes/tenancy/v1")
    configured(tmp_path, "renamed")
    lines = shown(known, "dataset", "show", "homes/tenancy/v1")
    assert ["adapter", "homes (not in the configuration)"] in lines
    assert ["confirm", "familyName"] in lines
    one = json.loads(known("dataset", "show", "homes/tenancy/v1", "--json")[1])
    assert (one["adapter"], one["identifiers"], one["availableTo"]) == ("homes", ["nino"], [])


@pytest.mark.parametrize("what", ["agency", "client", "dataset"])
def test_what_is_not_there_is_named(known: Command, what: str) -> None:
    assert f"there is no {what} homes.gone: `threekeys {what} list`" in known.told(what, "show", "homes.gone")


@pytest.mark.parametrize("what", ["agency", "client", "dataset"])
def test_a_database_that_nobody_migrated_is_told(threekeys: Command, tmp_path: Path, what: str) -> None:
    configured(tmp_path, "homes")
    assert "threekeys migrate" in threekeys.told(what, "list")
