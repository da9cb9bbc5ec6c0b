"""A mapping becomes a function from a source's row to a record."""

import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import adapters.mapping
from adapters.base import Record
from adapters.errors import Permanent
from adapters.mapped import Mapped
from adapters.mapping import RecordMapping
from adapters.registry import faults
from schemas.yaml_text import read_yaml

DOCUMENTED = textwrap.dedent((adapters.mapping.__doc__ or "").split("\n\n")[1])
ROW: dict[str, Any] = {
    "licno": "SANDB804011A99ZZ",
    "sname": " Sandbox-Ashworth ",
    "brth_dt": "198004",
    "st": 1,
    "expiry": "31/12/9999",
    "amt": 1234,
    "entitlements": [{"cat": "B", "dt": "2020-01-02"}, {"cat": "C", "dt": None}],
    "addr1": "1 Harbour Row",
    "pc": "zz12ab",
    "flag": "N",
    "changed": "2026-01-02T03:04:05+01:00",
    "ni_no": "zz 12 34 56 a",
    "nhs": None,
}


def mapped(fields: dict[str, Any], **more: Any) -> Mapped:
    return Mapped(RecordMapping.model_validate({"fields": fields, **more}))


def said(record: Record) -> str:
    """What is wrong with it."""
    assert isinstance(record.fault, Permanent)
    return str(record.fault)


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("licenceNumber", "licno"),
        ("holder.dateOfBirth", "brth_dt"),
        ("holder", None),
        ("weeklyAmount.amount", "amt"),
        ("issuedIn", None),
        ("categories", "entitlements"),
        ("categories.validFrom", "entitlements[].dt"),
        ("addresses.postcode", "pc"),
        ("bedrooms", None),
        ("", None),
    ],
)
def test_the_origin_of_a_field_is_the_sources_name_of_it(path: str, name: str | None) -> None:
    assert Mapped(RecordMapping.model_validate(read_yaml(DOCUMENTED))).origin_of(path) == name


def test_of_rows_that_are_written_out_each_is_an_origin() -> None:
    rows = [{"name": "first"}, {"name": "second"}, {"name": "first"}]
    assert mapped({"names": {"rows": rows}}).origin_of("names.name") == "first or second"


def test_the_documented_mapping_does_what_it_says() -> None:
    record = Mapped(RecordMapping.model_validate(read_yaml(DOCUMENTED)))(ROW, None)
    assert record.data == {
        "licenceNumber": "SANDB804011A99ZZ",
        "holder": {"familyName": "Sandbox-Ashworth", "dateOfBirth": "1980-04"},
        "status": "valid",
        "validUntil": None,
        "weeklyAmount": {"amount": "12.34", "currency": "GBP"},
        "issuedIn": "GB",
        "categories": [{"code": "B", "validFrom": "2020-01-02"}, {"code": "C", "validFrom": None}],
        "addresses": [{"addressLine1": "1 Harbour Row", "postcode": "ZZ1 2AB"}],
    }
    assert record.restricted is False
    assert record.as_of == datetime(2026, 1, 2, 2, 4, 5, tzinfo=UTC)
    assert record.identifiers == {"nino": "ZZ123456A"}


def test_only_what_is_asked_for_is_read() -> None:
    mapping = Mapped(RecordMapping.model_validate(read_yaml(DOCUMENTED)))
    broken = {**ROW, "brth_dt": "no date at all"}
    assert mapping(broken, frozenset({"categories.code", "issuedIn"})).data == {
        "issuedIn": "GB",
        "categories": [{"code": "B"}, {"code": "C"}],
    }
    holder = mapping(broken, frozenset({"holder"}))
    assert holder.data == {"holder": {"familyName": "Sandbox-Ashworth"}}
    assert "brth_dt" in said(holder)
    assert mapping.sources(frozenset({"holder.familyName", "categories"})) == {
        "sname",
        "entitlements",
        "flag",
        "changed",
        "ni_no",
        "nhs",
    }


def test_absent_stays_absent_and_empty_becomes_null() -> None:
    mapping = mapped({"a": "a", "b.c": "b", "d": "d", "e": {"from": "e", "whenEmpty": "omit"}})
    assert mapping({"b": "", "d": "  ", "e": ""}, None).data == {"b": {"c": None}, "d": None}
    assert mapping({}, None).data == {}


