"""Whether an adapter can serve a dataset: found out when the dataset is registered, not at its first exchange."""

from collections.abc import Collection
from difflib import get_close_matches

from adapters.base import Offer
from schemas.records import record_model
from schemas.records.paths import field_paths


def mismatches(offer: Offer, record_type: str, identifiers: Collection[str], confirm: Collection[str]) -> list[str]:
    """What is in the way, a sentence a fault; none where it can serve. Raises `UnknownRecordType`."""
    faults = []
    for scheme in identifiers:
        if scheme not in offer.identifiers:
            found = ", ".join(sorted(offer.identifiers)) or "none"
            faults.append(f"its settings find nobody by {scheme} (they take: {found})")
        elif scheme not in offer.carried:
            faults.append(
                f"its records do not say whose {scheme} they carry: name it under `identifiers` of the mapping"
            )
    known = field_paths(record_type)
    for path in sorted(offer.fields - known):
        near = get_close_matches(path, known, 1)
        meant = f", only {near[0]}" if near else ""
        faults.append(f"it gives {path}, a field that {record_type} has not{meant}")
    confirmations = record_model(record_type).confirmations
    for what in confirm:
        confirming = confirmations.get(what)
        if confirming is not None and not _gives(offer, confirming):
            faults.append(f"it gives no {confirming}, by which {what} would be confirmed")
    return faults


def not_given(offer: Offer, record_type: str) -> list[str]:
    """The fields of the record type that no record will hold; a name stands for all below it."""
    missing = {
        path
        for path in field_paths(record_type)
        if not _gives(offer, path) and not any(given.startswith(f"{path}.") for given in offer.fields)
    }
    return sorted(path for path in missing if path.rpartition(".")[0] not in missing)


def _gives(offer: Offer, path: str) -> bool:
    """Whether its records hold this field whole: by its own name, or by one above it."""
    return any(f"{path}.".startswith(f"{given}.") for given in offer.fields)
