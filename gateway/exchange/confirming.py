"""Right person: what the caller knows of the person is compared with the record, and wrong guesses run out.

Five wrong confirmations in a sliding 24 h, by agency and identifier, lock it, for a right answer too. They are
counted in the commit, under lock, so that guesses in parallel count one after another, and against every identifier
of the request, so that another one beside it buys no further guesses.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from gateway.catalogue.registration import confirmation_path
from gateway.clock import DAY, MICROSECONDS
from gateway.exchange.asking import Ask
from schemas.dates import InvalidDate, PartialDate
from schemas.identifiers import InvalidIdentifier, normalise

MOST_WRONG = 5
_DAY_SECONDS = DAY // MICROSECONDS


def confirmation_ids(ask: Ask) -> tuple[str, ...]:
    """The rows that count, sorted: a hash over the agency and a pseudonym, for each identifier and each live key."""
    found = (f"{ask.consumer_id}\0{digest}" for one in (*ask.known_as, *ask.beside) for digest in one.digests)
    return tuple(sorted(hashlib.sha256(parts.encode()).hexdigest() for parts in found))


def locked_until(failures: Iterable[int], now: int) -> int:
    """Until when it is locked (microseconds), or 0."""
    recent = sorted(second for second in failures if second > now // MICROSECONDS - _DAY_SECONDS)
    if len(recent) < MOST_WRONG:
        return 0
    return (recent[-MOST_WRONG] + _DAY_SECONDS) * MICROSECONDS


def one_more(failures: Iterable[int], now: int) -> list[int]:
    """The failures with one more, those older than a day dropped."""
    second = now // MICROSECONDS
    recent = [at for at in failures if at > second - _DAY_SECONDS]
    return [*recent[-MOST_WRONG:], second]


def paths_to_confirm(ask: Ask) -> frozenset[str]:
    """The fields that are fetched for the comparison, and not released for it."""
    found = (confirmation_path(ask.dataset.record_type, name) for name in ask.confirm)
    return frozenset(path for path in found if path is not None)


def confirmed(ask: Ask, record: Mapping[str, Any]) -> bool:
    """Whether everything that must be confirmed is, against the whole record as it was validated."""
    for name, given in ask.confirm.items():
        path = confirmation_path(ask.dataset.record_type, name)
        held = list(values(record, path.split("."))) if path else []
        if not any(_same(name, given, value) for value in held if isinstance(value, str)):
            return False
    return True


def values(value: Any, names: list[str]) -> Iterable[Any]:
    """What stands at a path of a record, in each item of the lists on the way."""
    if isinstance(value, list):
        for item in value:
            yield from values(item, names)
    elif not names:
        yield value
    elif isinstance(value, Mapping) and value.get(names[0]) is not None:
        yield from values(value[names[0]], names[1:])


def _same(name: str, given: str, held: str) -> bool:
    if name == "dateOfBirth":
        try:
            # A register that knows the year only can confirm no more than that: the caller must know what it knows.
            return PartialDate(given).matches(held) and len(given) >= len(held)
        except InvalidDate:
            return False
    if name == "postcode":
        try:
            return normalise("postcode", given) == normalise("postcode", held)
        except InvalidIdentifier:
            return False
    return _caseless(given) == _caseless(held)


def _caseless(text: str) -> str:
    """For comparing: whether a letter and its accent are written as one character or as two makes no other name of it
    (Unicode, D145)."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", text.strip()).casefold())
