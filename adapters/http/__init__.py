"""A small HTTP/1.1 client over httptools, and the same as an httpx transport.

    client = HttpClient("https://benefits.example/api", headers={"X-Client": "threekeys"}, timeout=2.0)
    response = await client.post("/claims/search", json={"ni": nino}, idempotent=True)
    claims = response.raise_for_source().json()

It exists for the exchange's hot path: one protocol object a connection, one write a request, no task and no
intermediate object a call. It follows no redirect, reads no proxy setting, keeps no cookie, decompresses nothing.

Security: header and body size are bounded; a name or value that could break out of its line is refused; bytes that
nobody asked for close the connection, so that no answer is ever taken for another's
(`test_bytes_after_an_answer_are_never_the_next_answer`). Messages name the origin and never the path, which could
hold an identifier.
"""

from adapters.http.client import HttpClient
from adapters.http.connection import Limits
from adapters.http.errors import BadAnswer, Disconnected, NotConnected, TimedOut
from adapters.http.httpx_transport import HttpxTransport
from adapters.http.response import Response

__all__ = [
    "BadAnswer",
    "Disconnected",
    "HttpClient",
    "HttpxTransport",
    "Limits",
    "NotConnected",
    "Response",
    "TimedOut",
]
