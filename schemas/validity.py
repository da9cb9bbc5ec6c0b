"""Validity: what is true for a time says from when until when (SEMIC Core Person, Period of Time)."""

from schemas.base import WireModel
from schemas.dates import PartialDate


class Validity(WireModel):
    """Something that holds for a period. Both ends are inclusive; an absent or null end is open or unknown."""

    valid_from: PartialDate | None = None
    valid_until: PartialDate | None = None
