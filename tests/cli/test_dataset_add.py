"""A dataset is registered only where its adapter can serve it; what is in the way is told with what to mend."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
import yaml

from adapters.offers import mismatches
from adapters.registry import offer_of
from gateway.sandbox import world
from gateway.sandbox.layout import Layout
from gateway.sandbox.processes import configuration
from tests.cli.conftest import Command
from tests.web.logs import logged

MAPPING = {
    "fields": {
        "tenancyReference": "ref",
        "tenant.familyName": "surname",
        "startDate": "since",
        "property.addressLine1": "addr",
    },
    "identifiers": {"nino": "ni_no"},
}
TABLE = {"url": "env:NOT_SET_HERE", "table": "tenancy", "key": {"nino": "ni_no"}, "mapping": MAPPING}


@pytest.fixture
def add(threekeys: Command, tmp_path: Path) -> Command:
    configured(tmp_path)
    assert threekeys("migrate")[0] == 0
    assert threekeys("agency", "add", "homes", "--name", "Homes", "--contact", "desk@homes.invalid")[0] == 0
    return threekeys


def configured(folder: Path, **changed: object) -> None:
    set_up(folder, "sql", {**TABLE, **changed})


def set_up(folder: Path, kind: str, settings: Mapping[str, object]) -> None:
    adapters = {"homes": {"kind": kind, "settings": dict(settings)}}
    text = yaml.safe_dump({"baseUrl": "http://127.0.0.1:8400", "adapters": adapters})
    (folder / "threekeys.yaml").write_text(text)


def dataset(*more: str, scheme: str = "nino") -> tuple[str, ...]:
    about = ("--record-type", "housing-tenancy/v1", "--adapter", "homes", "--title", "Tenancies")
    return ("dataset", "add", "homes/tenancy/v1", *about, "--identifier", scheme, *more)


def test_what_the_adapter_can_serve_is_registered_and_what_it_leaves_out_is_told(add: Command) -> None:
    status, out, _ = add(*dataset("--confirm", "familyName"))
    assert status == 0
    registered, left_out = out.splitlines()
    assert registered == "registered the dataset homes/tenancy/v1"
    assert "its adapter gives no bedrooms, endDate, kind" in left_out
    assert "tenant.nino" in left_out
    assert "tenancyReference" not in left_out


def test_an_identifier_by_which_the_adapter_finds_nobody_is_refused(add: Command) -> None:
    assert add.told(*dataset(scheme="nhs-number")) == (
        "threekeys: the adapter homes: its settings find nobody by nhs-number (they take: nino)"
    )


def test_a_record_that_does_not_say_whose_it_is_is_refused(add: Command, tmp_path: Path) -> None:
    configured(tmp_path, mapping={**MAPPING, "identifiers": {}})
    assert "name it under `identifiers` of the mapping" in add.told(*dataset())


def test_a_field_that_the_record_type_has_not_is_refused_with_the_nearest(add: Command, tmp_path: Path) -> None:
    wrong = (
        "startdate", "tenant.surname", "tenant.familyname", "tennant.familyName", "dateOfBirth", "status.code",
        "colour", "tennant.surname",
    )  # fmt: skip
    configured(tmp_path, mapping={**MAPPING, "fields": dict.fromkeys(wrong, "since")})
    said = add.told(*dataset())
    for path, instead in (
        ("startdate", "did you mean startDate?"),
        ("tenant.surname", "tenant has dateOfBirth, familyName, givenNames, nino"),
        ("tenant.familyname", "did you mean tenant.familyName?"),
        ("tennant.familyName", "did you mean tenant.familyName?"),
        ("dateOfBirth", "did you mean tenant.dateOfBirth?"),
        ("status.code", "status has nothing below it"),
        ("colour", "there are bedrooms, endDate, kind, landlord, property, rentBalance, startDate, status, ten"),
        ("tennant.surname", "did you mean tenant?"),
    ):
        assert f"it gives {path}, a field that housing-tenancy/v1 has not; {instead}" in said


def test_a_constant_that_the_record_type_does_not_allow_is_refused_with_those_that_it_allows(
    add: Command, tmp_path: Path
) -> None:
    status = {"from": "st", "as": ["trim", "code"], "codes": {1: "current", 2: "let"}, "otherwise": None}
    fields = {
        **MAPPING["fields"],
        "status": status,
        "kind": {"constant": "castle"},
        "bedrooms": {"constant": 2},
        "weeklyRent": {"constant": {"amount": "12", "currency": "GBP"}},
    }
    configured(tmp_path, mapping={**MAPPING, "fields": fields})
    said = add.told(*dataset())
    assert 'it gives "let" as status, which housing-tenancy/v1 does not allow: input should be ' in said
    assert 'it gives "castle" as kind, which housing-tenancy/v1 does not allow: input should be ' in said
    for allowed in ("'current'", "'ended'"):
        assert allowed in said
    assert "as bedrooms" not in said
    assert "null" not in said
    fine = {**fields, "status": {**status, "codes": {1: "current"}}, "kind": "kind"}
    del fine["weeklyRent"]
    fine |= {"weeklyRent.amount": "rent", "weeklyRent.currency": {"constant": "GBP"}}
    configured(tmp_path, mapping={**MAPPING, "fields": fine})
    assert add(*dataset())[0] == 0


def test_a_confirmation_that_the_adapter_does_not_give_is_refused(add: Command) -> None:
    assert "it gives no tenant.dateOfBirth, by which dateOfBirth would be confirmed" in add.told(
        *dataset("--confirm", "dateOfBirth")
    )


def table(folder: Path, monkeypatch: pytest.MonkeyPatch, ddl: str) -> None:
    """A source with this one table, where the settings look for it."""
    with closing(sqlite3.connect(folder / "homes.db")) as source:
        source.execute(ddl)
    monkeypatch.setenv("NOT_SET_HERE", f"sqlite:///{folder / 'homes.db'}")


def test_a_source_that_is_there_is_not_spoken_of(
    add: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table(tmp_path, monkeypatch, "CREATE TABLE tenancy (ref, surname, since, addr, ni_no)")
    status, out, err = add(*dataset())
    assert (status, out.splitlines()[0], err) == (0, "registered the dataset homes/tenancy/v1", "")


def test_a_dataset_over_a_source_that_is_not_there_is_registered_with_a_warning(
    add: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = {"path": str(tmp_path / "gone.csv"), "key": TABLE["key"], "mapping": MAPPING}
    service = {"baseUrl": "http://127.0.0.1:9", "request": {"json": {"id": "{nino}"}}, "mapping": MAPPING}
    number = 0

    def warned() -> str:
        nonlocal number
        number += 1
        name = f"homes/tenancy-{number}/v1"
        status, out, err = add(*[name if word == "homes/tenancy/v1" else word for word in dataset()])
        assert (status, out.splitlines()[0]) == (0, f"registered the dataset {name}")
        [line] = err.splitlines()
        assert "s3cret" not in line
        before, _, said = line.partition(" the source of the adapter homes ")
        assert before == "threekeys: warning:"
        return said

    assert warned() == "was not asked: the environment variable NOT_SET_HERE is not set"
    table(tmp_path, monkeypatch, "CREATE TABLE tenancies (ref)")
    assert warned() == "does not answer as it should: the database refused the query: no such table: tenancy"
    monkeypatch.setenv("NOT_SET_HERE", "postgresql://u:s3cret@127.0.0.1:9/x")
    assert warned() == "does not answer as it should: the database cannot be reached"
    set_up(tmp_path, "csv", file)
    assert "gone.csv is not there (yet)" in warned()
    set_up(tmp_path, "rest", service)
    assert "127.0.0.1" in warned()


def test_what_is_odd_about_a_source_is_told_once(add: Command, tmp_path: Path) -> None:
    file = tmp_path / "homes.csv"
    file.write_text("ref,surname,since,addr,ni_no\n1,Sandbox-A,2020-01-01,1 Row,ZZ123456A\n2,Sandbox-B,2020-01-01\n")
    Path(f"{file}.done").touch()
    set_up(tmp_path, "csv", {"path": str(file), "key": TABLE["key"], "mapping": MAPPING})
    with logged() as log:
        status, _, err = add(*dataset())
    said = "1 of 2 rows cannot be read whole, on line 3; line 3: the row has 3 cells, and there are 5 columns"
    assert (status, log.text) == (0, "")
    assert err == f"threekeys: warning: the source of the adapter homes answers, but: {said}\n"


def test_what_is_said_of_a_dataset_is_changed_and_what_is_not_given_stays(add: Command) -> None:
    assert add(*dataset("--contact", "desk@homes.invalid"))[0] == 0
    before = shown(add)
    update = ("dataset", "update", "homes/tenancy/v1")
    assert add(*update, "--title", "Lettings", "--freshness", "nightly") == (
        0,
        "changed the dataset homes/tenancy/v1\n",
        "",
    )
    assert shown(add) == before | {"title": "Lettings", "freshness": "nightly"}
    assert add(*update, "--contact", "new@homes.invalid", "--description", "Who lets what.")[0] == 0
    after = {"contact": "new@homes.invalid", "description": "Who lets what."}
    assert shown(add) == before | {"title": "Lettings", "freshness": "nightly"} | after
    assert "give what is to change: --title" in add.told(*update)
    assert "the title is 1 to 500" in add.told(*update, "--title", " ")
    assert "there is no dataset homes/gone/v1" in add.told("dataset", "update", "homes/gone/v1", "--title", "x")


def test_identifiers_are_changed_to_what_the_adapter_can_serve_only(add: Command, tmp_path: Path) -> None:
    both = {"nino": "ni_no", "nhs-number": "nhs"}
    configured(tmp_path, key=both, mapping={**MAPPING, "identifiers": both})
    assert add(*dataset())[0] == 0
    update = ("dataset", "update", "homes/tenancy/v1", "--identifier")
    assert add(*update, "nhs-number", "--identifier", "nino")[0] == 0
    assert shown(add)["identifiers"] == ["nhs-number", "nino"]
    configured(tmp_path)
    assert "its settings find nobody by nhs-number (they take: nino)" in add.told(*update, "nhs-number")
    assert "identifiers are one or more of" in add.told(*update, "shoe-size")
    assert "there is no dataset homes/gone/v1" in add.told(
        "dataset", "update", "homes/gone/v1", "--identifier", "nino"
    )
    (tmp_path / "threekeys.yaml").write_text("baseUrl: http://127.0.0.1:8400\n")
    assert "the configuration names no adapter 'homes'" in add.told(*update, "nino")
    assert shown(add)["identifiers"] == ["nhs-number", "nino"]


def shown(command: Command) -> dict[str, object]:
    found: dict[str, object] = json.loads(command("dataset", "show", "homes/tenancy/v1", "--json")[1])
    return found


def test_settings_that_cannot_be_used_are_told_before_anything_is_registered(add: Command, tmp_path: Path) -> None:
    configured(tmp_path, key={})
    assert "adapters.homes: the settings of a sql adapter" in add.told(*dataset())
    configured(tmp_path)
    assert add(*dataset())[0] == 0


def test_every_dataset_of_the_sandbox_is_one_that_its_adapter_serves(tmp_path: Path) -> None:
    settings = json.loads(json.dumps(configuration(Layout(tmp_path, 8400), "sqlite:///x.db")))
    for one in world.DATASETS:
        source = settings["adapters"][one.adapter]
        offer = offer_of(source["kind"], source["settings"])
        assert offer is not None
        assert mismatches(offer, one.record_type, one.identifiers, one.confirm) == [], one.id
        for deal in world.DEALS:
            if deal.dataset == one.id:
                given = {path for path in deal.fields for had in offer.fields if (had + ".").startswith(path + ".")}
                given |= {path for path in deal.fields for had in offer.fields if path.startswith(had + ".")}
                assert set(deal.fields) == given
