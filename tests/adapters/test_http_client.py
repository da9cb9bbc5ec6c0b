"""The HTTP client against real servers, well-behaved and not."""

import asyncio
import time

import pytest

from adapters.http import BadAnswer, Disconnected, HttpClient, Limits, NotConnected, TimedOut
from tests.adapters.servers import Asked, Reply, Respond, answer, serving

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


async def _get(respond: Respond, limits: Limits | None = None, timeout: float = 5.0) -> bytes:
    async with serving(respond) as server, HttpClient(server.url, timeout=timeout, limits=limits) as client:
        return (await client.get("/x")).body


async def test_a_get_brings_status_headers_and_body() -> None:
    async with (
        serving(lambda _: answer({"a": [1]}, 207, {"X-Two": "1", "x-two": "2"})) as server,
        HttpClient(f"{server.url}/api/", headers={"X-Client": "tk"}) as client,
    ):
        response = await client.get("/x", params={"q": "a b", "page": 2}, headers={"X-Exchange-Id": "e1"})
    assert (response.status, response.json(), response.text) == (207, {"a": [1]}, '{"a": [1]}')
    assert response.headers["x-two"] == "1, 2"
    (asked,) = server.asked
    assert (asked.method, asked.target, asked.body) == ("GET", "/api/x?q=a+b&page=2", b"")
    assert asked.headers["x-client"] == "tk"
    assert asked.headers["x-exchange-id"] == "e1"
    assert asked.headers["host"] == f"127.0.0.1:{server.port}"


async def test_a_post_carries_json_or_a_form_or_bytes() -> None:
    async with serving(lambda _: answer({})) as server, HttpClient(server.url) as client:
        await client.post("/j", json={"né": 1})
        await client.post("/f", form={"a": "1&2", "b": "é"})
        await client.post("/b", content=b"\x00\x01", headers={"Content-Type": "application/x"})
        await client.post("/j", json=[], headers={"Content-Type": "application/vnd.a+json"})
    j, f, b, own = server.asked
    assert (j.json, j.headers["content-type"]) == ({"né": 1}, "application/json")
    assert (f.form, f.headers["content-type"]) == ({"a": "1&2", "b": "é"}, "application/x-www-form-urlencoded")
    assert (b.body, b.headers["content-type"]) == (b"\x00\x01", "application/x")
    assert own.headers["content-type"] == "application/vnd.a+json"


async def test_a_calls_own_header_wins_over_the_clients() -> None:
    async with serving(lambda _: answer({})) as server, HttpClient(server.url, headers={"Accept": "a/b"}) as client:
        await client.get("/")
        await client.get("/", headers={"accept": "c/d"})
    assert [asked.headers["accept"] for asked in server.asked] == ["a/b", "c/d"]


async def test_a_connection_is_kept_for_the_next_call() -> None:
    async with serving(lambda _: answer({})) as server, HttpClient(server.url) as client:
        for _ in range(5):
            await client.get("/")
    assert server.connections == 1


async def test_an_idle_connection_is_not_kept_longer_than_its_time() -> None:
    limits = Limits(idle_seconds=0.05)
    async with serving(lambda _: answer({})) as server, HttpClient(server.url, limits=limits) as client:
        await client.get("/")
        await asyncio.sleep(0.1)
        await client.get("/")
    assert server.connections == 2


async def test_connection_close_is_heeded() -> None:
    async with serving(lambda _: answer({}, last=True)) as server, HttpClient(server.url) as client:
        await client.get("/")
        await client.get("/")
    assert server.connections == 2


