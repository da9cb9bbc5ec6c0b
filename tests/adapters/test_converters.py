"""Converters: three agencies' shapes of a value come out as one, and what does not convert never tells its value."""

import datetime
import string
from contextlib import suppress
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.converters import CONVERTERS, Options, Unconvertible, converter, plain, scheme_converter
from adapters.dates import DateFormat

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
LONDON = datetime.timezone(datetime.timedelta(hours=1))


def convert(name: str, value: Any, **options: Any) -> Any:
    return converter([name], Options(**options))(value)


@pytest.mark.parametrize(
    ("name", "options", "value", "expected"),
    [
        ("text", {}, 12, "12"),
        ("trim", {}, "  a b ", "a b"),
        ("upper", {}, " ab ", "AB"),
        ("lower", {}, "AB", "ab"),
        ("integer", {}, "0012", 12),
        ("integer", {}, 12.0, 12),
        ("integer", {}, " -3 ", -3),
        ("boolean", {}, "Y", True),
        ("boolean", {}, "no", False),
        ("boolean", {}, 1, True),
        ("boolean", {}, False, False),
        ("boolean", {"true_when": ["X"]}, "", False),
        ("boolean", {"true_when": ["X"]}, "x", True),
        ("boolean", {"false_when": ["0"]}, "7", True),
        ("code", {"codes": {"1": "valid"}}, 1, "valid"),
        ("code", {"codes": {"1": "valid"}}, " 1 ", "valid"),
        ("code", {"codes": {"1": "valid"}, "otherwise": None}, "9", None),
        ("date", {}, datetime.date(1980, 4, 1), "1980-04-01"),
        ("date", {}, "1980-04-01", "1980-04-01"),
        ("date", {"format": "dd/mm/yyyy"}, "01/04/1980", "1980-04-01"),
        ("date", {"format": "dd/mm/yyyy"}, " 1/4/1980 ", "1980-04-01"),
        ("date", {"format": "yyyymmdd"}, 19800401, "1980-04-01"),
        ("date", {"format": "dd-mmm-yyyy"}, "01-APR-1980", "1980-04-01"),
        ("date", {"format": "dd mmm yyyy"}, "1 Apr 1980", "1980-04-01"),
        ("date", {}, datetime.datetime(1980, 3, 31, 23, 0, tzinfo=datetime.UTC), "1980-03-31"),
        (
            "date",
            {"zone": "Europe/London"},
            datetime.datetime(1980, 3, 31, 23, 0, tzinfo=datetime.UTC),
            "1980-04-01",
        ),
        ("date", {}, "2024-01-08T00:00:00Z", "2024-01-08"),
        ("date", {}, " 2024-01-08 00:00:00.1234567 ", "2024-01-08"),
        ("date", {"zone": "Europe/London"}, "2024-07-08T23:00:00Z", "2024-07-09"),
        ("date", {"zone": "Europe/London"}, "2024-07-08T23:00:00", "2024-07-08"),
        ("date", {}, "2024-01-08T00:30+01:00", "2024-01-07"),
        ("partial-date", {}, "1980-04-01T00:00:00Z", "1980-04-01"),
        ("partial-date", {"zone": "Europe/London"}, "1980-04-01T23:00:00Z", "1980-04-02"),
        ("partial-date", {}, datetime.datetime(1980, 4, 1, 12, 0), "1980-04-01"),  # noqa: DTZ001  # as drivers give it
        ("partial-date", {"format": "yyyymmdd"}, "1980", "1980"),
        ("partial-date", {"format": "yyyymmdd"}, "198004", "1980-04"),
        ("partial-date", {"format": "yyyymmdd"}, "19800401", "1980-04-01"),
        ("partial-date", {"format": "yyyymmdd"}, "19800000", "1980"),
        ("partial-date", {"format": "yyyymmdd"}, "19800400", "1980-04"),
        ("partial-date", {"format": "dd/mm/yyyy"}, "04/1980", "1980-04"),
        ("partial-date", {"format": "dd/mm/yyyy"}, "00/00/1980", "1980"),
        ("partial-date", {"format": "dd-mmm-yyyy"}, "APR-1980", "1980-04"),
        ("partial-date", {"format": "dd-mmm-yyyy"}, "1980", "1980"),
        ("partial-date", {}, datetime.date(1980, 4, 1), "1980-04-01"),
        ("datetime", {}, "2026-07-01T12:00:00+01:00", "2026-07-01T11:00:00Z"),
        ("datetime", {}, "2026-07-01T12:00:00", "2026-07-01T12:00:00Z"),
        ("datetime", {"zone": "Europe/London"}, "2026-07-01 12:00:00", "2026-07-01T11:00:00Z"),
        ("datetime", {"format": "dd/mm/yyyy HH:MM"}, "01/07/2026 12:30", "2026-07-01T12:30:00Z"),
        ("datetime", {}, datetime.datetime(2026, 7, 1, 12, tzinfo=LONDON), "2026-07-01T11:00:00Z"),
        ("money", {"unit": "pence"}, 1234, {"amount": "12.34", "currency": "GBP"}),
        ("money", {"unit": "pence"}, "5", {"amount": "0.05", "currency": "GBP"}),
        ("money", {"unit": "pounds"}, "1,234.5", {"amount": "1234.50", "currency": "GBP"}),
        ("money", {"unit": "pounds"}, "£-1,234,567", {"amount": "-1234567.00", "currency": "GBP"}),
        ("money", {"unit": "pounds"}, "£12", {"amount": "12.00", "currency": "GBP"}),
        ("money", {"unit": "pounds", "currency": "EUR"}, 12.34, {"amount": "12.34", "currency": "EUR"}),
        ("money", {"unit": "pounds"}, Decimal("-0.01"), {"amount": "-0.01", "currency": "GBP"}),
        ("money", {"unit": "pounds"}, "-0.00", {"amount": "0.00", "currency": "GBP"}),
        ("nino", {}, "zz 12 34 56 a", "ZZ123456A"),
        ("nhs-number", {}, "999 000 0018", "9990000018"),
        ("uprn", {}, 999900000001, "999900000001"),
        ("uprn", {}, "000999900001", "999900001"),
        ("postcode", {}, "zz12ab", "ZZ1 2AB"),
    ],
)
def test_a_value_comes_out_in_the_shared_shape(name: str, options: Any, value: Any, expected: Any) -> None:
    assert convert(name, value, **options) == expected


