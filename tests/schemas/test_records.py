"""Record types: nothing is required, everything is checked, and a projection keeps the permitted fields only."""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.policy import covered
from schemas.records import (
    Projection,
    RecordInvalid,
    RecordModel,
    UnknownFields,
    UnknownRecordType,
    field_paths,
    json_schema,
    project,
    projection,
    record_model,
    record_types,
)

ALL = sorted(record_types())
LICENCE: Mapping[str, Any] = record_types()["driving-licence/v1"].example


def whole(record_type: str) -> frozenset[str]:
    return frozenset(path for path in field_paths(record_type) if "." not in path)


def paths_in(data: Any, prefix: str = "") -> Iterator[str]:
    """Every path that a piece of data holds, lists transparent."""
    if isinstance(data, list):
        for item in data:
            yield from paths_in(item, prefix)
    elif isinstance(data, dict):
        for name, value in data.items():
            yield f"{prefix}{name}"
            yield from paths_in(value, f"{prefix}{name}.")


@pytest.mark.parametrize("record_type", ALL)
def test_each_record_type_says_what_it_is_and_its_example_is_one(record_type: str) -> None:
    model = record_types()[record_type]
    assert model.record_type == record_type
    assert model.title
    assert model.description
    assert Projection(record_type, whole(record_type)).apply(model.example) == model.example
    assert set(paths_in(model.example)) <= field_paths(record_type)


@pytest.mark.parametrize("record_type", ALL)
def test_no_field_is_required_and_null_is_told_from_absent(record_type: str) -> None:
    keep = Projection(record_type, whole(record_type))
    assert keep.apply({}) == {}
    nothing = dict.fromkeys(whole(record_type))
    assert keep.apply(nothing) == nothing


@pytest.mark.parametrize("record_type", ALL)
def test_json_schema_requires_nothing_and_refuses_the_unknown(record_type: str) -> None:
    schema = json_schema(record_type)
    assert (schema["title"], schema["examples"]) == (
        record_types()[record_type].title,
        [record_types()[record_type].example],
    )
    for part in [schema, *schema.get("$defs", {}).values()]:
        if part.get("type") == "object":
            assert "required" not in part
            assert part["additionalProperties"] is False
            assert all("default" not in field for field in part["properties"].values())


@pytest.mark.parametrize("record_type", ALL)
def test_confirmations_and_identifiers_are_paths_of_the_record(record_type: str) -> None:
    model = record_types()[record_type]
    assert {*model.confirmations.values(), *model.identifier_paths.values()} <= field_paths(record_type)
    assert "dateOfBirth" in model.confirmations


def test_health_data_is_marked() -> None:
    assert record_model("gp-registration/v1").special_category
    assert record_model("benefit-award/v1").special_category
    assert not record_model("council-tax/v1").special_category


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_a_projection_never_holds_a_path_outside_its_fields(data: st.DataObject) -> None:
    record_type = data.draw(st.sampled_from(ALL))
    fields = data.draw(st.frozensets(st.sampled_from(sorted(field_paths(record_type)))))
    record = damaged(data, record_types()[record_type].example)
    kept = Projection(record_type, fields).apply(record)
    above = {field[:end] for field in fields for end, sign in enumerate(field) if sign == "."}
    for path in paths_in(kept):
        assert covered(path, fields) or path in above
    # Nothing permitted is lost either, and the slow way agrees with the fast one.
    assert {path for path in paths_in(record) if covered(path, fields)} <= set(paths_in(kept))
    assert kept == project(record, fields)


def damaged(data: st.DataObject, example: Any) -> Any:
    """The example with some members left out and some made null."""
    if isinstance(example, list):
        return [damaged(data, item) for item in example] * data.draw(st.integers(0, 2))
    if not isinstance(example, Mapping):
        return None if data.draw(st.integers(0, 9)) == 0 else deepcopy(example)
    members: dict[str, Any] = {}
    for name, value in example.items():
        fate = data.draw(st.integers(0, 9))
        if fate == 0:
            members[name] = None
        elif fate > 1:
            members[name] = damaged(data, value)
    return members


def test_lists_are_transparent_and_a_name_selects_its_subtree() -> None:
    kept = projection("driving-licence/v1", frozenset({"categories.code", "holder"})).apply(LICENCE)
    assert kept == {"categories": [{"code": "B"}, {"code": "A2"}], "holder": LICENCE["holder"]}


def test_a_name_wins_over_a_part_of_it() -> None:
    kept = projection("driving-licence/v1", frozenset({"holder", "holder.dateOfBirth"})).apply(LICENCE)
    assert kept == {"holder": LICENCE["holder"]}


def test_without_fields_nothing_is_kept() -> None:
    assert projection("driving-licence/v1", frozenset()).apply(LICENCE) == {}


def test_mapping_and_json_text_are_held_to_one_rule() -> None:
    keep = projection("driving-licence/v1", whole("driving-licence/v1"))
    assert keep.apply(json.dumps(LICENCE).encode()) == keep.apply(LICENCE) == LICENCE


