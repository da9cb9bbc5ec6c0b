"""RFC 9457 problem details, as every route but `/oauth/*` answers errors."""

from typing import Literal

from schemas.api.limits import LimitsLeft
from schemas.base import WireModel


class Remedy(WireModel):
    """How to get the missing key."""

    text: str
    method: str | None = None
    href: str | None = None


class ReasonBody(WireModel):
    """One reason of a refusal."""

    code: str
    missing_key: Literal["law", "agreement", "person"] | None = None
    title: str
    fields: list[str] | None = None
    remedy: Remedy


class FaultAt(WireModel):
    """One fault of the body. `pointer` is an RFC 6901 JSON Pointer; for an unknown member, its parent's."""

    pointer: str
    detail: str


class Problem(WireModel):
    """`application/problem+json`."""

    type: str
    title: str
    status: int
    code: str
    detail: str | None = None
    request_id: str | None = None
    exchange_id: str | None = None
    reasons: list[ReasonBody] | None = None
    limits: LimitsLeft | None = None
    errors: list[FaultAt] | None = None