def test_a_written_row_of_which_the_source_says_nothing_is_left_out() -> None:
    rows = [{"kind": {"constant": "home"}, "town": "t1"}, {"kind": {"constant": "post"}, "town": "t2"}]
    mapping = mapped({"addresses": {"rows": rows}})
    assert mapping({"t1": "Sandham", "t2": ""}, None).data == {"addresses": [{"kind": "home", "town": "Sandham"}]}
    assert mapping({"t1": None, "t2": None}, None).data == {"addresses": []}


def test_nested_sources_are_reached_by_dots_and_numbers_and_odd_keys_as_they_stand() -> None:
    mapping = mapped({"a": "names.1.family", "b": "odd.key", "c": "gone.x", "d": "null.x", "e": "names.9.family"})
    source = {"names": [{"family": "A"}, {"family": "B"}], "odd.key": 1, "null": None}
    assert mapping(source, None).data == {"a": "B", "b": 1, "d": None}


def test_lists_within_lists_are_mapped_row_by_row() -> None:
    inner = {"each": "parts", "fields": {"n.o": "n"}, "whenAbsent": "omit"}
    mapping = mapped({"l": {"each": "r.s", "fields": {"parts": inner}}})
    assert mapping({"r": {"s": [{"parts": [{"n": 1}]}, {}]}}, None).data == {"l": [{"parts": [{"n": {"o": 1}}]}, {}]}
    assert mapping({"r": {"s": None}}, None).data == {"l": None}
    assert "r.s is not a list of objects" in said(mapping({"r": {"s": "text"}}, None))
    # A list left out would read as an empty one.
    assert "the source holds no r.s" in said(mapping({"r": {"t": []}}, None))


def test_a_value_that_does_not_convert_names_the_source_field_and_never_the_value() -> None:
    mapping = mapped({"born": {"from": "brth_dt", "as": "date"}})
    record = mapping({"brth_dt": "hunter2"}, None)
    assert "the source field brth_dt does not convert" in said(record)
    assert "hunter2" not in said(record)
    assert record.fault is not None
    assert record.fault.__suppress_context__


def test_a_restricted_record_is_one_before_anything_of_it_is_read() -> None:
    mapping = mapped({"a": {"from": "a", "as": "date"}}, restricted="flag", identifiers={"nino": "n"})
    assert mapping({"a": "no date", "n": "ZZ123456A", "flag": "Y"}, None) == Record(
        {}, restricted=True, identifiers={"nino": "ZZ123456A"}
    )


@pytest.mark.parametrize(("flag", "restricted"), [("Y", True), ("N", False), ("", False), (None, False), (1, True)])
def test_a_restricted_record_is_marked_whatever_is_asked_for(flag: Any, restricted: bool) -> None:
    mapping = mapped({"a": "a"}, restricted="flag")
    assert mapping({"flag": flag}, frozenset()).restricted is restricted


@pytest.mark.parametrize(
    ("words", "flag", "restricted"),
    [
        ({"trueWhen": ["Y"]}, "P", True),  # a mark that nobody told us of
        ({"trueWhen": ["J"]}, "Y", True),
        ({"trueWhen": ["Y", "N"]}, "N", True),
        ({"trueWhen": ["Y"]}, " n ", False),
        ({"trueWhen": ["Y"]}, "No", False),
        ({"trueWhen": ["Y"]}, 0, False),
        ({"trueWhen": ["Y"]}, False, False),
        ({"trueWhen": ["Y"]}, " ", False),
        ({"trueWhen": ["Y"], "as": ["trim", "boolean"]}, "P", True),
        ({"falseWhen": ["A"]}, "a", False),
        ({"falseWhen": ["A"]}, "N", True),
        ({"falseWhen": ["A"]}, None, False),
        ({"emptyWhen": ["-"]}, "-", False),
        ({"as": "code", "codes": {"A": False}, "otherwise": True}, "P", True),
    ],
)
def test_only_a_word_that_is_known_to_mean_no_leaves_a_record_unrestricted(
    words: dict[str, Any], flag: Any, restricted: bool
) -> None:
    mapping = mapped({"a": "a"}, restricted={"from": "flag", **words})
    assert mapping.is_restricted({"flag": flag}) is restricted


def test_a_mark_that_a_table_puts_into_words_restricts_wherever_it_is_looked_for() -> None:
    codes = {"P": "protected", "-": False}
    mapping = mapped({"a": "a"}, restricted={"from": "flag", "as": "code", "codes": codes})
    for flag, restricted in (("P", True), ("-", False), (None, False)):
        assert mapping.is_restricted({"flag": flag}) is restricted
        assert mapping.says_restricted({"flag": flag}) is restricted
    assert mapping.says_restricted({}) is False


