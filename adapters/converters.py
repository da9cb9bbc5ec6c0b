"""Converters: from one value as a source keeps it to the same value in the shared shape.

name                            in                              out
text                            anything but a list or object   "…"
trim, upper, lower              text                            "…"
integer                         "0012", 12, 12.0                12
boolean                         Y/N, yes/no, true/false, 1/0    true
                                or `trueWhen` / `falseWhen`; of a single list, all else is the other
                                (but see `Options.protects`)
code                            a key of `codes`                its value; `otherwise` for any other key
date                            `format` (yyyy-mm-dd), a date   "1980-04-01"
                                or, without `format`, a moment
                                in ISO 8601: its day in `zone`
partial-date                    the same, or less of it,        "1980-04", "1980"
                                or 00 for what is not known
datetime                        ISO 8601 or `format`, `zone`    "2026-11-24T20:58:02Z"
money                           `unit` pence or pounds          {"amount": "12.34", "currency": "GBP"}
nhs-number, nino, uprn,         any spacing and case            the canonical form of `schemas.identifiers`
postcode, driving-licence-number

A converter raises `Unconvertible`, whose message never holds the value: it may be personal.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic.alias_generators import to_camel

from adapters.dates import DateFormat, Unconvertible, day_of, day_of_text, to_utc
from schemas.identifiers import SCHEMES, InvalidIdentifier, normalise

__all__ = [
    "CONVERTERS",
    "Convert",
    "Options",
    "Unconvertible",
    "converter",
    "is_no",
    "plain",
    "refuse_idle",
    "scheme_converter",
]

Convert = Callable[[Any], Any]

_TRUE: Final = frozenset({"y", "yes", "true", "t", "1"})
_FALSE: Final = frozenset({"n", "no", "false", "f", "0"})
_JSON: Final = frozenset({str, int, bool, float, list, dict, type(None)})
_NOTHING: Final = object()
_TOO_MUCH: Final = Decimal(10) ** 15  # "1e999999999" is short, and its digits would fill the memory


@dataclass(frozen=True, slots=True)
class Options:
    """What stands beside `as` in a mapping; a converter takes what it knows."""

    format: str | None = None
    zone: str = "UTC"
    unit: Literal["pence", "pounds"] | None = None
    currency: str = "GBP"
    codes: Mapping[str, Any] = field(default_factory=dict)
    otherwise: Any = _NOTHING
    true_when: Sequence[str] = ()
    false_when: Sequence[str] = ()
    protects: bool = False
    """The boolean says whether a record is restricted: only a word that is known to mean no is one."""

    def with_otherwise(self, value: Any) -> "Options":
        """The same, with what an unlisted code becomes; null is a value too."""
        return replace(self, otherwise=value)


def plain(value: Any) -> Any:
    """The value as JSON has it, where no converter was asked for. Lists and objects pass as they are."""
    if type(value) in _JSON:
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, str | int | float | list | dict):
        return value
    raise Unconvertible(f"a {type(value).__name__} has no form in JSON; name a converter with `as`")


def _text(value: Any) -> str:
    found = plain(value)
    if isinstance(found, list | dict) or found is None:
        raise Unconvertible("text is expected, and a list or an object was found")
    return found if isinstance(found, str) else str(found)


def _integer(value: Any) -> int:
    try:
        number = Decimal(_text(value).strip())
    except InvalidOperation:
        raise Unconvertible("a whole number is expected") from None
    if not number.is_finite() or not -_TOO_MUCH < number < _TOO_MUCH or number != number.to_integral_value():
        raise Unconvertible("a whole number is expected")
    return int(number)


def _boolean(options: Options) -> Convert:
    true = frozenset(word.lower() for word in options.true_when)
    false = frozenset(word.lower() for word in options.false_when)
    if not true and not false:
        true, false = _TRUE, _FALSE
    elif options.protects and not false:
        true, false = frozenset(), _FALSE - true

    def convert(value: Any) -> bool:
        word = _text(value).strip().lower()
        if word in true:
            return True
        # Where only one side is listed, the other is whatever else the source says.
        if word in false or not false:
            return False
        if not true:
            return True
        raise Unconvertible("it is neither of the values that stand for true nor of those for false")

    return convert


def is_no(value: Any) -> bool:
    """Whether a text is one of the usual words of no."""
    return isinstance(value, str) and value.strip().lower() in _FALSE


def _code(options: Options) -> Convert:
    table = dict(options.codes)
    if not table:
        raise ValueError("the converter `code` needs `codes`, a table from source code to shared code")

    def convert(value: Any) -> Any:
        found = table.get(_text(value).strip(), options.otherwise)
        if found is _NOTHING:
            raise Unconvertible("the code is not in the table `codes`")
        return found

    return convert


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError):
        raise ValueError(f"there is no time zone {name!r} on this machine") from None


def _date(options: Options) -> Convert:
    form = DateFormat(options.format or "yyyy-mm-dd")
    if not form.whole:
        raise ValueError(f"the format {form.text!r} has no day; use the converter `partial-date`")
    return _day_or(form.full, options)


def _partial_date(options: Options) -> Convert:
    return _day_or(DateFormat(options.format or "yyyy-mm-dd").partial, options)


def _day_or(read: Callable[[str], str], options: Options) -> Convert:
    """The day of a moment; without a format, of a text that is one too. Any other text as the form reads it."""
    zone, with_time = _zone(options.zone), options.format is None

    def convert(value: Any) -> str:
        if isinstance(value, datetime):
            return day_of(value, zone)
        if isinstance(value, date):
            return value.isoformat()
        text = _text(value)
        if with_time and len(text) > len("yyyy-mm-dd"):
            day = day_of_text(text, zone)
            if day is not None:
                return day
        return read(text)

    return convert


def _datetime(options: Options) -> Convert:
    form = DateFormat(options.format) if options.format else None
    zone = _zone(options.zone)

    def convert(value: Any) -> str:
        moment = value if isinstance(value, datetime) else None
        if moment is None and form is not None:
            moment = form.moment(_text(value))
        if moment is None:
            try:
                moment = datetime.fromisoformat(_text(value).strip())
            except ValueError:
                raise Unconvertible("a date and time in ISO 8601 is expected, or name its `format`") from None
        return to_utc(moment, zone).isoformat().replace("+00:00", "Z")

    return convert


_THOUSANDS = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")


def _money(options: Options) -> Convert:
    if options.unit is None:
        raise ValueError("the converter `money` needs `unit`, what the source counts in: pence or pounds")
    scale = Decimal(100) if options.unit == "pence" else Decimal(1)
    if len(options.currency) != 3 or not options.currency.isupper():
        raise ValueError("`currency` is a code of ISO 4217, such as GBP")

    def convert(value: Any) -> dict[str, str]:
        try:
            # A float is read as its shortest decimal form: 12.34 means 12.34, not 12.339999…
            text = _text(value).strip().removeprefix("£")
            if "," in text and not _THOUSANDS.fullmatch(text):
                raise Unconvertible("a comma in an amount of money stands between thousands, never before pence")
            amount = Decimal(text.replace(",", ""))
        except InvalidOperation:
            raise Unconvertible("an amount of money is expected") from None
        if not amount.is_finite() or not -_TOO_MUCH < amount < _TOO_MUCH:
            raise Unconvertible("an amount of money is expected")
        cents = amount * 100 / scale
        if cents != cents.to_integral_value():
            raise Unconvertible(f"an amount in {options.unit} has fractions of the smallest coin")
        return {"amount": f"{cents / 100 + 0:.2f}", "currency": options.currency}  # + 0: no minus before zero

    return convert


def scheme_converter(scheme: str) -> Convert:
    """The normaliser of an identifier's scheme; for a scheme that we do not know, trimmed text."""
    if scheme not in SCHEMES:
        return lambda value: _text(value).strip()

    def convert(value: Any) -> str:
        try:
            return normalise(scheme, _text(value))
        except InvalidIdentifier as error:
            raise Unconvertible(error.reason) from None

    return convert


