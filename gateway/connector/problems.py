"""The connector's own problems (RFC 9457): what the gateway was not asked, or did not answer.

Their `type` is a page of the gateway too: it knows them by this table, though it gives none of them.
"""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One type: its code, status, title, and what to do."""

    code: str
    status: int
    title: str
    explanation: str


SIGNS_ITSELF = Kind(
    "signs-itself", 400, "The connector signs each request itself",
    "Send neither Authorization nor DPoP; name another client by Threekeys-Client.",
)  # fmt: skip
CLIENT_NOT_HELD = Kind(
    "client-not-held", 400, "The connector holds no such client",
    "Threekeys-Client names a client that the connector was started with; without the header it is the first.",
)  # fmt: skip
FROM_A_BROWSER = Kind(
    "from-a-browser", 403, "Requests of web pages are refused",
    "Call the connector from a program of your own, without Origin and Sec-Fetch-Site.",
)  # fmt: skip
NOT_THIS_MACHINE = Kind(
    "not-this-machine", 403, "Only programs of this machine are served",
    "Run a connector on the machine that calls; it signs with that machine's key.",
)  # fmt: skip
TOO_LARGE = Kind(
    "too-large", 413, "The body is larger than the connector forwards",
    "Send at most 256 KB, one record a call: no call of the gateway needs a larger body.",
)  # fmt: skip
NOT_LOOPBACK = Kind(
    "not-loopback", 421, "The Host header must name this machine's loopback",
    "Call the connector as 127.0.0.1, [::1] or localhost, with one Host header.",
)  # fmt: skip
TOKEN_REFUSED = Kind(
    "token-refused", 502, "The gateway gave the client no token",
    "Check the client's id, its key file, that --gateway is the gateway's base URL, and with the operator what is "
    "registered for it.",
)  # fmt: skip
NOT_TRUSTED = Kind(
    "gateway-not-trusted", 502, "The gateway is not trusted",
    "Its certificate does not verify, and nothing was sent. Give that of its authority, PEM, with --ca-file.",
)  # fmt: skip
NO_GATEWAY = Kind(
    "no-gateway", 502, "What answers is no gateway",
    "Check that --gateway is the gateway's base URL: its host, its port, and whether it is http or https.",
)  # fmt: skip
UNREACHABLE = Kind(
    "gateway-unreachable", 503, "The gateway cannot be reached now",
    "Wait as long as Retry-After says, and repeat the same body with the same Idempotency-Key. If it lasts, check "
    "that --gateway is the gateway's base URL, and that it runs.",
)  # fmt: skip
SLOW = Kind(
    "gateway-slow", 504, "The gateway did not answer in time",
    "It may have done what was asked: repeat the same body with the same Idempotency-Key.",
)  # fmt: skip

KINDS = (
    SIGNS_ITSELF, CLIENT_NOT_HELD, FROM_A_BROWSER, NOT_THIS_MACHINE, TOO_LARGE, NOT_LOOPBACK, TOKEN_REFUSED,
    NOT_TRUSTED, NO_GATEWAY, UNREACHABLE, SLOW,
)  # fmt: skip


def body(kind: Kind, base_url: str, detail: str | None = None) -> bytes:
    """The problem: `source` tells it from the gateway's own, `detail` says what to do."""
    members = {"title": kind.title, "status": kind.status, "code": kind.code, "detail": detail or kind.explanation}
    return json.dumps({"type": f"{base_url}/problems/{kind.code}", **members, "source": "connector"}).encode()