@pytest.mark.parametrize(
    ("name", "options", "value"),
    [
        ("text", {}, ["secret"]),
        ("integer", {}, "secret"),
        ("integer", {}, "1.5"),
        ("integer", {}, "NaN"),
        ("integer", {}, "1e999999999"),
        ("money", {"unit": "pounds"}, "1e999999999"),
        ("boolean", {}, "secret"),
        ("boolean", {"true_when": ["X"], "false_when": ["O"]}, "secret"),
        ("code", {"codes": {"1": "valid"}}, "secret"),
        ("date", {"format": "dd/mm/yyyy"}, "31/02/1980"),
        ("date", {"format": "dd/mm/yyyy"}, "1980-04-01"),
        ("date", {"format": "dd/mm/yyyy"}, "00/04/1980"),
        ("date", {"format": "dd/mm/yyyy"}, "1980"),
        ("date", {"format": "yyyymmdd"}, "1980041"),
        ("date", {"format": "dd-mmm-yyyy"}, "01-XXX-1980"),
        ("date", {}, "١٩٨٠-٠٤-٠١"),
        ("date", {}, "2024-01-08T25:00:00Z"),
        ("date", {}, "2024-02-30T00:00:00Z"),
        ("date", {}, "2024-01-08T00:00:00 secret"),
        ("date", {}, "0001-01-01T00:00:00+14:00"),
        ("date", {"format": "yyyy-mm-dd"}, "2024-01-08T00:00:00Z"),
        ("partial-date", {"format": "yyyymmdd"}, "19801340"),
        ("partial-date", {"format": "yyyymmdd"}, "19800031"),
        ("partial-date", {}, "0000"),
        ("datetime", {}, "secret"),
        ("datetime", {"format": "dd/mm/yyyy HH:MM"}, "01/07/2026 25:30"),
        ("money", {"unit": "pounds"}, "secret"),
        ("money", {"unit": "pounds"}, "Infinity"),
        ("money", {"unit": "pounds"}, "1.005"),
        ("money", {"unit": "pounds"}, "112,50"),
        ("money", {"unit": "pounds"}, "12,5"),
        ("money", {"unit": "pounds"}, "1,2,3"),
        ("money", {"unit": "pounds"}, "1.234,50"),
        ("money", {"unit": "pence"}, "1.5"),
        ("nino", {}, "SECRET"),
        ("nhs-number", {}, "9990000019"),
        ("postcode", {}, "SECRET"),
    ],
)
def test_a_value_that_does_not_convert_is_refused_without_telling_it(name: str, options: Any, value: Any) -> None:
    with pytest.raises(Unconvertible) as raised:
        convert(name, value, **options)
    assert "secret" not in str(raised.value).lower()
    assert str(value) not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("dates", {}),
        ("code", {}),
        ("date", {"format": "dd/mm"}),
        ("date", {"format": "dd/yyyy"}),
        ("date", {"format": "mm/yyyy"}),
        ("date", {"format": "yyyy-mm-ddTHH:MM:SSZ"}),
        ("date", {"format": "dd/mm/yyyy yyyy"}),
        ("date", {"format": "jj/mm/yyyy"}),
        ("date", {"format": "mm mmm yyyy"}),
        ("date", {"zone": "Europe/Atlantis"}),
        ("money", {}),
        ("money", {"unit": "pounds", "currency": "pounds"}),
    ],
)
def test_a_converter_that_cannot_work_is_an_error_at_the_start(name: str, options: Any) -> None:
    with pytest.raises(ValueError, match=r"\w") as raised:
        converter([name], Options(**options))
    assert not isinstance(raised.value, Unconvertible)


