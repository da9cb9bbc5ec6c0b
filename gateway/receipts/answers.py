"""Holding an answer against its own receipt: what contradicts it, and what it says beyond it, which nobody signed."""

from collections.abc import Mapping, Sequence
from typing import Any

from schemas.records.paths import Tree, field_paths, tree_of
from schemas.records.registry import RecordTypesUnusable, UnknownRecordType

_OTHERWISE = frozenset({"record", "provenance", "ledger", "receipt"})
"""Members that are more than a claim of the same name: these are compared by themselves."""


def contradicted(answer: Mapping[str, Any], claims: Mapping[str, Any]) -> str | None:
    """The first member of an answer that is not what its receipt says; None where all agree.

    The values of the record are in no receipt: only whether there was one, which fields were released, and by whom.
    What else an answer says of itself, `unstated` tells.
    """
    released = claims.get("fields")
    outcome = claims.get("outcome")
    if outcome == "repeated":  # as the ledger calls it; the caller is told what it came to
        outcome = "released" if released else "not-held"
    said = {**claims, "outcome": outcome} if "outcome" in claims else claims
    for name, value in answer.items():
        if name in said and name not in _OTHERWISE and value != said[name]:
            return name
    ledger = answer.get("ledger")
    for name in ("commitment", "includedBy"):
        if isinstance(ledger, Mapping) and name in ledger and ledger[name] != claims.get(name):
            return f"ledger.{name}"
    if isinstance(released, list):
        return _record(answer, released, claims) or _provenance(answer, released, claims)
    return None


def unstated(answer: Mapping[str, Any], claims: Mapping[str, Any]) -> list[str]:
    """What an answer says beyond its receipt, in words: nobody signed it, so it may have been changed."""
    found = ["the values in record"] if answer.get("record") else []
    for inner, stated in (("provenance", {"fields", "source"}), ("ledger", {"commitment", "includedBy"})):
        parts = answer.get(inner)
        for part in parts if isinstance(parts, list) else [parts]:
            names = part.keys() - stated if isinstance(part, Mapping) else ()
            found += [f"{inner}.{name}" for name in sorted(names) if f"{inner}.{name}" not in found]
    return found + [name for name in answer if name not in claims and name not in _OTHERWISE]


def _record(answer: Mapping[str, Any], released: Sequence[str], claims: Mapping[str, Any]) -> str | None:
    """The place of what the receipt does not release, dotted as its fields are."""
    if "record" not in answer and answer.get("outcome") != "released":
        return None
    record = answer.get("record")
    if not released or not isinstance(record, Mapping):
        return "record"
    return _beyond(record, tree_of(map(str, released)), "record", _known(claims.get("recordType")))


def _beyond(value: object, tree: Tree, place: str, known: frozenset[str]) -> str | None:
    """Where a value holds what the tree of released fields does not. A list stands for each of its items; null is an
    agency's word that there is none. A name that no record type has is not told, but where it stands: it may be of
    somebody."""
    if isinstance(value, list):
        found = (_beyond(item, tree, place, known) for item in value)
        return next((beyond for beyond in found if beyond), None)
    if value is None:
        return None
    if not tree:  # released whole
        of_parts = any(path.startswith(f"{place}.") for path in known)
        return place if place in known and isinstance(value, Mapping) != of_parts else None
    if not isinstance(value, Mapping):
        return place
    for name, below in value.items():
        inner = f"{place}.{name}"
        if name not in tree:
            return inner if inner in known else place
        beyond = _beyond(below, tree[name], inner, known)
        if beyond:
            return beyond
    return None


def _known(record_type: object) -> frozenset[str]:
    """The places of a record of this type; none where it is not known here: a receipt can be checked all the same."""
    try:
        return frozenset(f"record.{path}" for path in field_paths(str(record_type)))
    except (UnknownRecordType, RecordTypesUnusable):
        return frozenset()


def _provenance(answer: Mapping[str, Any], released: Sequence[str], claims: Mapping[str, Any]) -> str | None:
    provenance = answer.get("provenance")
    if provenance is None:
        return None
    if not isinstance(provenance, list) or not all(isinstance(one, Mapping) for one in provenance):
        return "provenance"
    if any(one.get("source") != claims.get("provider") for one in provenance):
        return "provenance.source"
    if not all(isinstance(one.get("fields", []), list) for one in provenance):
        return "provenance.fields"
    told = [path for one in provenance for path in one.get("fields", [])]
    return None if sorted(map(str, told)) == sorted(map(str, released)) else "provenance.fields"
