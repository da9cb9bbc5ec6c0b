"""Minimise: is it the right person, does it fit its record type, and then the permitted fields only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from adapters.base import Record
from gateway.clock import from_datetime
from gateway.exchange.asking import Ask
from gateway.exchange.confirming import confirmed, paths_to_confirm
from gateway.exchange.errors import SourceWrongPerson, SourceWrongSchema
from schemas.identifiers import InvalidIdentifier, normalise
from schemas.records import RecordInvalid, project, projection

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


def minimise(ask: Ask, record: Record | None, permitted: frozenset[str]) -> Minimised:
    """Raises `SourceWrongPerson` and `SourceWrongSchema`. Whatever the adapter returned, no other field survives."""
    if record is None:
        return Minimised("miss")
    found_by = _right_person(ask, record)
    if record.restricted:
        return Minimised("restricted", found_by=found_by)
    to_confirm = paths_to_confirm(ask)
    try:
        kept = projection(ask.dataset.record_type, permitted | to_confirm).apply(record.data)
    except RecordInvalid as error:
        raise SourceWrongSchema().seen_as(errors=error.errors) from None
    if ask.confirm:
        if not confirmed(ask, kept):
            return Minimised("mismatch", found_by=found_by)
        kept = project(kept, permitted)
    as_of = from_datetime(record.as_of) if record.as_of else None
    return Minimised("held", kept, as_of, found_by, permitted)


def _right_person(ask: Ask, record: Record) -> frozenset[str]:
    """Every identifier that was asked for and that the record carries must be the same, and at least one must be."""
    same: list[str] = []
    for scheme, asked in ask.identifiers.items():
        held = record.identifiers.get(scheme)
        if held is None:
            continue
        try:
            right = normalise(scheme, held) == asked
        except InvalidIdentifier:
            raise SourceWrongPerson().seen_as(said=f"what the record carries as its {scheme} is none") from None
        if not right:
            raise SourceWrongPerson().seen_as(said=f"the record carries another {scheme} than was asked for")
        same.append(scheme)
    if not same:
        asked_for = " or ".join(ask.identifiers)
        raise SourceWrongPerson().seen_as(
            said=f"the record carries no {asked_for}: `identifiers` of the mapping must name where it stands"
        )
    return frozenset(same)
