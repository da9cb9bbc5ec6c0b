"""A mapping made a function: from a source's row to a `Record`."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from adapters.base import Offer, Record
from adapters.converters import scheme_converter
from adapters.errors import Permanent
from adapters.mapping import Constant, EachRow, RecordMapping, Spec, Value
from adapters.reading import (
    ABSENT,
    Read,
    Source,
    Step,
    build,
    field_reader,
    readable,
    rows_reader,
    step,
    wanted,
    written_reader,
)
from adapters.unseen import Unseen

T = TypeVar("T", bound=Source)
_PLANS: Final = 256  # sets of fields whose plan is kept; agreements use a handful


@runtime_checkable
class Origins(Protocol):
    """An adapter with a mapping, which knows what a field of its records is read from."""

    def origin_of(self, path: str) -> str | None:
        """As `Mapped.origin_of`."""


class Mapped:
    """A compiled mapping, with one plan for each set of fields: what nobody asked for is not even read."""

    def __init__(self, mapping: RecordMapping) -> None:
        self.mapping = mapping
        self._plans: dict[frozenset[str] | None, list[Step]] = {}
        self._restricted = _value(mapping.restricted) if mapping.restricted else None
        self._as_of = _value(mapping.as_of) if mapping.as_of else None
        self._identifiers = {
            scheme: field_reader(
                spec.from_,
                spec.convert() if spec.as_ else scheme_converter(scheme),
                empty_when=frozenset(spec.empty_when),
                omit_empty=True,
            )
            for scheme, spec in mapping.identifiers.items()
        }
        self._unseen = Unseen(mapping)
        found: dict[str, dict[str, None]] = {}
        for path, name in _origins(mapping.fields, "", ""):
            found.setdefault(path, {})[name] = None
        self._origins = {path: " or ".join(names) for path, names in found.items()}
        self._plan(None)

    def __call__(self, source: Source, fields: frozenset[str] | None) -> Record:
        """The record, with the fields asked for (None: all); of one that is restricted, none.

        A field that does not convert is the record's `fault`, which names the source's field. Raises `Permanent`
        where it cannot be told whose the record is, or whether it is restricted.
        """
        identifiers = self.identifiers(source)
        if self.is_restricted(source):
            return Record({}, restricted=True, identifiers=identifiers)
        self._unseen.look(source, fields)
        plan, fault = self._plan(fields), None
        try:
            data, _ = build(plan, source)
            as_of = self._moment(source)
        except Permanent as error:
            data, as_of, fault = readable(plan, source), None, error
        return Record(data, as_of=as_of, identifiers=identifiers, fault=fault)

    def of_one(self, sources: Sequence[T], asked: Mapping[str, str]) -> list[T]:
        """Of several, where they were found by several identifiers: those that contradict none of these."""
        if len(asked) < 2:
            return [*sources]
        return [source for source in sources if agrees(self.identifiers(source), asked)]

    def identifiers(self, source: Source) -> dict[str, str]:
        """The identifiers that the row carries, normalised."""
        found = ((scheme, read(source)) for scheme, read in self._identifiers.items())
        return {scheme: value for scheme, value in found if value is not ABSENT}

    def sources(self, fields: frozenset[str] | None = None) -> frozenset[str]:
        """The source's own names that are read for these fields (None: all), lists by their own name."""
        names = _sources(self.mapping.fields, "", fields)
        whole = [self.mapping.restricted, self.mapping.as_of, *self.mapping.identifiers.values()]
        return frozenset(names | {spec.from_ for spec in whole if spec is not None})

    def is_restricted(self, source: Source) -> bool:
        """Whether the source marks the record as never to be released. Raises `Permanent` where it does not say."""
        if self._restricted is None or self.mapping.restricted is None:
            return False
        value = self._restricted(source)
        if value is ABSENT:
            name = self.mapping.restricted.from_
            raise Permanent(f"the source field {name} is missing, and it says whether the record is restricted")
        return bool(value)

    def says_restricted(self, source: Source) -> bool:
        """The same of what need not say so at all."""
        return self._restricted is not None and self._restricted(source) is True

    def row_sources(self, each: str) -> frozenset[str]:
        """The names that are read from each row of the source's list of that name."""
        lists = (spec for spec in self.mapping.fields.values() if isinstance(spec, EachRow) and spec.each == each)
        return frozenset().union(*(_sources(spec.fields, "", None) for spec in lists))

    def origin_of(self, path: str) -> str | None:
        """The source's field that a field of the record, or one above it, is read from: `code`, `claims[].ref`."""
        while path and path not in self._origins:
            path = path.rpartition(".")[0]
        return self._origins.get(path)

    def _plan(self, fields: frozenset[str] | None) -> list[Step]:
        plan = self._plans.get(fields)
        if plan is None:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            plan = self._plans[fields] = _steps(self.mapping.fields, "", fields)
        return plan

    def _moment(self, source: Source) -> datetime | None:
        value = self._as_of(source) if self._as_of else None
        if value is None or value is ABSENT:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except (TypeError, ValueError):
            assert self.mapping.as_of is not None
            raise Permanent(f"the source field {self.mapping.as_of.from_} gives no moment for `asOf`") from None
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def agrees(carried: Mapping[str, str], asked: Mapping[str, str]) -> bool:
    """Whether nothing that a record carries is another than was asked for."""
    return all(carried.get(scheme, value) == value for scheme, value in asked.items())


