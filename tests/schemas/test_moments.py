"""Moments: aware, of the years 1900 to 2199 in UTC, and in microseconds exact."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.clock import from_datetime, to_iso
from schemas.moments import EARLIEST, LATEST, InvalidMoment, Moment

MOMENT = TypeAdapter(Moment)
FIRST, LAST = EARLIEST.replace(tzinfo=None) + timedelta(days=1), LATEST.replace(tzinfo=None) - timedelta(days=1)
OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@pytest.mark.parametrize(
    "text",
    [
        "1900-01-01T00:00:00Z",
        "1900-01-01T01:00:00+01:00",
        "2026-11-24T12:00:00.123456+00:00",
        "2199-12-31T23:59:59.999999Z",
        "2200-01-01T00:59:59+01:00",
        "2026-11-24t12:00:00.5z",
        "2026-11-24T12:00:00+23:59",
    ],
)
def test_a_moment_within_the_bounds_is_taken_as_it_is(text: str) -> None:
    assert MOMENT.validate_json(f'"{text}"') == MOMENT.validate_python(text) == datetime.fromisoformat(text.upper())


@pytest.mark.parametrize(
    "text",
    [
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "1899-12-31T23:59:59.999999Z",
        "1900-01-01T00:00:00+00:01",
        "2199-12-31T23:59:59-00:01",
        "2200-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
    ],
)
def test_a_moment_outside_the_bounds_is_refused_without_its_value(text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        MOMENT.validate_json(f'"{text}"')
    [error] = refused.value.errors()
    assert isinstance(error["ctx"]["error"], InvalidMoment)
    assert "1900 to 2199" in error["msg"]
    assert text not in error["msg"]


@pytest.mark.parametrize(
    "value",
    [
        "2026-11-24T12:00:00",
        "2026-11-24",
        "yesterday",
        "",
        "2026-11-24 12:00:00Z",
        "2026-11-24T12:00Z",
        "2026-11-24T12:00:60Z",
        "2026-11-24T12:00:00+24:00",
        "2026-11-24T12:00:00+0100",
        "2026-11-24T12:00:00Z\n",
        "1764000000",
        "1764000000000",
        1764000000,
        1764000000000,
        1764000000.5,
        True,
        None,
        ["2026-11-24T12:00:00Z"],
    ],
)
def test_what_is_not_written_as_rfc_3339_says_is_refused_and_told_how_it_is_written(value: object) -> None:
    ways: list[Callable[[], object]] = [
        lambda: MOMENT.validate_json(json.dumps(value)),
        lambda: MOMENT.validate_python(value),
    ]
    for read in ways:
        with pytest.raises(ValidationError) as refused:
            read()
        [error] = refused.value.errors()
        assert isinstance(error["ctx"]["error"], InvalidMoment)
        assert "RFC 3339" in error["msg"]


@pytest.mark.parametrize("text", ["2026-02-30T12:00:00Z", "2026-11-24T24:00:00Z"])
def test_what_is_in_no_calendar_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_json(f'"{text}"')


def test_each_bound_is_an_integer_that_json_carries_exactly() -> None:
    assert max(abs(from_datetime(EARLIEST)), abs(from_datetime(LATEST))) < 2**53


@given(st.datetimes(FIRST, LAST, timezones=OFFSETS))
def test_microseconds_are_exact_there_and_back(moment: datetime) -> None:
    there = from_datetime(moment)
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=there) == moment
    assert to_iso(there) == moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def test_a_microsecond_is_not_lost_to_floating_point() -> None:
    lost = [
        us for us in range(1, 1_000_000, 997)
        if from_datetime(datetime(2026, 11, 24, 12, microsecond=us, tzinfo=UTC)) % 1_000_000 != us
    ]  # fmt: skip
    assert lost == []


@pytest.mark.parametrize("text", ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "2026-11-24T12:00:00"])
def test_what_could_not_be_written_has_no_microseconds(text: str) -> None:
    with pytest.raises(ValueError, match=r"no place here|not in the calendar"):
        from_datetime(datetime.fromisoformat(text))
