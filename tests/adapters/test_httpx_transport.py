"""The client as an httpx transport."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from adapters.http import HttpxTransport, Limits
from tests.adapters.servers import Asked, Reply, answer, serving

pytestmark = pytest.mark.anyio


async def test_httpx_reads_and_writes_through_it() -> None:
    async with (
        serving(lambda asked: answer({"said": asked.body.decode()})) as server,
        httpx.AsyncClient(base_url=server.url, transport=HttpxTransport()) as client,
    ):
        posted = await client.post("/a?b=c", json={"x": 1}, headers={"X-Y": "z"})
        empty = await client.post("/empty")
        streamed = await client.post("/stream", content=_pieces())
        head = await client.head("/head")
    assert posted.json() == {"said": '{"x":1}'}
    assert streamed.json() == {"said": "onetwo"}
    assert (empty.status_code, head.content) == (200, b"")
    assert (server.asked[0].target, server.asked[0].headers["x-y"]) == ("/a?b=c", "z")
    assert server.asked[1].headers["content-length"] == "0"
    assert server.connections == 1


async def _pieces() -> AsyncIterator[bytes]:
    yield b"one"
    yield b"two"


async def test_it_keeps_one_pool_an_origin() -> None:
    async with (
        serving(lambda _: answer({})) as one,
        serving(lambda _: answer({})) as two,
        httpx.AsyncClient(transport=HttpxTransport(limits=Limits(connections=2))) as client,
    ):
        for _ in range(3):
            await client.get(one.url)
            await client.get(two.url)
    assert (one.connections, two.connections) == (1, 1)


@pytest.mark.parametrize(
    ("said", "error"),
    [(b"garbage\r\n\r\n", httpx.RemoteProtocolError), (None, httpx.RemoteProtocolError), (b"", httpx.ReadTimeout)],
    ids=["garbage", "hung up", "silent"],
)
async def test_its_errors_are_httpxs_own(said: Reply, error: type[Exception]) -> None:
    async def respond(_: Asked) -> Reply:
        if said == b"":
            await asyncio.sleep(30)
        return said

    async with serving(respond) as server, httpx.AsyncClient(transport=HttpxTransport(), timeout=0.3) as client:
        with pytest.raises(error):
            await client.get(server.url)


async def test_nobody_listening_is_a_connect_error() -> None:
    async with serving(lambda _: answer({})) as server:
        pass
    async with httpx.AsyncClient(transport=HttpxTransport()) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(server.url)


async def test_a_header_that_breaks_its_line_is_not_sent() -> None:
    async with serving(lambda _: answer({})) as server, httpx.AsyncClient(transport=HttpxTransport()) as client:
        with pytest.raises(httpx.LocalProtocolError):
            await client.get(server.url, headers={"X": "a\r\nY: b"})
    assert not server.asked
