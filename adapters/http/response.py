"""An answer, whole: status, headers, body."""

import time
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Self

import jiter

from adapters.errors import Misconfigured, NotFound, Permanent, Retriable
from adapters.http.errors import BadAnswer


class Response:
    """What the other side answered. `origin` is for messages; headers are as they came, in `raw_headers`."""

    __slots__ = ("__dict__", "body", "origin", "raw_headers", "status")

    def __init__(self, origin: str, status: int, raw_headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.origin = origin
        self.status = status
        self.raw_headers = raw_headers
        self.body = body

    @cached_property
    def headers(self) -> dict[str, str]:
        """Headers by lower-case name; repeated ones joined by ", " (RFC 9110, section 5.3)."""
        found: dict[str, str] = {}
        for name, value in self.raw_headers:
            key = name.decode("latin-1").lower()
            text = value.decode("latin-1")
            found[key] = f"{found[key]}, {text}" if key in found else text
        return found

    @property
    def text(self) -> str:
        """The body as UTF-8. Raises `BadAnswer` where it is none."""
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            raise BadAnswer(f"{self.origin} answered text that is not UTF-8") from None

    def json(self) -> Any:
        """The body as JSON (RFC 8259), strictly: a key twice, NaN and infinity are refused. Raises `BadAnswer`."""
        try:
            # The cache is for keys only: values are personal, and would stay in memory.
            return jiter.from_json(
                self.body, allow_inf_nan=False, catch_duplicate_keys=True, cache_mode="keys", partial_mode=False
            )
        except ValueError:
            raise BadAnswer(
                f"{self.origin} answered {self.status} with a body that is not well-formed JSON"
                " (a key twice or NaN counts as such)"
            ) from None

    @property
    def retry_after(self) -> float | None:
        """Seconds that the source asks to wait (RFC 9110, section 10.2.3), None where it does not say."""
        value = self.headers.get("retry-after", "").strip()
        if value.isdecimal():
            return float(value)
        try:
            return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
        except (ValueError, TypeError):
            return None

    def raise_for_source(self) -> Self:
        """Itself where the status is 2xx; else the error that says what to do about it."""
        status = self.status
        if 200 <= status < 300:
            return self
        said = f"{self.origin} answered {status}"
        if status in (408, 425, 429) or status >= 500:
            raise Retriable(said, retry_after=self.retry_after)
        if status in (401, 403):
            raise Misconfigured(f"{said}: it does not accept our credentials")
        if status == 404:
            raise NotFound(said)
        if 300 <= status < 400:
            raise Misconfigured(f"{said}: redirects are not followed; set the address that it leads to")
        raise Permanent(said)
