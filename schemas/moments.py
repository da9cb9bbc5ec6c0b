"""Moments on the wire: `Moment`, a date and time with its offset (RFC 3339), in the years that we reckon in.

The years are bounded, so that a moment in microseconds always fits into the integers that JSON carries exactly
(2^53, RFC 7493 section 2.2: the years 1685 to 2255), and no offset leads out of the calendar.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, WithJsonSchema

EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
"""The first moment that is too late."""
_SCHEMA: Final[dict[str, Any]] = {
    "type": "string",
    "format": "date-time",
    "description": "RFC 3339 with an offset, of the years 1900 to 2199 in UTC.",
}


class InvalidMoment(ValueError):
    """A moment outside the bounds. The message never holds the value."""


def _bounded(moment: datetime) -> datetime:
    if not EARLIEST <= moment < LATEST:  # aware datetimes compare across offsets without leaving the calendar
        raise InvalidMoment("a date and time of the years 1900 to 2199 (UTC) is expected")
    return moment


Moment = Annotated[AwareDatetime, AfterValidator(_bounded), WithJsonSchema(_SCHEMA)]
"""An aware `datetime` from 1900-01-01T00:00:00Z up to before 2200-01-01T00:00:00Z."""