def test_the_answer_is_ready_for_json_and_in_canonical_form() -> None:
    keep = projection("driving-licence/v1", frozenset({"address", "holder", "validUntil"}))
    kept = keep.apply(
        {
            "validUntil": "2031-03-31",
            "holder": {"nino": "zz 12 34 56 a", "dateOfBirth": "1950"},
            "address": {"postcode": "zz12ab", "uprn": "00999900000104"},
        }
    )
    assert json.loads(json.dumps(kept)) == {
        "validUntil": "2031-03-31",
        "holder": {"nino": "ZZ123456A", "dateOfBirth": "1950"},
        "address": {"postcode": "ZZ1 2AB", "uprn": "999900000104"},
    }


WRONG: list[tuple[Any, str]] = [
    ({"validUntil": "1704067200"}, "/validUntil"),
    ({"validUntil": 1704067200}, "/validUntil"),
    ({"validUntil": "31/03/2031"}, "/validUntil"),
    ({"categories": [{"code": "B"}, {"code": 7}]}, "/categories/1/code"),
    ({"categories": {"code": "B"}}, "/categories"),
    ({"endorsements": [{"points": "3"}]}, "/endorsements/0/points"),
    ({"endorsements": [{"points": True}]}, "/endorsements/0/points"),
    ({"endorsements": [{"points": 99}]}, "/endorsements/0/points"),
    ({"holder": {"dateOfBirth": "1980-02-30"}}, "/holder/dateOfBirth"),
    ({"holder": {"nino": "DD999999A"}}, "/holder/nino"),
    ({"status": "Marked-Person"}, "/status"),
    ({"address": {"postcode": "MARKED"}}, "/address/postcode"),
    ({"licenceNumber": b"SANDB804010A99AA"}, "/licenceNumber"),
    ({"Marked-Person": 1}, ""),
    ({"holder": {"Marked-Person": 1}}, "/holder"),
    ([], ""),
    (b"[]", ""),
    (b"{", ""),
    (b'{"kind":"full","kind":"full"}', ""),
    (b'{"endorsements":[{"points":NaN}]}', ""),
    (b"\xff", ""),
]


@pytest.mark.parametrize(("data", "pointer"), WRONG)
def test_a_wrong_record_is_refused_with_pointers_and_without_values(data: Any, pointer: str) -> None:
    # Even where the odd part would have been cut away: only `kind` is permitted here.
    with pytest.raises(RecordInvalid) as caught:
        projection("driving-licence/v1", frozenset({"kind"})).apply(data)
    assert [item["pointer"] for item in caught.value.errors] == [pointer]
    told = f"{caught.value} {caught.value.errors}"
    for value in ("1704067200", "31/03/2031", "1980-02-30", "DD999999A", "Marked", "MARKED", "SANDB"):
        assert value not in told
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(
    ("record_type", "data", "detail"),
    [
        ("gp-registration/v1", {"practice": {"code": "MARKED!"}}, "the record type asks for: ^[A-Z"),
        ("driving-licence/v1", {"status": "MARKED"}, "that the record type lists: 'valid', "),
        ("gp-registration/v1", {"practice": {"name": "MARKED" * 100}}, "longer than 200 characters"),
        ("council-tax/v1", {"annualCharge": "MARKED"}, "a mapping makes it with `as: money`"),
        ("gp-registration/v1", {"practice": "MARKED"}, "an object is expected"),
    ],
    ids=["pattern", "list", "length", "money", "object"],
)
def test_a_wrong_record_is_told_by_what_its_record_type_asks_for(
    record_type: str, data: dict[str, Any], detail: str
) -> None:
    with pytest.raises(RecordInvalid) as caught:
        projection(record_type, frozenset()).apply(data)
    [error] = caught.value.errors
    assert detail in error["detail"]
    assert "MARKED" not in error["detail"]


def test_unknown_types_and_fields_are_named() -> None:
    with pytest.raises(UnknownRecordType, match="driving-licence/v1"):
        projection("driving-licence/v2", frozenset())
    with pytest.raises(UnknownFields, match=r"driving-licence/v1 has no field holder\.shoeSize"):
        projection("driving-licence/v1", frozenset({"kind", "holder.shoeSize"}))
    with pytest.raises(UnknownFields):
        projection("driving-licence/v1", frozenset({"categories.*"}))


def test_projections_are_cached_within_bounds() -> None:
    fields = frozenset({"kind"})
    assert projection("driving-licence/v1", fields) is projection("driving-licence/v1", frozenset(["kind"]))
    assert projection.cache_info().maxsize is not None


def test_a_model_projects_as_its_json_does() -> None:
    model: RecordModel = record_model("driving-licence/v1").model_validate(LICENCE)
    fields = ["validUntil", "categories.validUntil", "address.postcode"]
    assert project(model, fields) == project(LICENCE, fields)
    assert project(model, fields)["categories"][1] == {"validUntil": None}
