"""Dates as sources write them: a format of `dd`, `mm`, `mmm`, `yyyy` (and `HH`, `MM`, `SS`) read into ISO 8601."""

import re
from datetime import UTC, date, datetime, tzinfo
from typing import Final

_TOKEN: Final = re.compile(r"yyyy|mmm|mm|dd|HH|MM|SS")
_PATTERN: Final = {
    "yyyy": r"(?P<yyyy>[0-9]{4})",
    "mmm": r"(?P<mmm>[A-Za-z]{3})",
    "mm": r"(?P<mm>[0-9]{1,2})",
    "dd": r"(?P<dd>[0-9]{1,2})",
    "HH": r"(?P<HH>[0-9]{2})",
    "MM": r"(?P<MM>[0-9]{2})",
    "SS": r"(?P<SS>[0-9]{2})",
}
_NAMES: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTHS: Final = {name: number for number, name in enumerate(_NAMES, start=1)}


class Unconvertible(ValueError):
    """A source's value is not what the mapping says. The message never holds the value."""


_MOMENT: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*", re.ASCII)


class DateFormat:
    """A compiled format, such as `dd/mm/yyyy`. Raises ValueError where it cannot be one.

    Separators stand as themselves. Where digits run on without any (`yyyymmdd`), each part has its full width;
    elsewhere `1/4/1980` is read as `01/04/1980` is.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        names = _TOKEN.findall(text)
        dated = [name for name in names if name.islower()]
        if "yyyy" not in dated or len(set(names)) != len(names) or {"mm", "mmm"} <= set(dated):
            raise ValueError(
                f"the format {text!r} needs yyyy once, and at most one each of dd, mm or mmm, HH, MM, SS"
            )
        if re.search(r"[A-Za-z]", re.sub(r"T", "", _TOKEN.sub("", text))):
            raise ValueError(
                f"the format {text!r} has letters that are none of yyyy, mm, mmm, dd, HH, MM, SS;"
                " a date and time in ISO 8601 is read without a format"
            )
        if "dd" in dated and not {"mm", "mmm"} & set(dated):
            raise ValueError(f"the format {text!r} has a day and no month")
        self.whole = "dd" in dated  # whether it can say a day
        self._as_shared = text == "yyyy-mm-dd"
        self._forms = [_compile(text)]
        month = "mmm" if "mmm" in dated else "mm"
        without_day = _without(text, "dd")
        for shorter in (without_day, _without(without_day, month)):
            if shorter != text:
                self._forms.append(_compile(shorter))

    def full(self, value: str) -> str:
        """A whole date, YYYY-MM-DD."""
        if self._as_shared and len(value) == 10 and value[4] == value[7] == "-":
            try:
                date.fromisoformat(value)
            except ValueError:
                pass  # what is wrong with it is told below
            else:
                return value
        found = self._forms[0].fullmatch(value.strip())
        year, month, day = _parts(found) if found is not None else (0, 0, 0)
        if not month or not day:
            raise Unconvertible(f"a date in the form {self.text} is expected")
        return _iso(year, month, day)

    def partial(self, value: str) -> str:
        """As much of a date as is there: YYYY, YYYY-MM or YYYY-MM-DD."""
        text = value.strip()
        for form in self._forms:
            found = form.fullmatch(text)
            if found is not None:
                return _iso(*_parts(found))
        raise Unconvertible(f"a date in the form {self.text}, or less of it, is expected")

    def moment(self, value: str) -> datetime:
        """A date and time without a zone."""
        found = self._forms[0].fullmatch(value.strip())
        if found is None:
            raise Unconvertible(f"a date and time in the form {self.text} is expected")
        year, month, day = _parts(found)
        hour, minute, second = (int(found.groupdict().get(name) or 0) for name in ("HH", "MM", "SS"))
        try:
            return datetime(year, month, day, hour, minute, second)  # noqa: DTZ001  # the zone is the mapping's
        except ValueError:
            raise Unconvertible("there is no such date and time") from None


def to_utc(moment: datetime, zone: tzinfo) -> datetime:
    """The moment in UTC; one without a zone is taken to be of `zone`."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def day_of(moment: datetime, zone: tzinfo) -> str:
    """The day of a moment in the zone; one without a zone of its own has the day that it says."""
    try:
        return (moment.astimezone(zone) if moment.tzinfo else moment).date().isoformat()
    except OverflowError:
        raise Unconvertible("there is no such date") from None


def day_of_text(text: str, zone: tzinfo) -> str | None:
    """The same of a date and time in ISO 8601; None where the text is none."""
    text = text.strip()
    if not _MOMENT.fullmatch(text):
        return None
    try:
        return day_of(datetime.fromisoformat(text), zone)
    except Unconvertible:
        raise
    except ValueError:
        return None


def _compile(text: str) -> re.Pattern[str]:
    runs_on = re.search(r"(yyyy|mm|dd)(?=yyyy|mm|dd)", text) is not None
    pattern = ""
    position = 0
    for token in _TOKEN.finditer(text):
        pattern += re.escape(text[position : token.start()])
        part = _PATTERN[token[0]]
        pattern += part.replace("{1,2}", "{2}") if runs_on else part
        position = token.end()
    return re.compile(pattern + re.escape(text[position:]), re.ASCII)


def _without(text: str, token: str) -> str:
    """The format less one token and the separator that joined it."""
    if token not in text:
        return text
    shorter = re.sub(rf"{token}[^A-Za-z]*", "", text, count=1)
    return re.sub(r"[^A-Za-z]+$", "", shorter)


def _parts(found: re.Match[str]) -> tuple[int, int, int]:
    parts = found.groupdict()
    name = parts.get("mmm")
    if name is not None and name.lower() not in _MONTHS:
        raise Unconvertible("there is no such month")
    month = _MONTHS[name.lower()] if name is not None else int(parts.get("mm") or 0)
    return int(parts["yyyy"]), month, int(parts.get("dd") or 0)


def _iso(year: int, month: int, day: int) -> str:
    """Zero means that the source does not know this part."""
    try:
        date(year, month or 1, day or 1)
    except ValueError:
        raise Unconvertible("there is no such date") from None
    if not month:
        if day:
            raise Unconvertible("a day without a month is no date")
        return f"{year:04d}"
    return f"{year:04d}-{month:02d}-{day:02d}" if day else f"{year:04d}-{month:02d}"