_SIMPLE: Final[Mapping[str, Convert]] = {
    "text": _text,
    "trim": lambda value: _text(value).strip(),
    "upper": lambda value: _text(value).strip().upper(),
    "lower": lambda value: _text(value).strip().lower(),
    "integer": _integer,
}
_BUILT: Final[Mapping[str, Callable[[Options], Convert]]] = {
    "boolean": _boolean,
    "code": _code,
    "date": _date,
    "partial-date": _partial_date,
    "datetime": _datetime,
    "money": _money,
}
CONVERTERS: Final = (*_SIMPLE, *_BUILT, *SCHEMES)
_TAKES: Final[Mapping[str, tuple[str, ...]]] = {
    "format": ("date", "partial-date", "datetime"),
    "zone": ("date", "partial-date", "datetime"),
    "unit": ("money",),
    "currency": ("money",),
    "codes": ("code",),
    "otherwise": ("code",),
    "true_when": ("boolean",),
    "false_when": ("boolean",),
}


def refuse_idle(given: Iterable[str], names: Sequence[str]) -> None:
    """Raises ValueError where one of the options given is none that these converters take: it would do nothing."""
    for option in given:
        takers = _TAKES.get(option)
        if takers is not None and not set(takers) & set(names):
            name = to_camel(option)
            beside = f"`as: {', '.join(names)}`" if names else "no `as`"
            raise ValueError(f"`{name}` does nothing beside {beside}; it is an option of {', '.join(takers)}")


def converter(names: Sequence[str], options: Options) -> Convert:
    """One function of all the converters named, from left to right. Raises ValueError, which says what to mend."""
    steps: list[Convert] = []
    for name in names:
        if name in _SIMPLE:
            steps.append(_SIMPLE[name])
        elif name in _BUILT:
            steps.append(_BUILT[name](options))
            if name == "datetime":  # the format was the source's; what follows reads what this gives
                options = replace(options, format=None)
        elif name in SCHEMES:
            steps.append(scheme_converter(name))
        else:
            raise ValueError(f"there is no converter {name!r}; there are {', '.join(CONVERTERS)}")
    if not steps:
        return plain
    if len(steps) == 1:
        return steps[0]

    def chain(value: Any) -> Any:
        for step in steps:
            value = step(value)
        return value

    return chain
