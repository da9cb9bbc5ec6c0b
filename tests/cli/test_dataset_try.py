"""A mapping is tried before two agencies have agreed to anything: what came and what is wrong, and no value of it."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.test_dataset_add import TABLE, configured, dataset, set_up

TENANT = {"ref": "T-1", "surname": "Sandbox-Ashworth", "since": "2024-01-08", "addr": "1 Row", "ni_no": "ZZ123456A"}
MAPPING: dict[str, Any] = {
    "fields": {
        "tenancyReference": "ref",
        "tenant.familyName": "surname",
        "startDate": "since",
        "property.addressLine1": "addr",
    },
    "restricted": {"from": "flag", "falseWhen": ["N"]},
    "identifiers": {"nino": "ni_no"},
}
TRY = ("dataset", "try", "homes/tenancy/v1", "--identifier", "nino=zz 12 34 56 a")


@pytest.fixture
def tried(threekeys: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command, with a dataset that is registered over a table of one row."""
    configured(tmp_path, mapping=MAPPING)
    monkeypatch.setenv("NOT_SET_HERE", f"sqlite:///{tmp_path / 'homes.db'}")
    assert threekeys("migrate")[0] == 0
    assert threekeys("agency", "add", "homes", "--name", "Homes", "--contact", "desk@homes.invalid")[0] == 0
    holding(tmp_path)
    assert threekeys(*dataset("--confirm", "familyName"))[0] == 0
    return threekeys


def holding(folder: Path, **changed: str) -> None:
    row = {**TENANT, "flag": "N", **changed}
    with closing(sqlite3.connect(folder / "homes.db")) as source:
        source.execute("DROP TABLE IF EXISTS tenancy")
        source.execute(f"CREATE TABLE tenancy ({', '.join(row)})")
        source.execute(f"INSERT INTO tenancy VALUES ({', '.join('?' * len(row))})", [*row.values()])
        source.commit()


def no_value(*texts: str) -> None:
    for text in texts:
        for value in (*TENANT.values(), "zz 12 34 56 a"):
            assert value not in text


def test_the_fields_that_came_are_named_with_where_they_come_from_and_no_value_is(tried: Command) -> None:
    status, out, err = tried(*TRY)
    assert status == 0
    fits, head, *rows = out.splitlines()
    assert fits == "the adapter homes gives a record that fits housing-tenancy/v1"
    assert head.split() == ["FIELD", "READ", "FROM"]
    assert [row.split() for row in rows[:4]] == [
        ["property.addressLine1", "addr"],
        ["startDate", "since"],
        ["tenancyReference", "ref"],
        ["tenant.familyName", "surname"],
    ]
    assert rows[4].startswith("it holds no bedrooms, endDate, kind")
    assert len(rows) == 5
    assert "the ledger says so: use a person who does not exist" in err
    no_value(out, err)


def test_it_stands_in_the_ledger_whatever_came_of_it(tried: Command, tmp_path: Path) -> None:
    assert tried(*TRY)[0] == 0
    holding(tmp_path, since="soon")
    assert tried(*TRY)[0] == 1
    with closing(sqlite3.connect(tmp_path / "threekeys.db")) as database:
        events = [json.loads(event) for (event,) in database.execute("SELECT event FROM ledger_opening")]
    entered = [event for event in events if event["kind"] == "dataset-tried"]
    assert [(event["dataset"], event["provider"], event["adapter"]) for event in entered] == [
        ("homes/tenancy/v1", "homes", "homes")
    ] * 2
    assert len({event["exchangeId"] for event in entered}) == 2
    no_value(*map(json.dumps, entered))


def test_the_record_is_shown_where_it_is_asked_for_and_on_standard_output_alone(tried: Command) -> None:
    status, out, err = tried(*TRY, "--show")
    assert status == 0
    shown = json.loads(out[out.index("{") :])
    assert shown["tenant"] == {"familyName": "Sandbox-Ashworth"}
    assert shown["startDate"] == "2024-01-08"
    no_value(err)


