"""The mapping: a short YAML text that says which source field becomes which field of the record type.

    fields:
      licenceNumber: licno                                 # shared field: source field
      holder.familyName: {from: sname, as: trim}           # dotted names build objects
      holder.dateOfBirth: {from: brth_dt, as: partial-date, format: yyyymmdd}
      status: {from: st, as: code, codes: {1: valid, 2: expired}, otherwise: unknown}
      validUntil: {from: expiry, as: date, format: dd/mm/yyyy, emptyWhen: [31/12/9999]}
      weeklyAmount: {from: amt, as: money, unit: pence}    # {"amount": "12.34", "currency": "GBP"}
      issuedIn: {constant: GB}
      categories:                                          # a list: one item for each of the source's rows
        each: entitlements
        fields: {code: cat, validFrom: {from: dt, as: date}}
      addresses:                                           # a list whose rows are written out, here one
        rows:
          - {addressLine1: addr1, postcode: {from: pc, as: postcode}}
    restricted: {from: flag, falseWhen: [N]}               # never to be released; default words Y/N, 1/0 …
    asOf: {from: changed, as: datetime}                    # when the source last knew this to be true
    identifiers: {nino: ni_no, nhs-number: nhs}            # for the check that it is the right person

`as` names a converter (`adapters.converters`), or a list of them from left to right; without it the value passes as
it is. In nested sources a dot steps inwards, a number picks from a list (`names.0.family`); a key that itself holds
dots is found first.

What the source does not hold is left out, and told once in the log (`adapters.unseen`); what it holds as empty (null,
"", blanks, or a value of `emptyWhen`) becomes null, the agency saying "none", or is left out with `whenEmpty: omit`.
A written-out row with nothing in it is left out.

`restricted` fails closed. An empty mark counts as no. With `falseWhen` alone every other word is restricted; with
`trueWhen` alone every other word but the usual ones of no (N, no, false, f, 0) is; with both lists, or none, a word
that is in neither is a fault. A source without that field cannot be used.

Errors: at start ValueError, by way of pydantic, naming the mapping's key; at run time `Permanent` naming the
source field, never the value.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import AfterValidator, BeforeValidator, Discriminator, Field, Tag, field_validator, model_validator

from adapters.base import AdapterSettings
from adapters.converters import Convert, Options, converter, is_no, refuse_idle
from adapters.mapping_file import read_mapping_file

__all__ = ["Constant", "EachRow", "Fields", "RecordMapping", "Value", "WrittenRows"]

_TARGET: Final = re.compile(r"[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*)*")


def _word(value: Any) -> Any:
    """Codes are text: a source's 1 and "1" are the same code."""
    if isinstance(value, bool):
        raise ValueError("write it in quotes: it was read as true or false")
    return str(value) if isinstance(value, int) else value


def _listed(value: Any) -> Any:
    if not isinstance(value, list | tuple):
        raise ValueError("a list of texts is expected, e.g. [Y]")
    return value


Word = Annotated[str, BeforeValidator(_word)]
Words = Annotated[tuple[Word, ...], BeforeValidator(_listed)]


