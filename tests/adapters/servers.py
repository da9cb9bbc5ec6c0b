"""Real HTTP servers on a free port: raw ones that say exactly the bytes that a test gives them."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Asked:
    """One request as it came in."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(self.body.decode()).items()}


Reply = bytes | None  # None: hang up without a word
Respond = Callable[[Asked], Reply | Awaitable[Reply]]


@dataclass
class Running:
    """The server's address, and what it was asked."""

    port: int
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    open: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self.open:
            writer.close()


def answer(
    body: bytes | object, status: int = 200, headers: dict[str, str] | None = None, *, last: bool = False
) -> bytes:
    """A well-formed answer; anything but bytes goes as JSON. `last` says that the connection closes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = {"content-type": "application/json", **(headers or {}), "content-length": str(len(content))}
    if last:
        lines["connection"] = "close"
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + content


@asynccontextmanager
async def serving(respond: Respond, **options: Any) -> AsyncIterator[Running]:
    """Serve each request with the bytes that `respond` gives. A reply with `connection: close` ends it."""
    running = Running(0)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        running.connections += 1
        number = running.connections
        running.open.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.rstrip("\r\n").split("\r\n")
                method, target, _ = first.split(" ")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                asked = Asked(method, target, headers, body, number)
                running.asked.append(asked)
                reply = respond(asked)
                said = reply if isinstance(reply, bytes) or reply is None else await reply
                if said is None:
                    return
                writer.write(said)
                await writer.drain()
                if b"connection: close" in said.partition(b"\r\n\r\n")[0]:
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            running.open.discard(writer)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, **options)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        running.hang_up()
        await asyncio.sleep(0)
