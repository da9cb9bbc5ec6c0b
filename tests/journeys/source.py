"""An agency's own system under a test's control: HTTP, and it answers when and what the test says."""

import asyncio
import json
import socket
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Answer = tuple[int, str, bytes]
"""Status, content type, body."""


@dataclass(frozen=True, slots=True)
class Read:
    """One read as the agency's own log has it. `at` in microseconds."""

    exchange_id: str
    nino: str
    target: str
    at: int


@dataclass(slots=True)
class Hold:
    """A read that waits: `arrived` is set by the source, `let_go` by the test."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    let_go: asyncio.Event = field(default_factory=asyncio.Event)


class HeldSource:
    """Has a port of its own from the beginning, and answers there once `start` has run in the test's loop."""

    def __init__(self, answer: Callable[[Read], Answer]) -> None:
        self.answer = answer
        self.reads: list[Read] = []
        self.pause: Callable[[Read], Awaitable[None]] | None = None
        self._holds: dict[str, Hold] = {}
        self._serving: set[asyncio.Task[None]] = set()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server: asyncio.Server

    async def start(self) -> None:
        """Answer."""
        self._server = await asyncio.start_server(self._connected, sock=self._socket)

    async def stop(self) -> None:
        """Answer no more."""
        self._server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)

    def hold(self, nino: str) -> Hold:
        """The next read about this person waits until the test lets it go."""
        hold = self._holds[nino] = Hold()
        return hold

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._serving.add(task)
        task.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = _headers(head[1:])
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, kind, content = await self._answer(head[0].split(" ")[1], headers, body)
                start = f"HTTP/1.1 {status} So\r\ncontent-type: {kind}\r\ncontent-length: {len(content)}\r\n\r\n"
                writer.write(start.encode() + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        nino = str(json.loads(body)["nino"])
        read = Read(headers["x-exchange-id"], nino, target, time.time_ns() // 1000)
        self.reads.append(read)
        hold = self._holds.pop(nino, None)
        if hold is not None:
            hold.arrived.set()
            await hold.let_go.wait()
        if self.pause is not None:
            await self.pause(read)
        return self.answer(read)


def _headers(lines: list[str]) -> dict[str, str]:
    pairs = (line.split(":", 1) for line in lines if line)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def json_answer(document: Mapping[str, Any]) -> Answer:
    """200 with this JSON."""
    return 200, "application/json", json.dumps(document).encode()
