"""Minimise: is it the right person, does it fit its record type, and then the permitted fields only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from adapters.base import Record
from gateway.clock import from_datetime
from gateway.exchange.asking import Ask
from gateway.exchange.confirming import confirmed, paths_to_confirm
from gateway.exchange.errors import SourceWrongPerson, SourceWrongSchema
from gateway.telemetry.log import logger
from schemas.identifiers import InvalidIdentifier, normalise
from schemas.records import RecordInvalid, project, projection

Found = Literal["held", "miss", "restricted", "mismatch"]


@dataclass(frozen=True, slots=True)
class Minimised:
    """What was found, and of a held record the permitted part only. `as_of` in microseconds."""

    found: Found
    record: Mapping[str, Any] | None = None
    as_of: int | None = None


def minimise(ask: Ask, record: Record | None, permitted: frozenset[str]) -> Minimised:
    """Raises `SourceWrongPerson` and `SourceWrongSchema`. Whatever the adapter returned, no other field survives."""
    if record is None:
        return Minimised("miss")
    _right_person(ask, record)
    if record.restricted:
        return Minimised("restricted")
    to_confirm = paths_to_confirm(ask)
    try:
        kept = projection(ask.dataset.record_type, permitted | to_confirm).apply(record.data)
    except RecordInvalid as error:
        logger("exchange").warning("record of the wrong schema", dataset=ask.dataset.id, errors=error.errors)
        raise SourceWrongSchema from None
    if ask.confirm:
        if not confirmed(ask, kept):
            return Minimised("mismatch")
        kept = project(kept, permitted)
    return Minimised("held", kept, from_datetime(record.as_of) if record.as_of else None)


def _right_person(ask: Ask, record: Record) -> None:
    """Every identifier that was asked for and that the record carries must be the same, and at least one must be."""
    same = 0
    for scheme, asked in ask.identifiers.items():
        held = record.identifiers.get(scheme)
        if held is None:
            continue
        try:
            if normalise(scheme, held) != asked:
                raise SourceWrongPerson
        except InvalidIdentifier:
            raise SourceWrongPerson from None
        same += 1
    if not same:
        raise SourceWrongPerson