def test_converters_follow_one_another_from_left_to_right() -> None:
    chain = converter(["upper", "code"], Options(codes={"A": "x"}))
    assert chain(" a ") == "x"


def test_every_converter_named_in_the_docstring_exists_and_the_other_way_round() -> None:
    import adapters.converters

    table = (adapters.converters.__doc__ or "").partition("name ")[2]
    for name in CONVERTERS:
        assert name in table, f"{name} is in no line of the docstring"


def test_without_a_converter_json_passes_and_the_rest_is_written_as_text_or_refused() -> None:
    for value in (None, True, 3, 1.5, "é", [1], {"a": 1}):
        assert plain(value) is value
    assert plain(datetime.date(1980, 4, 1)) == "1980-04-01"
    assert plain(Decimal("1.10")) == "1.10"
    assert plain(UUID(int=1)) == str(UUID(int=1))
    with pytest.raises(Unconvertible):
        plain(b"bytes")


def test_an_unknown_scheme_is_trimmed() -> None:
    assert scheme_converter("library-card")(" 7 ") == "7"


@pytest.mark.parametrize(
    "wrong", ["2020-W01-1", "2026-02-30", "0000-01-01", "２０２６-01-01", "2026-1-01x", "20260-1-1", "-026-01-01"]
)
def test_what_looks_like_a_date_of_the_shared_form_and_is_none_is_refused(wrong: str) -> None:
    with pytest.raises(Unconvertible):
        converter(("date",), Options())(wrong)
    assert converter(("date",), Options())(" 2026-2-3 ") == "2026-02-03"


@pytest.mark.parametrize("form", ["dd/mm/yyyy", "yyyymmdd", "yyyy-mm-dd", "dd.mm.yyyy", "dd-mmm-yyyy", "mm/dd/yyyy"])
@given(day=st.dates(min_value=datetime.date(1, 1, 1)))
def test_every_date_written_in_a_format_is_read_back(form: str, day: datetime.date) -> None:
    written = (
        form.replace("yyyy", f"{day.year:04d}")
        .replace("mmm", MONTHS[day.month - 1])
        .replace("mm", f"{day.month:02d}")
        .replace("dd", f"{day.day:02d}")
    )
    assert DateFormat(form).full(written) == day.isoformat()
    assert DateFormat(form).partial(written) == day.isoformat()


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: datetime.timezone(datetime.timedelta(minutes=minutes)))


@pytest.mark.parametrize("name", ["date", "partial-date"])
@given(
    local=st.datetimes(datetime.datetime(2, 1, 1), datetime.datetime(9998, 1, 1)),  # noqa: DTZ001  # or it has none
    offset=st.none() | OFFSETS,
    zone=st.sampled_from(["UTC", "Europe/London", "Pacific/Auckland"]),
    between=st.sampled_from(["T", " "]),
)
def test_a_date_of_a_moment_is_its_day_in_the_zone(
    name: str, local: datetime.datetime, offset: datetime.timezone | None, zone: str, between: str
) -> None:
    moment = local.replace(tzinfo=offset)
    day = (moment.astimezone(ZoneInfo(zone)) if moment.tzinfo else moment).date().isoformat()
    written = moment.isoformat(between)
    assert convert(name, written, zone=zone) == day
    assert convert(name, moment, zone=zone) == day
    if moment.utcoffset() == datetime.timedelta(0):
        assert convert(name, written.replace("+00:00", "Z"), zone=zone) == day
    assert converter(["datetime", name], Options(zone=zone))(written) == day


def test_the_format_of_a_moment_is_none_of_its_date() -> None:
    of_a_moment = converter(["datetime", "date"], Options(format="dd/mm/yyyy HH:MM", zone="Europe/London"))
    assert of_a_moment("09/07/2024 00:30") == "2024-07-09"
    with pytest.raises(Unconvertible):
        of_a_moment("2024-07-09T00:30:00Z")


@given(text=st.text(alphabet=string.printable, max_size=12), name=st.sampled_from(["date", "partial-date", "money"]))
def test_no_text_makes_a_converter_fail_in_any_other_way(text: str, name: str) -> None:
    with suppress(Unconvertible):
        convert(name, text, format="dd/mm/yyyy", unit="pounds")
