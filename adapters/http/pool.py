"""Connections of one origin, kept alive and bounded."""

import asyncio
import socket
import ssl
from collections import deque
from urllib.parse import urlsplit

from adapters.errors import Misconfigured
from adapters.http.connection import Connection, Limits
from adapters.http.errors import Disconnected, NotConnected, TimedOut
from adapters.http.response import Response
from adapters.http.trust import by_nobody_known


class Origin:
    """Scheme, host and port (RFC 6454). Raises `Misconfigured` for a URL that is not http(s) or holds a password."""

    def __init__(self, url: str) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise Misconfigured("a base URL cannot be read as a URL") from None
        if parts.scheme not in ("http", "https") or not host or not host.isascii() or not host.isprintable():
            raise Misconfigured("a base URL starts with http:// or https:// and names a host")
        if parts.username is not None or parts.password is not None:
            raise Misconfigured("a base URL holds no user or password; give them as secrets")
        self.secure = parts.scheme == "https"
        self.host = host
        self.port = port or (443 if self.secure else 80)
        named = f"[{host}]" if ":" in host else host
        self.authority = named if port is None else f"{named}:{port}"
        self.text = f"{parts.scheme}://{self.authority}"


class Pool:
    """At most `limits.connections` at once; who comes later waits until one is free, within its deadline."""

    def __init__(self, origin: Origin, limits: Limits, tls: ssl.SSLContext | None = None) -> None:
        self.origin = origin
        self.limits = limits
        self._tls = (tls or ssl.create_default_context()) if origin.secure else None
        self._idle: deque[Connection] = deque()
        self._waiters: deque[asyncio.Future[None]] = deque()
        self._busy: set[Connection] = set()
        self._slots = limits.connections
        self._closed = False

    async def send(self, message: bytes, seconds: float, *, repeatable: bool, bodiless: bool = False) -> Response:
        """Send one request and give its answer, within so many seconds in all.

        A kept connection may have been closed by the other side in the same moment: where nothing of an answer came
        and the request is `repeatable`, it is sent once more on a new connection.
        """
        deadline = asyncio.get_running_loop().time() + seconds
        connection = self._take() or await self._open(deadline, seconds, fresh=False)
        try:
            return await self._exchange(connection, message, deadline, seconds, bodiless)
        except Disconnected as error:
            if not (repeatable and error.unanswered and connection.served):
                raise
        connection = await self._open(deadline, seconds, fresh=True)
        return await self._exchange(connection, message, deadline, seconds, bodiless)

    async def aclose(self) -> None:
        """Close what is open; calls under way fail."""
        self._closed = True
        for connection in (*self._idle, *self._busy):
            connection.close()
        self._idle.clear()
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_exception(NotConnected("the client has been closed"))
        # One turn of the loop lets the transports go.
        await asyncio.sleep(0)

    async def _exchange(
        self, connection: Connection, message: bytes, deadline: float, seconds: float, bodiless: bool
    ) -> Response:
        self._busy.add(connection)
        try:
            return await connection.exchange(message, deadline, seconds, bodiless=bodiless)
        finally:
            connection.finish()
            self._busy.discard(connection)
            self._slots += 1
            if connection.usable and not self._closed:
                self._idle.append(connection)
            self._wake()

    def _take(self) -> Connection | None:
        """A kept connection that is still good, the youngest first, while a slot is free."""
        if self._slots <= 0 or self._closed:
            return None
        idle = self._idle
        while idle:
            connection = idle.pop()
            if connection.usable and not connection.stale():
                # The oldest grow stale at the other end of the queue: let one go each time.
                if idle and idle[0].stale():
                    idle.popleft().close()
                self._slots -= 1
                return connection
            connection.close()
        return None

    async def _open(self, deadline: float, seconds: float, *, fresh: bool) -> Connection:
        """A connection, once there is room: a new one, or one that came free meanwhile unless it must be `fresh`."""
        try:
            async with asyncio.timeout_at(deadline):
                while self._slots <= 0:
                    await self._room()
                if self._closed:
                    raise NotConnected("the client has been closed")
                kept = None if fresh else self._take()
                if kept is not None:
                    return kept
                self._slots -= 1
                # Slots count calls: an idle connection above the limit makes way.
                if self._idle and len(self._idle) + len(self._busy) >= self.limits.connections:
                    self._idle.popleft().close()
                try:
                    return await self._connect()
                except BaseException:
                    self._slots += 1
                    self._wake()
                    raise
        except TimeoutError:
            raise TimedOut(f"{self.origin.text} was not connected within {seconds:.3g} s") from None

    async def _connect(self) -> Connection:
        origin = self.origin
        loop = asyncio.get_running_loop()
        try:
            _, connection = await loop.create_connection(
                lambda: Connection(origin.text, self.limits),
                origin.host,
                origin.port,
                ssl=self._tls,
                server_hostname=origin.host if self._tls else None,
            )
        except ssl.SSLCertVerificationError as error:
            remedy = ": give that of its authority as `caFile`" if by_nobody_known(error) else ""
            raise Misconfigured(
                f"the certificate of {origin.text} does not verify ({error.verify_message}){remedy}"
            ) from None
        except ssl.SSLError:
            raise NotConnected(f"{origin.text} does not speak TLS as we do") from None
        except socket.gaierror:
            raise NotConnected(f"the host of {origin.text} is not known") from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise NotConnected(f"{origin.text} cannot be reached: {reason}") from None
        return connection

    async def _room(self) -> None:
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except BaseException:
            # Woken and cancelled in the same moment: the turn goes to the next.
            if waiter.done() and not waiter.cancelled():
                self._wake()
            raise
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _wake(self) -> None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