@pytest.mark.parametrize("words", [{}, {"trueWhen": ["Y"], "falseWhen": ["N"]}])
def test_a_mark_in_neither_list_is_a_fault(words: dict[str, Any]) -> None:
    mapping = mapped({"a": "a"}, restricted={"from": "flag", **words})
    with pytest.raises(Permanent, match="the source field flag does not convert: it is neither"):
        mapping.is_restricted({"flag": "P"})


def test_a_source_that_does_not_say_whether_it_is_restricted_cannot_be_used() -> None:
    mapping = mapped({"a": "a"}, restricted="flag")
    with pytest.raises(Permanent, match="flag is missing"):
        mapping({"a": 1}, None)
    with pytest.raises(Permanent, match="flag does not convert"):
        mapping({"a": 1, "flag": "?"}, None)


def test_the_sources_own_identifiers_are_normalised_and_odd_ones_refused() -> None:
    mapping = mapped({"a": "a"}, identifiers={"nino": "n", "library-card": {"from": "l", "as": "upper"}})
    assert mapping({"n": "zz123456a", "l": " x7 "}, None).identifiers == {"nino": "ZZ123456A", "library-card": "X7"}
    with pytest.raises(Permanent, match="the source field n does not convert"):
        mapping({"n": "hunter2"}, None)


def test_an_as_of_that_is_no_moment_is_a_fault_of_the_record() -> None:
    mapping = mapped({"a": "a"}, asOf={"from": "d", "as": "text"})
    assert "the source field d gives no moment" in said(mapping({"d": "soon"}, None))