class Value(AdapterSettings):
    """One source field, and how it is converted."""

    from_: str = Field(alias="from", min_length=1)
    as_: tuple[str, ...] = Field(default=(), alias="as")
    format: str | None = None
    zone: str = "UTC"
    unit: Literal["pence", "pounds"] | None = None
    currency: str = "GBP"
    codes: dict[Word, Any] = Field(default_factory=dict)
    otherwise: Any = None
    true_when: Words = ()
    false_when: Words = ()
    empty_when: Words = ()
    when_empty: Literal["null", "omit"] = "null"

    @field_validator("as_", mode="before")
    @classmethod
    def _one_or_more(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    _by_default: ClassVar[tuple[str, ...]] = ()
    """What an absent `as` means."""

    @model_validator(mode="after")
    def _converts(self) -> "Value":
        self.convert()
        refuse_idle(sorted(self.model_fields_set), self.as_ or self._by_default)
        return self

    def convert(self) -> Convert:
        """The converter. Raises ValueError, which says what to mend."""
        return converter(self.as_ or self._by_default, self._options())

    def _options(self) -> Options:
        options = Options(
            format=self.format,
            zone=self.zone,
            unit=self.unit,
            currency=self.currency,
            codes=self.codes,
            true_when=self.true_when,
            false_when=self.false_when,
        )
        if "otherwise" in self.model_fields_set:
            options = options.with_otherwise(self.otherwise)
        return options


class Mark(Value):
    """Whether a record is restricted. What is not known to mean no, never counts as no."""

    _by_default = ("boolean",)

    @model_validator(mode="after")
    def _closed(self) -> "Mark":
        if "otherwise" in self.model_fields_set and not self.otherwise:
            raise ValueError(
                "`otherwise` would release whoever bears a mark that `codes` has not: say true, or nothing"
            )
        if any(is_no(value) for value in self.codes.values()):
            raise ValueError("in `codes` a word is a yes, whatever it says: for no write false, without quotes")
        return self

    def convert(self) -> Convert:
        """As of any other value, and yes or no whatever converter reads it: a code that stands for words is a yes."""
        convert = super().convert()
        return lambda value: bool(convert(value))

    def _options(self) -> Options:
        return replace(super()._options(), protects=True)


class Moment(Value):
    """When the source last knew a record to be true."""

    _by_default = ("datetime",)


class Constant(AdapterSettings):
    """The same value in each record."""

    constant: Any


class EachRow(AdapterSettings):
    """A list with one item for each row that the source field holds. Where a source leaves an empty list out, say
    `whenAbsent: omit`: else a list that is not there is a fault, since it would read as "there are none"."""

    each: str = Field(min_length=1)
    fields: "Fields"
    when_absent: Literal["fail", "omit"] = "fail"


class WrittenRows(AdapterSettings):
    """A list whose rows are written out, each of fields of the same source record."""

    rows: "tuple[Fields, ...]" = Field(min_length=1)


# Tags in parentheses, so that an error's path can be shown without them.
_TAGS: Final[dict[type[Any], str]] = {
    Value: "(field)",
    Constant: "(constant)",
    EachRow: "(each)",
    WrittenRows: "(rows)",
}


def _tag(spec: Any) -> str:
    if isinstance(spec, str):
        return "(name)"
    if isinstance(spec, Mapping):
        return next((f"({key})" for key in ("constant", "each", "rows") if key in spec), "(field)")
    return _TAGS.get(type(spec), "(field)")


def _named(spec: Any) -> Any:
    return {"from": spec} if isinstance(spec, str) else spec


def _disjoint(fields: dict[str, Any]) -> dict[str, Any]:
    for target in fields:
        if not _TARGET.fullmatch(target):
            raise ValueError(f"{target!r} is not a dotted field path in camelCase")
        parts = target.split(".")
        for length in range(1, len(parts)):
            if ".".join(parts[:length]) in fields:
                raise ValueError(f"{target!r} lies inside {'.'.join(parts[:length])!r}, which is mapped too")
    return fields


NamedValue = Annotated[Value, BeforeValidator(_named)]
NamedMark = Annotated[Mark, BeforeValidator(_named)]
NamedMoment = Annotated[Moment, BeforeValidator(_named)]
Spec = Annotated[
    Annotated[NamedValue, Tag("(name)")]
    | Annotated[Value, Tag("(field)")]
    | Annotated[Constant, Tag("(constant)")]
    | Annotated[EachRow, Tag("(each)")]
    | Annotated[WrittenRows, Tag("(rows)")],
    Discriminator(_tag),
]
Fields = Annotated[dict[str, Spec], Field(min_length=1), AfterValidator(_disjoint)]
EachRow.model_rebuild()
WrittenRows.model_rebuild()


class RecordMapping(AdapterSettings):
    """A whole mapping. `adapters.mapped.Mapped` makes it a function."""

    fields: Fields
    restricted: NamedMark | None = None
    as_of: NamedMoment | None = None
    identifiers: dict[str, NamedValue] = Field(default_factory=dict)

    def paths(self) -> frozenset[str]:
        """The field paths that a record may hold, those within lists too."""
        return frozenset(path for path, _ in _leaves(self.fields, ""))

    def constants(self) -> tuple[tuple[str, Any], ...]:
        """(field path, value) of each constant, and of each value in a table of codes."""
        return tuple((path, value) for path, spec in _leaves(self.fields, "") for value in _written(spec))

    @model_validator(mode="before")
    @classmethod
    def _from_file(cls, value: Any) -> Any:
        """Text is the name of a YAML file that holds the mapping."""
        return read_mapping_file(value) if isinstance(value, str) else value


def _leaves(specs: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Value | Constant]]:
    for target, spec in specs.items():
        path = prefix + target
        if isinstance(spec, EachRow):
            yield from _leaves(spec.fields, path + ".")
        elif isinstance(spec, WrittenRows):
            for row in spec.rows:
                yield from _leaves(row, path + ".")
        else:
            yield path, spec


def _written(spec: Value | Constant) -> Iterator[Any]:
    if isinstance(spec, Constant):
        yield spec.constant
    elif spec.as_[-1:] == ("code",):
        yield from spec.codes.values()
        if "otherwise" in spec.model_fields_set:
            yield spec.otherwise
