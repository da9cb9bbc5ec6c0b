"""Minimise: is it the right person, does it fit its record type, and then the permitted fields only."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from adapters.base import Record
from gateway.clock import from_datetime
from gateway.errors import SourceFault
from gateway.exchange.asking import Ask
from gateway.exchange.confirming import confirmed, paths_to_confirm, values
from gateway.exchange.errors import SourceMalformed, SourceWrongPerson, SourceWrongSchema
from schemas.identifiers import InvalidIdentifier, normalise
from schemas.records import RecordInvalid, project, projection, record_model

Found = Literal["held", "miss", "restricted", "mismatch"]


@dataclass(frozen=True, slots=True)
class Minimised:
    """What was found, and of a held record the permitted part only. `as_of` in microseconds.

    `fields`: what `record` was cut down to. `found_by`: the schemes of those identifiers that were asked for and that
    the record carries.
    """

    found: Found
    record: Mapping[str, Any] | None = None
    as_of: int | None = None
    found_by: frozenset[str] = frozenset()
    fields: frozenset[str] = frozenset()


Origin = Callable[[str], str | None]


def minimise(
    ask: Ask, record: Record | None, permitted: frozenset[str], origin_of: Origin = lambda path: None
) -> Minimised:
    """Whatever the adapter returned, no other field survives. Raises `SourceWrongPerson`, `SourceWrongSchema`, and
    the record's own fault. `origin_of` gives the source's name of a field's path, for the log.

    In this order, so that a fault tells nobody of a record that they may not be told of: whose it is, whether it is
    restricted, whether the person is confirmed, and only then whether it can be read and fits.
    """
    if record is None:
        return Minimised("miss")
    found_by = _found_by(ask, record)
    if found_by is None:
        return Minimised("mismatch")
    if record.restricted:
        return Minimised("restricted", found_by=found_by)
    if ask.confirm and not _confirmed(ask, record):
        return Minimised("mismatch", found_by=found_by)
    if record.fault is not None:
        raise record.fault if isinstance(record.fault, SourceFault) else SourceMalformed()
    try:
        kept = projection(ask.dataset.record_type, permitted).apply(record.data)
    except RecordInvalid as error:
        raise SourceWrongSchema().seen_as(errors=[_traced(one, origin_of) for one in error.errors]) from None
    as_of = from_datetime(record.as_of) if record.as_of else None
    return Minimised("held", kept, as_of, found_by, permitted)


def _traced(error: Mapping[str, str], origin_of: Origin) -> dict[str, str]:
    """An error of a record with the source's field that it comes from: there it is to be mended."""
    names = (name for name in error["pointer"].split("/") if name and not name.isdigit())
    origin = origin_of(".".join(names))
    return {**error, "sourceField": origin} if origin is not None else {**error}


def _confirmed(ask: Ask, record: Record) -> bool:
    """By what is compared alone. What of it cannot be read confirms nothing, as what is not there."""
    paths = paths_to_confirm(ask)
    try:
        held = projection(ask.dataset.record_type, paths).apply(project(record.data, paths))
    except RecordInvalid:
        return False
    return confirmed(ask, held)


def _found_by(ask: Ask, record: Record) -> frozenset[str] | None:
    """By which of the identifiers it was found: those that it carries. None where it may be found by one of several
    and another is not that person's: then what was asked for is nobody's record, and is told like none.

    `SourceWrongPerson` where the source is at fault: it answers about somebody who was not asked for, carries
    nobody's identifier, or says one thing beside the record and another in it.
    """
    carried: dict[str, str] = {}
    for scheme, asked in ask.identifiers.items():
        told = record.identifiers.get(scheme)
        if told is not None:
            carried[scheme] = _read(scheme, told)
        path = record_model(ask.dataset.record_type).identifier_paths.get(scheme)
        for held in values(record.data, path.split(".")) if path else ():
            if isinstance(held, str) and (value := _read(scheme, held)) != carried.get(scheme, asked):
                if told is not None:
                    raise SourceWrongPerson().seen_as(said=f"the record holds another {scheme} than it carries")
                carried[scheme] = value
    if not carried:
        asked_for = " or ".join(ask.identifiers)
        raise SourceWrongPerson().seen_as(
            said=f"the record carries no {asked_for}: `identifiers` of the mapping must name where it stands"
        )
    same = frozenset(scheme for scheme, value in carried.items() if value == ask.identifiers[scheme])
    if len(same) == len(carried):
        return same
    if not same and len(carried) == len(ask.identifiers):
        raise SourceWrongPerson().seen_as(
            said=f"the record carries another {' and another '.join(carried)} than was asked for"
        )
    return None


def _read(scheme: str, held: str) -> str:
    try:
        return normalise(scheme, held)
    except InvalidIdentifier:
        raise SourceWrongPerson().seen_as(said=f"what the record carries as its {scheme} is none") from None
