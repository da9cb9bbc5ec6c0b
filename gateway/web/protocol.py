"""HTTP/1.1 for callers of whom nothing is known yet: uvicorn's httptools protocol, with an end to all that it awaits.

uvicorn limits neither the size of a request's head with httptools, nor the time in which it comes, nor how long a
connection may stay that never asks for anything; anybody could fill the gateway's memory before authentication.
"""

from asyncio import TimerHandle, Transport
from operator import itemgetter
from typing import ClassVar

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from gateway.errors import GatewayError
from gateway.web.errors import HeadTooLarge, MalformedRequest
from gateway.web.problems import MEDIA_TYPE, problem_bytes
from gateway.web.requests import CROWDED

MOST_FRAMING = 16 * 1024
"""Bytes of a request that are no body: its head, the framing of chunks, trailers."""
HEAD_SECONDS = 15.0
"""Seconds from the connection, or from what follows a finished request, until a head is whole."""
_NAME = itemgetter(0)


def bounded(base_url: str, most: int) -> type["BoundedHttp"]:
    """The protocol of a gateway of this address, for `most` connections or requests under way at a time: what cannot
    be read, and what is too much, is answered with a problem too (RFC 9457)."""

    class Bounded(BoundedHttp):
        most_at_once = most
        malformed = _refusal(MalformedRequest(), base_url)
        too_large = _refusal(HeadTooLarge(), base_url)

    return Bounded


def _refusal(error: GatewayError, base_url: str) -> tuple[bytes, bytes]:
    """Status line, and what follows the fields that the server adds to every answer. No request id is known yet."""
    body = problem_bytes(error, base_url, "")
    fields = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\ncache-control: no-store\r\n"
    return STATUS_LINE[error.status], fields.encode() + b"connection: close\r\n\r\n" + body


class BoundedHttp(HttpToolsProtocol):
    """One connection: at most `MOST_FRAMING` bytes around a body (431), and `HEAD_SECONDS` for a head (closed).

    Beyond `most_at_once` connections a new one is told so, and beyond as many requests under way each of them (503).
    One Host field, and in HTTP/1.1 not none (400; RFC 9112, section 3.2): two readers could each take another.
    No field after a body (400): whoever checked the head, a proxy say, has not seen it, and so it counts for nothing
    (RFC 9110, section 6.5.1); a caller who means something by it is told rather than passed over.
    """

    most_at_once: ClassVar[int]
    malformed: ClassVar[tuple[bytes, bytes]]
    too_large: ClassVar[tuple[bytes, bytes]]

    _framing = 0
    _in_head = False
    _in_body = False
    _too_large = False
    _late = False
    _overdue: float | None = None
    _timer: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        super().connection_made(transport)
        self._late = len(self.connections) > self.most_at_once
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        self._framing += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._framing > MOST_FRAMING:
            self._refuse(self.too_large)
        elif self._overdue is None and (self._in_head or not self._answering()):
            self._await_head()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self._framing > MOST_FRAMING and self._head() > MOST_FRAMING:
            self._too_large = True
            raise HttpParserError  # no request comes of it
        hosts = [*map(_NAME, self.headers)].count(b"host")
        if hosts != 1 and (hosts or self.parser.get_http_version() == "1.1"):
            raise HttpParserError
        self._in_head, self._in_body = False, True
        self._head_came()
        if len(self.tasks) >= self.most_at_once or (self._late and len(self.connections) > self.most_at_once):
            self.scope[CROWDED] = True  # type: ignore[literal-required]  # a member of ours
        super().on_headers_complete()
        self.headers = []  # what follows the body is kept apart from the fields that the request was begun with

    def on_body(self, body: bytes) -> None:
        self._framing -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self.headers:
            raise HttpParserError
        self._framing, self._in_body = 0, False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._in_body and self._overdue is None and not self.transport.is_closing():
            self._await_head()  # answered before the body was whole: its rest, and a next head, have that long

    def send_400_response(self, msg: str) -> None:
        """What the parser's errors end in; ours among them."""
        self._refuse(self.too_large if self._too_large else self.malformed)

    def _refuse(self, refusal: tuple[bytes, bytes]) -> None:
        if not self._answering() or self._in_turn():
            if self.cycle is not None:
                self.cycle.disconnected = True  # whatever its room had to say, this is its answer
            status, rest = refusal
            served = b"".join(b"%b: %b\r\n" % field for field in self.server_state.default_headers)
            self.transport.write(status + served + rest)
        self.transport.close()

    def _in_turn(self) -> bool:
        """Whether the next answer is that to the request which is being read, and has not begun. An answer that has
        is not cut in two, and to a request before it no refusal is an answer."""
        return self._in_body and not self.pipeline and not self.cycle.response_started

    def _head(self) -> int:
        """Bytes of the head: each field with its colon, blank and line end (RFC 9112, section 5)."""
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _await_head(self) -> None:
        """From now on. One timer a connection sees to it, late where it must: to set and cancel one for each request
        costs more than all the rest of this class."""
        self._overdue = self.loop.time() + HEAD_SECONDS
        if self._timer is None:
            self._timer = self.loop.call_at(self._overdue, self._look_at_the_clock)

    def _head_came(self) -> None:
        self._overdue = None

    def _look_at_the_clock(self) -> None:
        self._timer = None
        if self._overdue is None:
            return
        if self.loop.time() < self._overdue:
            self._timer = self.loop.call_at(self._overdue, self._look_at_the_clock)
        elif self._answering():  # the head of a pipelined request: the answer before it goes first
            self._await_head()
        else:
            self.transport.close()
