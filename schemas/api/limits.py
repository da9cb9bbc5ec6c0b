"""What is left of an agreement's limits: in what may be asked for, and in the refusal once nothing is."""

from schemas.base import WireModel, shown
from schemas.examples import agreements


class LimitsLeft(WireModel):
    """What is left of the limits now: fetches in the sliding minute, and in the UTC day."""

    model_config = shown(agreements.LEFT)

    per_minute: int
    per_minute_left: int
    per_day: int
    per_day_left: int
