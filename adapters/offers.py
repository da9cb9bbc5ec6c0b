"""Whether an adapter can serve a dataset: found out when the dataset is registered, not at its first exchange."""

import json
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError

from adapters.base import Offer
from schemas.members import members
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
    faults += [
        f"it gives {path}, a field that {record_type} has not; {_instead(path, known)}"
        for path in sorted(offer.fields - known)
    ]
    faults += [
        f"it gives {_json(value)} as {path}, which {record_type} does not allow: {why}"
        for path, value in offer.constants
        if path in known and (why := _refused(record_type, path, value)) is not None
    ]
    confirmations = record_model(record_type).confirmations
    for what in confirm:
        confirming = confirmations.get(what)
        if confirming is not None and not _gives(offer, confirming):
            faults.append(f"it gives no {confirming}, by which {what} would be confirmed")
    return faults


def _refused(record_type: str, path: str, value: Any) -> str | None:
    """Why the record type does not take this value of a mapping there; None where it does."""
    names, many = path.split("."), []
    model: type[BaseModel] | None = record_model(record_type)
    for name in names:
        assert model is not None  # the path is known
        member = members(model)[name]
        many.append(member.many)
        model = member.part
    record = value
    for name, is_list in zip(reversed(names), reversed(many), strict=True):
        record = {name: [record] if is_list and not isinstance(record, list) else record}
    try:
        record_model(record_type).model_validate_json(_json(record))
    except ValidationError as error:
        # What stands beside it is missing here only.
        about = [one for one in error.errors(include_input=False) if _names(one["loc"])[: len(names)] == names]
        return "; ".join(one["msg"][:1].lower() + one["msg"][1:] for one in about) or None
    return None


def _names(loc: Iterable[str | int]) -> list[str]:
    return [part for part in loc if isinstance(part, str)]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _instead(path: str, known: Collection[str]) -> str:
    """What may be meant: a name like it beside it, the same name elsewhere; else what there is in that place."""
    place, wrong = "", path
    while "." in wrong and place + wrong.partition(".")[0] in known:
        step, _, wrong = wrong.partition(".")
        place += f"{step}."
    beside = sorted(one.removeprefix(place) for one in known if one.startswith(place))
    beside = [one for one in beside if "." not in one]
    first, dot, below = wrong.partition(".")
    near = get_close_matches(first.lower(), [one.lower() for one in beside], 1)
    like = [place + one for one in beside if [one.lower()] == near]
    meant = [one + dot + below for one in like if one + dot + below in known]
    meant = meant or sorted(one for one in known if one.rpartition(".")[2] == path.rpartition(".")[2]) or like
    if meant:
        return f"did you mean {' or '.join(meant)}?"
    where = f"{place[:-1]} has" if place else "there are"
    return f"{where} {', '.join(beside)}" if beside else f"{place[:-1]} has nothing below it"


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