def test_an_as_of_that_is_a_mere_day_begins_with_it() -> None:
    mapping = mapped({"a": "a"}, asOf={"from": "d", "as": "date", "format": "dd/mm/yyyy"})
    assert mapping({"d": "02/01/2026"}, None).as_of == datetime(2026, 1, 2, tzinfo=UTC)
    assert mapping({"d": ""}, None).as_of is None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({}, "fields: Field required"),
        ({"fields": {}}, "fields: "),
        ({"fields": {"a b": "x"}}, "fields: 'a b' is not a dotted field path"),
        ({"fields": {"Aa": "x"}}, "fields: 'Aa' is not a dotted field path"),
        ({"fields": {"a": "x", "a.b": "y"}}, "fields: 'a.b' lies inside 'a', which is mapped too"),
        ({"fields": {"a": ""}}, "fields.a.from: "),
        ({"fields": {"a": 7}}, "fields.a: "),
        (
            {"fields": {"a": {"from": "x", "fromat": "y"}}},
            "fields.a.fromat: there is no such setting; the nearest is f",
        ),
        ({"fields": {"a": {"from": "x", "as": "code"}}}, "fields.a: the converter `code` needs `codes`"),
        (
            {"fields": {"a": {"from": "x", "as": "money"}}},
            "fields.a: the converter `money` needs `unit`, what the source counts in: pence or pounds",
        ),
        ({"fields": {"a": {"from": "x", "as": "money", "unit": "pennies"}}}, "'pence' or 'pounds'"),
        ({"fields": {"a": {"from": "x", "as": "code", "codes": {True: "x"}}}}, "write it in quotes"),
        (
            {"fields": {"a": {"rows": [{"b": {"each": "x", "fields": {"c": {"from": "y", "fmt": "z"}}}}]}}},
            "fields.a.rows.0.b.fields.c.fmt: there is no such setting; the nearest is format; known are: from",
        ),
        ({"fields": {"a": {"rows": []}}}, "fields.a.rows: "),
        ({"fields": {"a": {"rows": "x"}}}, "fields.a.rows: a list is expected, e.g. [a, b]"),
        *(
            ({"fields": {"a": {"from": "x", word: "Y"}}}, f"fields.a.{word}: a list of texts is expected, e.g. [Y]")
            for word in ("trueWhen", "falseWhen", "emptyWhen")
        ),
        ({"fields": {"a": {"each": "x"}}}, "fields.a.fields: Field required"),
        ({"fields": {"a": "x"}, "restricted": {"from": "y", "as": "flag"}}, "restricted: there is no converter"),
        (
            {
                "fields": {"a": "x"},
                "restricted": {"from": "y", "as": "code", "codes": {"Y": True}, "otherwise": None},
            },
            "restricted: `otherwise` would release whoever bears a mark",
        ),
        ({"fields": {"a": "x"}, "identifiers": {"nino": {}}}, "identifiers.nino.from: Field required"),
        (
            {"fields": {"a": {"from": "x", "as": "trim", "format": "dd/mm/yyyy"}}},
            "fields.a: `format` does nothing beside `as: trim`; it is an option of date, partial-date",
        ),
        (
            {"fields": {"a": {"from": "x", "trueWhen": ["J"]}}},
            "fields.a: `trueWhen` does nothing beside no `as`; it is an option of boolean",
        ),
        ({"fields": {"a": {"from": "x", "as": ["trim", "date"], "unit": "pence"}}}, "beside `as: trim, date`"),
        ({"fields": {"a": "x"}, "identifiers": {"nino": {"from": "n", "zone": "UTC"}}}, "identifiers.nino: `zone`"),
        ({"fields": {"a": "x"}, "restricted": {"from": "y", "unit": "pence"}}, "restricted: `unit` does nothing"),
        *(
            (
                {"fields": {"a": "x"}, "restricted": {"from": "y", "as": "code", "codes": {"Y": True, "N": word}}},
                "restricted: in `codes` a word is a yes, whatever it says: for no write false, without quotes",
            )
            for word in ("no", "N", " False ")
        ),
        (
            {"fields": {"a": "x"}, "colour": "red"},
            "colour: there is no such setting; known are: fields, restricted, asOf, id",
        ),
    ],
)
def test_a_wrong_mapping_is_an_error_at_the_start_that_names_its_key(wrong: Any, said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        RecordMapping.model_validate(wrong)
    assert said in faults(raised.value, RecordMapping)


def test_what_an_absent_converter_stands_for_takes_its_options() -> None:
    mapping = mapped(
        {"a": "a"},
        asOf={"from": "d", "format": "dd/mm/yyyy HH:MM", "zone": "Europe/London"},
        restricted={"from": "r", "falseWhen": ["A"]},
    )
    record = mapping({"a": 1, "d": "02/07/2026 10:00", "r": "A"}, None)
    assert record.as_of == datetime(2026, 7, 2, 9, tzinfo=UTC)


def test_a_mapping_comes_from_a_file_where_a_name_is_given(tmp_path: Path) -> None:
    file = tmp_path / "m.yaml"
    file.write_text("fields: {a: x}\n")
    assert RecordMapping.model_validate(str(file)) == RecordMapping.model_validate({"fields": {"a": "x"}})
    file.write_text("fields: {a: x, a: y}\n")
    with pytest.raises(ValidationError, match=r"m\.yaml: line 1 .* 'a' stands here twice"):
        RecordMapping.model_validate(str(file))
    with pytest.raises(ValidationError, match=r"gone\.yaml cannot be read: No such file"):
        RecordMapping.model_validate(str(tmp_path / "gone.yaml"))


def test_yaml_is_read_as_a_person_means_it() -> None:
    read = read_yaml("{a: NO, b: on, c: 12:30, d: 2026-04-01, e: 010, f: true, g: 12, h: 1.5, i: ~, j: '7', k: 1_0}")
    assert read == {
        "a": "NO",
        "b": "on",
        "c": "12:30",
        "d": "2026-04-01",
        "e": "010",
        "f": True,
        "g": 12,
        "h": 1.5,
        "i": None,
        "j": "7",
        "k": "1_0",
    }
    for wrong in ("a: [", "a: 1\na: 2", "a: !!python/object:os.system x", "\tx: 1", "[a]: 1"):
        with pytest.raises(ValueError, match="YAML"):
            read_yaml(wrong)


NAMES = st.sampled_from(["a", "b", "c"])
TREES = st.dictionaries(NAMES, st.dictionaries(NAMES, st.integers(), min_size=1), min_size=1)


@given(tree=TREES, fields=st.frozensets(st.builds(lambda p, q: f"{p}.{q}" if q else p, NAMES, NAMES | st.just(""))))
def test_a_record_never_holds_a_field_that_was_not_asked_for(tree: Any, fields: frozenset[str]) -> None:
    paths = [f"{outer}.{inner}" for outer, row in tree.items() for inner in row]
    mapping = mapped({path: path for path in paths})
    data = mapping(tree, fields).data
    found = {f"{outer}.{inner}" for outer, row in data.items() for inner in row}
    assert found == {path for path in paths if path in fields or path.partition(".")[0] in fields}
