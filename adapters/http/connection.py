"""One connection: an asyncio protocol that writes a request and reads its answer, one at a time."""

import asyncio
from dataclasses import dataclass
from typing import Final, cast

import httptools

from adapters.http.errors import BadAnswer, Disconnected, TimedOut
from adapters.http.response import Response


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client may hold: connections at once, seconds that an idle one is kept, bytes of an answer."""

    connections: int = 64
    idle_seconds: float = 15.0
    header_bytes: int = 32 * 1024
    body_bytes: int = 4 * 1024 * 1024


# Where the reading of a message stands.
_HEADERS: Final = 0
_BODY: Final = 1
_DONE: Final = 2
_TELLING: Final = frozenset({len("content-length"), len("content-encoding"), len("transfer-encoding")})


class Connection(asyncio.Protocol):
    """A connection that carries one exchange at a time. `reusable` tells whether it may carry the next."""

    def __init__(self, origin: str, limits: Limits) -> None:
        self.origin = origin
        self.limits = limits
        self.reusable = True
        self.served = 0  # exchanges that ended well
        self.idle_since = 0.0
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._answer: asyncio.Future[Response] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._due = 0.0
        self._seconds = 0.0
        self._bodiless = False
        self._begun = False
        self._reset()

    def _reset(self) -> None:
        self._stage = _HEADERS
        self._headers: list[tuple[bytes, bytes]] = []
        self._header_bytes = 0  # as they arrive, so that one without an end is stopped too
        self._field_bytes = 0
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._framed = False  # a length or chunks say where the body ends

    # The caller's side.

    def stale(self) -> bool:
        """Whether it has been idle for longer than the limits allow."""
        return self.idle_since + self.limits.idle_seconds < self._loop.time()

    @property
    def usable(self) -> bool:
        """Whether a request may be written now."""
        return self.reusable and self._transport is not None and not self._transport.is_closing()

    def exchange(
        self, message: bytes, deadline: float, seconds: float, *, bodiless: bool
    ) -> asyncio.Future[Response]:
        """Write a request; the future gives the answer. `deadline` is of the loop's clock, `seconds` for the message.

        `bodiless` is for HEAD. Cancelling the future makes the connection unusable.
        """
        self._answer = answer = self._loop.create_future()
        self._begun = False
        self._bodiless = bodiless
        self._seconds = seconds
        self._due = deadline
        if self._timer is None or self._timer.when() > deadline:
            self._watch()
        cast(asyncio.Transport, self._transport).write(message)
        return answer

    def finish(self) -> None:
        """After the future is done, in whatever way: the connection is idle, or closed."""
        answer, self._answer = self._answer, None
        if answer is None or not answer.done() or answer.cancelled() or self._stage != _DONE:
            self.close()
        elif self.reusable:
            self._reset()
            self.served += 1
            self.idle_since = self._loop.time()
        else:
            self.close()

    def close(self) -> None:
        """Close at once; nothing is waited for."""
        self.reusable = False
        if self._transport is not None:
            self._transport.abort()

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None or answer.done():
            self.close()  # nobody asked: it must not become the next request's answer
            return
        self._begun = True
        if self._stage == _HEADERS:
            self._header_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail("switched protocols unasked")
        except httptools.HttpParserError:
            self._fail("answered something that is not HTTP/1.1")
        if self._stage == _HEADERS and self._header_bytes > self.limits.header_bytes:
            self._fail(f"answered more than {self.limits.header_bytes} bytes of headers")

    def connection_lost(self, exc: Exception | None) -> None:
        self.reusable = False
        self._unwatch()
        answer = self._answer
        if answer is None or answer.done():
            return
        if self._stage == _BODY and not self._framed and exc is None:
            self._complete()  # a body without a length ends with the connection (RFC 9112, section 6.3)
        else:
            unanswered = not self._begun
            said = "closed the connection without an answer" if unanswered else "broke off in the midst of its answer"
            answer.set_exception(Disconnected(f"{self.origin} {said}", unanswered=unanswered))

    # The parser's side.

    def on_message_begin(self) -> None:
        if self._stage == _DONE:
            self.reusable = False  # a second answer to one request

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._stage == _DONE:
            return
        self._field_bytes += len(name) + len(value)
        if self._field_bytes > self.limits.header_bytes:
            self._fail(f"answered more than {self.limits.header_bytes} bytes of headers")
            return
        if self._stage == _BODY:
            return  # a trailer: nothing that we act on may arrive after the body
        if len(name) in _TELLING:
            lower = name.lower()
            if lower == b"content-length" or lower == b"transfer-encoding":
                self._framed = True
            elif lower == b"content-encoding" and value.lower() != b"identity":
                self._fail("answered with a compressed body, which nobody asked for")
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._stage == _DONE:
            return
        status = self._parser.get_status_code()
        if 100 <= status < 200:
            return
        self._stage = _BODY
        if not self._parser.should_keep_alive():
            self.reusable = False
        if self._bodiless:
            self.reusable = False  # the parser waits for a body that never comes
            self._complete()

    def on_body(self, body: bytes) -> None:
        if self._stage != _BODY:
            return
        self._body_bytes += len(body)
        if self._body_bytes > self.limits.body_bytes:
            self._fail(f"answered more than {self.limits.body_bytes} bytes")
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        if self._stage == _BODY:
            self._complete()
        elif self._stage == _HEADERS:
            self._reset()  # an interim answer (1xx); the real one follows

    def _complete(self) -> None:
        self._stage = _DONE
        answer = self._answer
        if answer is not None and not answer.done():
            body = self._body
            answer.set_result(
                Response(
                    self.origin,
                    self._parser.get_status_code(),
                    self._headers,
                    body[0] if len(body) == 1 else b"".join(body),
                )
            )

    def _fail(self, said: str) -> None:
        self._stage = _DONE
        self.reusable = False
        answer = self._answer
        if answer is not None and not answer.done():
            answer.set_exception(BadAnswer(f"{self.origin} {said}"))
        self.close()

    def _watch(self) -> None:
        """One timer a connection, which may ring for an exchange that is over: cheaper than one for each."""
        self._unwatch()
        self._timer = self._loop.call_at(self._due, self._expire)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _expire(self) -> None:
        self._timer = None
        answer = self._answer
        if answer is None or answer.done():
            return
        if self._loop.time() < self._due:
            self._watch()
        else:
            answer.set_exception(TimedOut(f"{self.origin} did not answer within {self._seconds:.3g} s"))
            self.close()