async def test_chunks_are_joined_and_their_trailers_dropped() -> None:
    said = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'5\r\n{"a":\r\n3;x=y\r\n 1}\r\n0\r\nRetry-After: 99\r\n\r\n'
    )
    async with serving(lambda _: said) as server, HttpClient(server.url) as client:
        for _ in range(2):
            response = await client.get("/")
            assert response.json() == {"a": 1}
            assert response.retry_after is None
    assert server.connections == 1


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    assert await _get(lambda _: b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it") == b"all of it"


async def test_an_interim_answer_is_passed_over() -> None:
    assert await _get(lambda _: b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + answer(b"real")) == b"real"


@pytest.mark.parametrize("status", [204, 304])
async def test_an_answer_without_a_body_leaves_the_connection_usable(status: int) -> None:
    said = f"HTTP/1.1 {status} None\r\n\r\n".encode()
    async with serving(lambda _: said) as server, HttpClient(server.url) as client:
        assert [(await client.get("/")).status for _ in range(2)] == [status, status]
    assert server.connections == 1


async def test_head_has_headers_and_no_body() -> None:
    said = b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n"
    async with serving(lambda _: said) as server, HttpClient(server.url) as client:
        response = await client.request("HEAD", "/")
    assert (response.headers["content-length"], response.body) == ("50", b"")


async def test_bytes_that_dribble_in_make_the_same_answer() -> None:
    whole = answer({"slow": "but sure"})

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        for n in range(len(whole)):
            writer.write(whole[n : n + 1])
            await asyncio.sleep(0)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with HttpClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client:
        assert (await client.get("/")).json() == {"slow": "but sure"}
    server.close()


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\ncontent-length: nine\r\n\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 4\r\n\r\nabcd", BadAnswer),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nab", BadAnswer),
        (b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000 + b"\r\n\r\n", BadAnswer),
        (b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 20_000, BadAnswer),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\ncut", Disconnected),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n9\r\ncut\r\n\r\n", Disconnected),
        (None, Disconnected),
    ],
    ids=[
        "not http",
        "length is no number",
        "two lengths",
        "length and chunks",
        "chunk size is no number",
        "compressed",
        "switched protocols",
        "one huge header",
        "endless headers",
        "truncated body",
        "truncated chunks",
        "hung up",
    ],
)
async def test_an_answer_that_cannot_be_trusted_is_an_error(said: Reply, error: type[Exception]) -> None:
    with pytest.raises(error):
        await _get(lambda _: said, timeout=2.0)


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_over_the_limit_is_refused(chunked: bool) -> None:
    body = b"x" * 2000
    said = (
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n7d0\r\n" + body + b"\r\n0\r\n\r\n"
        if chunked
        else answer(body)
    )
    assert await _get(lambda _: said, Limits(body_bytes=2000)) == body
    with pytest.raises(BadAnswer, match="more than 1999 bytes"):
        await _get(lambda _: said, Limits(body_bytes=1999))


async def test_a_silent_server_ends_the_call_at_its_deadline() -> None:
    async def silent(_: Asked) -> bytes:
        await asyncio.sleep(30)
        return b""

    async with serving(silent) as server, HttpClient(server.url) as client:
        started = time.monotonic()
        with pytest.raises(TimedOut, match=r"within 0\.1 s"):
            await client.get("/", deadline=0.1)
        assert time.monotonic() - started < 1.0


