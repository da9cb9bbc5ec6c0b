"""TLS: a certificate that verifies, and some that do not."""

import asyncio
from pathlib import Path

import pytest

from adapters.errors import Misconfigured
from adapters.http import HttpClient, NotConnected
from adapters.http.trust import trusting
from tests.adapters.servers import answer, serving
from tests.authority import Authority

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


async def test_a_certificate_that_verifies_is_spoken_to(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context, tls = authority.context(), trusting(authority.file)
    async with (
        serving(lambda _: answer({"safe": True}), ssl=context) as server,
        HttpClient(f"https://127.0.0.1:{server.port}", tls=tls) as client,
    ):
        for _ in range(2):
            assert (await client.post("/", json={})).json() == {"safe": True}
    assert server.connections == 1


async def test_a_certificate_of_an_unknown_authority_is_misconfigured(tmp_path: Path) -> None:
    context = Authority(tmp_path).context()
    async with (
        serving(lambda _: answer({}), ssl=context) as server,
        HttpClient(f"https://127.0.0.1:{server.port}") as client,
    ):
        with pytest.raises(Misconfigured, match=r"does not verify .*: give that of its authority as `caFile`"):
            await client.get("/")
    assert not server.asked


async def test_a_certificate_for_another_host_is_misconfigured(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context, tls = authority.context("127.0.0.2"), trusting(authority.file)
    async with (
        serving(lambda _: answer({}), ssl=context) as server,
        HttpClient(f"https://127.0.0.1:{server.port}", tls=tls) as client,
    ):
        with pytest.raises(Misconfigured, match=r"does not verify \(IP address mismatch.*\)$"):
            await client.get("/")
    assert not server.asked


async def test_a_server_without_tls_is_not_connected() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with HttpClient(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client:
        with pytest.raises(NotConnected):
            await client.get("/")
    server.close()
