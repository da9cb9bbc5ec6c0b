"""Work in a process of its own, so that it and the event loop's Python need not wait for each other.

The process is forked before anything runs in this one: no thread, no connection, no loop. It takes parcels one by one
and answers each. It lives as long as the socket between the two: where this process is gone it ends what it has in
hand, and then itself.
"""

import asyncio
import gc
import logging
import os
import select
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NoReturn

CAN = sys.platform == "linux"
"""Whether a process can be had here."""
GRACE = 10.0
"""Seconds that a parcel in hand may take once the other process is gone."""
_LENGTH = struct.Struct(">I")
_AT_ONCE = 1 << 18


class Apart:
    """This side of it. The process begins as this is made: `answer` makes the answer to each parcel, `end` is called
    at its end. `name`, of 15 characters at most, is what `ps -o comm` and `top` show."""

    def __init__(
        self, name: str, answer: Callable[[bytearray], bytes], end: Callable[[], None] = lambda: None
    ) -> None:
        self._socket, theirs = socket.socketpair()
        # Whoever is forked later does not hold this side open: the process would not see that we are gone.
        os.register_at_fork(after_in_child=self._socket.close)
        self.gone = False
        """Whether it is, or was told to go."""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._arrived = bytearray()
        self._leaving = bytearray()
        self._writing = False
        self._reaped = False
        self.pid = os.fork()
        if self.pid == 0:
            _run(name, theirs, answer, end)
        theirs.close()

    def begin(
        self, loop: asyncio.AbstractEventLoop, answered: Callable[[memoryview], None], lost: Callable[[], None]
    ) -> None:
        """From now on `answered` is called, in the loop, with each answer, in the order of the parcels; `lost` once,
        where the process is gone and was not told to go."""
        self._loop, self._answered, self._lost = loop, answered, lost
        loop.add_reader(self._socket.fileno(), self._read)

    def send(self, parcel: bytes) -> None:
        """Send a parcel, or begin to: the loop waits for nobody. Where the process is gone `lost` tells it."""
        self._leaving += _LENGTH.pack(len(parcel)) + parcel
        if not self._writing:
            self._write()

    def kill(self) -> None:
        """End it, whatever it does."""
        if not self._reaped:
            os.kill(self.pid, signal.SIGKILL)

    async def aclose(self) -> None:
        """Tell it to end, and wait until it has."""
        self.gone = True
        if self._loop is not None:
            self._loop.remove_reader(self._socket.fileno())
            self._loop.remove_writer(self._socket.fileno())
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        await asyncio.to_thread(self._reap)
        self._socket.close()

    def _reap(self) -> None:
        """Wait for its end."""
        if not self._reaped:
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self._reaped = True

    def _write(self) -> None:
        """What the process has not taken yet goes when it takes more: while it has a parcel in hand it takes none."""
        assert self._loop is not None
        try:
            sent = self._socket.send(self._leaving, socket.MSG_DONTWAIT)
        except BlockingIOError:
            sent = 0
        except OSError:  # it is gone: reading finds that out, and tells
            sent = len(self._leaving)
        del self._leaving[:sent]
        if bool(self._leaving) is self._writing:
            return
        self._writing = not self._writing
        if self._writing:
            self._loop.add_writer(self._socket.fileno(), self._write)
        else:
            self._loop.remove_writer(self._socket.fileno())

    def _read(self) -> None:
        try:
            data = self._socket.recv(_AT_ONCE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.gone = True
            assert self._loop is not None
            self._loop.remove_reader(self._socket.fileno())
            self._reap()  # it has closed its side by ending, and in no other way
            self._lost()
            return
        self._arrived += data
        while len(self._arrived) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(self._arrived)[0]
            if len(self._arrived) < end:
                return
            whole, self._arrived = self._arrived, self._arrived[end:]
            self._answered(memoryview(whole)[_LENGTH.size : end])


def leave_alone() -> None:
    """What is there by now stays: the collector need not walk it again every few requests. It does not walk it here
    either: that would write to pages that two processes share."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


# --- in the process ---


def _run(name: str, other: socket.socket, answer: Callable[[bytearray], bytes], end: Callable[[], None]) -> NoReturn:
    """Until the other process is gone. What that would do at its end is not done twice."""
    status = 1
    try:
        for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # a terminal's or a supervisor's go to both
            signal.signal(one, signal.SIG_IGN)
        with suppress(OSError):
            Path("/proc/self/comm").write_text(name, encoding="ascii")
        leave_alone()
        threading.Thread(target=_watch, args=(other,), name="watch", daemon=True).start()
        while (parcel := _received(other)) is not None:
            answered = answer(parcel)
            other.sendall(_LENGTH.pack(len(answered)) + answered)
        end()
        status = 0
    except (BrokenPipeError, ConnectionResetError):
        status = 0
    except BaseException:
        logging.getLogger(__name__).exception("%s ends", name)
    finally:
        os._exit(status)


def _received(other: socket.socket) -> bytearray | None:
    head = _exactly(other, _LENGTH.size)
    return None if head is None else _exactly(other, _LENGTH.unpack(head)[0])


def _exactly(other: socket.socket, length: int) -> bytearray | None:
    data = bytearray(length)
    rest = memoryview(data)
    while rest:
        count = other.recv_into(rest)
        if not count:
            return None
        rest = rest[count:]
    return data


def _watch(other: socket.socket) -> None:
    """A database that does not answer would hold this process for ever, and nobody would know of it."""
    poll = select.poll()
    poll.register(other.fileno(), 0)
    while not poll.poll():
        pass
    time.sleep(GRACE)
    os._exit(3)