async def test_a_server_that_dribbles_for_ever_ends_at_the_deadline_too() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"1\r\nx\r\n")
            await asyncio.sleep(0.01)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with HttpClient(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as client:
        with pytest.raises(TimedOut):
            await client.get("/", deadline=0.15)
    server.close()


async def test_nobody_listening_is_not_connected() -> None:
    async with serving(lambda _: answer({})) as server:
        pass
    async with HttpClient(server.url) as client:
        with pytest.raises(NotConnected):
            await client.get("/")


async def test_a_host_that_is_not_known_is_not_connected() -> None:
    async with HttpClient("http://no-such-host.invalid") as client:
        with pytest.raises(NotConnected):
            await client.get("/")


@pytest.mark.parametrize(
    ("method", "idempotent", "sent_again"),
    [("GET", None, True), ("POST", True, True), ("POST", None, False), ("GET", False, False)],
)
async def test_a_stale_connection_is_tried_once_more_only_if_that_is_safe(
    method: str, idempotent: bool | None, sent_again: bool
) -> None:
    # The first call on a connection is answered; any later one on the same connection is hung up on, unread.
    def once(asked: Asked) -> Reply:
        return answer({"connection": asked.connection}) if asked.target == "/first" or asked.connection > 1 else None

    async with serving(once) as server, HttpClient(server.url) as client:
        await client.get("/first")
        if sent_again:
            response = await client.request(method, "/second", idempotent=idempotent)
            assert response.json() == {"connection": 2}
        else:
            with pytest.raises(Disconnected) as raised:
                await client.request(method, "/second", idempotent=idempotent)
            assert raised.value.unanswered
    assert [asked.target for asked in server.asked].count("/second") == (2 if sent_again else 1)


async def test_a_new_connection_that_breaks_is_not_tried_again() -> None:
    async with serving(lambda _: None) as server, HttpClient(server.url) as client:
        with pytest.raises(Disconnected):
            await client.get("/")
    assert len(server.asked) == 1


async def test_half_an_answer_is_never_tried_again() -> None:
    def half(asked: Asked) -> Reply:
        if asked.target == "/first":
            return answer({})
        return b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\ncut"

    async with serving(half) as server, HttpClient(server.url) as client:
        await client.get("/first")
        with pytest.raises(Disconnected):
            await client.get("/second")
    assert len(server.asked) == 2


async def test_a_connection_closed_while_idle_costs_nobody_anything() -> None:
    async with serving(lambda _: answer({})) as server, HttpClient(server.url) as client:
        await client.post("/", json={})
        server.hang_up()
        await asyncio.sleep(0.05)
        await client.post("/", json={})
    assert server.connections == 2


async def test_bytes_after_an_answer_are_never_the_next_answer() -> None:
    def two(asked: Asked) -> bytes:
        return answer({"for": asked.target}) + answer({"for": "somebody else"})

    async with serving(two) as server, HttpClient(server.url) as client:
        for target in ("/1", "/2", "/3"):
            assert (await client.get(target)).json() == {"for": target}
            await asyncio.sleep(0.01)
    assert server.connections == 3


async def test_bytes_that_come_late_are_never_the_next_answer() -> None:
    async with serving(lambda asked: answer({"for": asked.target})) as server, HttpClient(server.url) as client:
        await client.get("/1")
        for writer in server.open:
            writer.write(answer({"for": "somebody else"}))
            await writer.drain()
        await asyncio.sleep(0.05)
        assert (await client.get("/2")).json() == {"for": "/2"}
    assert server.connections == 2


async def test_concurrent_calls_get_each_their_own_answer() -> None:
    async def echo(asked: Asked) -> bytes:
        await asyncio.sleep(0.001 * (int(asked.target[1:]) % 7))
        return answer({"for": asked.target})

    limits = Limits(connections=8)
    async with serving(echo) as server, HttpClient(server.url, limits=limits) as client:
        found = await asyncio.gather(*(client.get(f"/{n}") for n in range(200)))
    assert [response.json()["for"] for response in found] == [f"/{n}" for n in range(200)]
    assert server.connections <= 8


async def test_who_finds_no_free_connection_waits_within_the_deadline() -> None:
    async def slow(asked: Asked) -> bytes:
        await asyncio.sleep(0.3)
        return answer({})

    async with serving(slow) as server, HttpClient(server.url, limits=Limits(connections=1)) as client:
        first = asyncio.ensure_future(client.get("/1"))
        await asyncio.sleep(0.05)
        with pytest.raises(TimedOut):
            await client.get("/2", deadline=0.1)
        assert (await client.get("/3", deadline=2.0)).status == 200
        assert (await first).status == 200
    assert [asked.target for asked in server.asked] == ["/1", "/3"]


async def test_a_cancelled_call_gives_its_place_back_and_its_answer_to_nobody() -> None:
    async def slow(asked: Asked) -> bytes:
        await asyncio.sleep(0.05)
        return answer({"for": asked.target})

    async with serving(slow) as server, HttpClient(server.url, limits=Limits(connections=2)) as client:
        for n in range(10):
            calls = [asyncio.ensure_future(client.get(f"/cancelled-{n}-{m}")) for m in range(5)]
            await asyncio.sleep(0.005 * (n % 3))
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        found = await asyncio.gather(*(client.get(f"/{n}") for n in range(4)))
    assert [response.json()["for"] for response in found] == ["/0", "/1", "/2", "/3"]


async def test_a_closed_client_refuses() -> None:
    async with serving(lambda _: answer({})) as server:
        client = HttpClient(server.url)
        await client.get("/")
        await client.aclose()
        with pytest.raises(NotConnected):
            await client.get("/")
