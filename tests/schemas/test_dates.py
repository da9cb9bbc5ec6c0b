"""Dates: full days are nothing but days, partial dates say no more than is known."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from schemas.dates import Day, InvalidDate, PartialDate

DAY: TypeAdapter[date] = TypeAdapter(Day)


class Thing(BaseModel):
    """Something with both kinds of date."""

    day: Day | None = None
    partial: PartialDate | None = None


def test_an_iso_date_is_read_from_python_data_and_from_json_alike() -> None:
    expected = date(2024, 2, 29)
    assert DAY.validate_python("2024-02-29") == expected
    assert DAY.validate_json('"2024-02-29"') == expected
    assert DAY.validate_python(expected) == expected
    assert Thing(day=expected).model_dump(mode="json") == {"day": "2024-02-29", "partial": None}


@pytest.mark.parametrize(
    "value",
    [
        "2023-02-29",
        "2024-2-9",
        "1704067200",
        1_704_067_200,
        "2024-02-29T00:00:00Z",
        " 2024-02-29",
        "٢٠٢٤-٠٢-٢٩",
        b"2024-02-29",
        True,
    ],
)
def test_what_is_not_a_full_day_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError):
        DAY.validate_python(value)
    if not isinstance(value, bytes):
        with pytest.raises(ValidationError):
            DAY.validate_json(TypeAdapter(Any).dump_json(value))


def test_a_datetime_is_not_a_day() -> None:
    with pytest.raises(ValidationError):
        DAY.validate_python(datetime(2024, 2, 29, 12, tzinfo=UTC))


@pytest.mark.parametrize("value", ["1980", "1980-04", "1980-04-01", "2024-02-29"])
def test_a_partial_date_keeps_its_form(value: str) -> None:
    thing = Thing(partial=PartialDate(value))
    assert thing.model_dump(mode="json")["partial"] == value
    assert type(thing.model_dump(mode="json")["partial"]) is str


@pytest.mark.parametrize("value", ["80", "1980-13", "1980-00", "1981-02-29", "1980-4-1", "0000", "1980-04-01T", ""])
def test_a_date_that_is_none_is_refused_and_not_repeated(value: str) -> None:
    with pytest.raises(InvalidDate) as caught:
        PartialDate(value)
    assert not value or value not in str(caught.value)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1980", "1980-04-01", True),
        ("1980-04", "1980-04-01", True),
        ("1980-04-01", "1980-04-01", True),
        ("1980-05", "1980-04-01", False),
        ("1981", "1980-04-01", False),
        ("1980-04-01", "1980-04-02", False),
    ],
)
def test_partial_dates_match_where_both_know(one: str, other: str, same: bool) -> None:
    assert PartialDate(one).matches(other) is same
    assert PartialDate(other).matches(one) is same


@given(st.dates(min_value=date(1, 1, 1)), st.sampled_from([4, 7, 10]))
def test_a_day_matches_all_that_is_known_of_it(day: date, known: int) -> None:
    partial = PartialDate(day.isoformat()[:known])
    assert partial.matches(day.isoformat())