def mapped_offer(mapping: RecordMapping, identifiers: Iterable[str]) -> Offer:
    """What an adapter offers that finds a row by these schemes and maps it."""
    return Offer(frozenset(identifiers), frozenset(mapping.identifiers), mapping.paths(), mapping.constants())


def _value(spec: Value) -> Read:
    return field_reader(
        spec.from_,
        spec.convert(),
        empty_when=frozenset(spec.empty_when),
        omit_empty=spec.when_empty == "omit",
    )


def _steps(specs: Mapping[str, Spec], prefix: str, fields: frozenset[str] | None) -> list[Step]:
    """The steps for those fields of `specs` that are asked for."""
    steps = []
    for target, spec in specs.items():
        path = prefix + target
        if not wanted(path, fields):
            continue
        read: Read
        if isinstance(spec, Value):
            read = _value(spec)
        elif isinstance(spec, Constant):
            read = _constant(spec.constant)
        elif isinstance(spec, EachRow):
            inner = _steps(spec.fields, path + ".", fields)
            read = rows_reader(spec.each, inner, may_be_absent=spec.when_absent == "omit")
        else:
            read = written_reader([_steps(row, path + ".", fields) for row in spec.rows])
        steps.append(step(target, read, own=not isinstance(spec, Constant)))
    return steps


def _constant(value: Any) -> Read:
    return lambda source: value


def _origins(specs: Mapping[str, Spec], prefix: str, within: str) -> Iterator[tuple[str, str]]:
    """(field path, name in the source) of each field that is read from it."""
    for target, spec in specs.items():
        path = prefix + target
        if isinstance(spec, Value):
            yield path, within + spec.from_
        elif isinstance(spec, EachRow):
            yield path, within + spec.each
            yield from _origins(spec.fields, path + ".", f"{within}{spec.each}[].")
        elif not isinstance(spec, Constant):
            for row in spec.rows:
                yield from _origins(row, path + ".", within)


def _sources(specs: Mapping[str, Spec], prefix: str, fields: frozenset[str] | None) -> set[str]:
    names: set[str] = set()
    for target, spec in specs.items():
        path = prefix + target
        if not wanted(path, fields):
            continue
        if isinstance(spec, Value):
            names.add(spec.from_)
        elif isinstance(spec, EachRow):
            names.add(spec.each)
        elif not isinstance(spec, Constant):
            for row in spec.rows:
                names |= _sources(row, path + ".", fields)
    return names
