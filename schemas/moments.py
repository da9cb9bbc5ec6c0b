"""Moments on the wire: `Moment`, a date and time with its offset (RFC 3339), in the years that we reckon in.

The years are bounded, so that a moment in microseconds always fits into the integers that JSON carries exactly
(2^53, RFC 7493 section 2.2: the years 1685 to 2255), and no offset leads out of the calendar.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Strict, WithJsonSchema

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""The first moment that is too late."""
_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "format": "date-time",
    "description": "RFC 3339 with an offset, of the years 1900 to 2199 in UTC.",
}


# The date-time of RFC 3339, section 5.6, but for leap seconds, which no clock of ours tells. Its day and hour are the
# calendar's to judge.
_TEXT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)


class InvalidMoment(ValueError):
    """No moment, or one outside the bounds. The message never holds the value."""


def _written(value: object) -> object:
    """Pydantic's own datetime takes Unix times too, and a space for the T."""
    if isinstance(value, datetime) or (isinstance(value, str) and _TEXT.fullmatch(value)):
        return value
    raise InvalidMoment("a date and time is written as in RFC 3339, with its offset: 2026-11-24T12:00:00Z")


def _bounded(moment: datetime) -> datetime:
    if not EARLIEST <= moment < LATEST:  # aware datetimes compare across offsets without leaving the calendar
        raise InvalidMoment("a date and time of the years 1900 to 2199 (UTC) is expected")
    return moment


Moment = Annotated[
    AwareDatetime, Strict(False), BeforeValidator(_written), AfterValidator(_bounded), WithJsonSchema(_SCHEMA)
]
"""An aware `datetime` from 1900-01-01T00:00:00Z up to before 2200-01-01T00:00:00Z."""