def test_nothing_of_the_record_is_kept(tried: Command, tmp_path: Path) -> None:
    def kept() -> list[str]:
        [own] = [file for file in tmp_path.rglob("*.db") if file.name != "homes.db"]
        with closing(sqlite3.connect(own)) as database:
            return [*database.iterdump()]

    before = set(kept())
    assert tried(*TRY)[0] == 0
    more = [line for line in kept() if line not in before]
    assert sorted(line.split()[2] for line in more) == ['"ledger_entry"', '"ledger_opening"']
    no_value(*more)


def test_a_value_that_does_not_fit_is_told_by_its_field_its_column_and_the_form(
    tried: Command, tmp_path: Path
) -> None:
    holding(tmp_path, since="8.1.2024")
    status, out, err = tried(*TRY)
    assert status == 1
    assert "startDate" in out
    assert "threekeys: source-wrong-schema: The agency's record does not fit its record type" in err
    assert "    /startDate, read from since: a date YYYY-MM-DD is expected" in err
    no_value(out, err)
    assert "8.1.2024" not in out + err


def test_a_value_that_does_not_convert_is_told_by_its_column(tried: Command, tmp_path: Path) -> None:
    wrong = {**MAPPING, "fields": {**MAPPING["fields"], "startDate": {"from": "since", "as": "date"}}}
    configured(tmp_path, mapping=wrong)
    holding(tmp_path, since="8.1.2024")
    assert "    the source field since does not convert: a date in the form yyyy-mm-dd" in tried.told(*TRY)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ni_no": "ZZ999999A"}, "the adapter homes finds nobody by this nino"),
        ({"flag": "Y"}, "the record is marked as restricted: no exchange ever tells of it, and nor does this"),
    ],
    ids=["nobody", "restricted"],
)
def test_a_miss_and_a_restricted_record_are_told_and_never_shown(
    tried: Command, tmp_path: Path, changed: dict[str, str], said: str
) -> None:
    holding(tmp_path, **changed)
    mapping = {**MAPPING, "identifiers": {"nino": {"from": "ni_no"}}}
    configured(tmp_path, mapping=mapping, key={"nino": "ni_no"})
    status, out, err = tried("dataset", "try", "homes/tenancy/v1", "--identifier", "nino=ZZ123456A", "--show")
    assert (status, out) == (0, said + "\n")
    no_value(err)


def test_a_record_of_somebody_else_is_told_and_nothing_of_it_shown(tried: Command, tmp_path: Path) -> None:
    query = "SELECT * FROM tenancy WHERE :nino IS NOT NULL"
    set_up(tmp_path, "sql", {"url": TABLE["url"], "query": query, "mapping": MAPPING})
    holding(tmp_path, ni_no="ZZ999999A")
    status, out, err = tried(*TRY, "--show")
    assert (status, out) == (1, "")
    assert "source-wrong-person" in err
    no_value(err)


def test_without_what_confirms_a_person_it_says_that_every_exchange_is_refused(
    tried: Command, tmp_path: Path
) -> None:
    query = "SELECT * FROM tenancy WHERE ni_no = :nino"
    mapping = {
        **MAPPING,
        "fields": {**MAPPING["fields"], "tenant.familyName": {"from": "surname", "whenEmpty": "omit"}},
    }
    set_up(tmp_path, "sql", {"url": TABLE["url"], "query": query, "mapping": mapping})
    holding(tmp_path, surname="")
    assert "without tenant.familyName nobody can be confirmed by familyName" in tried(*TRY)[1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("nhs-number=9990000018", "--identifier names none by which the dataset is asked; it takes nino=…"),
        ("ZZ123456A", "--identifier names none by which the dataset is asked; it takes nino=…"),
        ("nino=ZZ12", "what --identifier gives is no nino: "),
    ],
)
def test_an_identifier_that_the_dataset_does_not_take_is_told_without_it(
    tried: Command, given: str, said: str
) -> None:
    told = tried.told("dataset", "try", "homes/tenancy/v1", "--identifier", given)
    assert said in told
    assert not any(value in told for value in ("ZZ12", "9990000018"))


def test_a_source_that_is_gone_is_told_as_an_exchange_would_log_it(tried: Command, tmp_path: Path) -> None:
    (tmp_path / "homes.db").unlink()
    assert "source-misconfigured" in tried.told(*TRY)
    assert "there is no dataset homes/gone/v1" in tried.told(
        "dataset", "try", "homes/gone/v1", "--identifier", "nino=ZZ123456A"
    )
