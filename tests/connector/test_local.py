"""The local connector: what it lets through untouched, and whom it turns away. Real sockets on both sides."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.connector.errors import AddressUnusable, ConnectorError, NotAGateway, Unreachable
from gateway.connector.keys import ClientKey
from gateway.connector.local import LocalConnector, server
from gateway.connector.loopback import turned_away
from tests.adapters.servers import serving
from tests.auth.running import CASEWORK, OTHER, Running, running, served
from tests.authority import Authority


class Echo:
    """Stands where a gateway stands: gives a token to anybody, and shows what reached it."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            raise RuntimeError
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        if scope["path"] == "/oauth/token":
            return await self._send(send, 200, [], b'{"access_token": "t", "token_type": "DPoP", "expires_in": 300}')
        self.requests.append(
            {
                "method": scope["method"],
                "raw_path": scope["raw_path"],
                "query": scope["query_string"],
                "headers": dict(scope["headers"]),
                "body": body,
            }
        )
        headers = [
            (b"content-type", b"application/problem+json"),
            (b"x-request-id", b"r1"),
            (b"retry-after", b"7"),
            (b"set-cookie", b"a=1"),
            (b"set-cookie", b"b=2"),
        ]
        await self._send(send, 429, headers, b'{"code":  "rate-limited"}\n')

    @staticmethod
    async def _send(send: Any, status: int, headers: Any, body: bytes) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def connected(folder: Path) -> AsyncIterator[tuple[Running, str, httpx.AsyncClient]]:
    async with running(folder) as gateway:
        connector = LocalConnector(
            gateway.base_url, {CASEWORK: folder / "casework.jwk", OTHER: folder / "counter.jwk"}
        )
        async with served(connector) as url, httpx.AsyncClient(trust_env=False) as client:
            yield gateway, url, client


def test_plain_http_on_loopback_becomes_a_signed_call(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (_, url, client):
            for _ in range(3):
                answer = await client.get(f"{url}/v1/consents/c1?x=1")
                assert (answer.status_code, answer.json()["client"]) == (200, CASEWORK)
            assert (await client.post(f"{url}/v1/exchanges", json={"a": 1})).status_code == 200
            refused = await client.post(f"{url}/v1/decisions")
            assert (refused.status_code, refused.json()["code"]) == (403, "wrong-kind-of-caller")
            assert (await client.get(f"{url}/nowhere")).status_code == 404

    asyncio.run(check())


def test_a_header_chooses_among_the_clients_that_it_holds(tmp_path: Path) -> None:
    async def check() -> None:
        async with connected(tmp_path) as (_, url, client):
            for named in (OTHER, CASEWORK):
                answer = await client.get(f"{url}/v1/consents/c1", headers={"Threekeys-Client": named})
                assert answer.json()["client"] == named
            answer = await client.get(f"{url}/v1/consents/c1", headers={"Threekeys-Client": "nobody"})
            assert (answer.status_code, answer.json()["code"]) == (400, "client-not-held")
            assert answer.headers["content-type"] == "application/problem+json"

    asyncio.run(check())


@asynccontextmanager
async def echoing() -> AsyncIterator[tuple[Echo, str, httpx.AsyncClient]]:
    """What stands where the gateway stands, the URL of a connector to it, and one who calls that."""
    echo = Echo()
    async with (
        served(echo) as upstream,
        served(LocalConnector(upstream, {"c": ClientKey.generate()})) as url,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        yield echo, url, client


def test_request_and_answer_pass_untouched() -> None:
    async def check() -> None:
        async with echoing() as (echo, url, client):
            answer = await client.request(
                "POST",
                f"{url}/v1/a%2Fb/%C3%A9?q=a%20b&q=c",
                content=b'{"exact":   1}',
                headers={
                    "Content-Type": "application/json; charset=utf-8",
                    "Idempotency-Key": "k1",
                    "Accept": "application/json",
                    "Cookie": "secret=1",
                    "X-Forwarded-For": "10.0.0.1",
                    "Threekeys-Client": "c",
                },
            )
            assert answer.status_code == 429
            assert answer.content == b'{"code":  "rate-limited"}\n'
            assert answer.headers["content-type"] == "application/problem+json"
            assert (answer.headers["x-request-id"], answer.headers["retry-after"]) == ("r1", "7")
            assert answer.headers.get_list("set-cookie") == ["a=1", "b=2"]
            (got,) = echo.requests
            assert (got["method"], got["raw_path"], got["query"]) == ("POST", b"/v1/a%2Fb/%C3%A9", b"q=a%20b&q=c")
            assert got["body"] == b'{"exact":   1}'
            assert got["headers"][b"content-type"] == b"application/json; charset=utf-8"
            assert got["headers"][b"idempotency-key"] == b"k1"
            assert got["headers"][b"authorization"] == b"DPoP t"
            assert got["headers"][b"dpop"].count(b".") == 2
            for kept_back in (b"cookie", b"x-forwarded-for", b"threekeys-client"):
                assert kept_back not in got["headers"]

    asyncio.run(check())


@pytest.mark.parametrize("sent", [b"", b'{"reason": "a"}'], ids=["none", "what is whole by itself"])
def test_a_request_that_its_caller_never_finished_is_not_sent(sent: bytes) -> None:
    async def check() -> None:
        async with echoing() as (echo, url, client):
            host = httpx.URL(url)
            reader, writer = await asyncio.open_connection(host.host, host.port)
            head = f"POST /v1/consents/c1/revocations HTTP/1.1\r\nHost: {host.host}\r\nContent-Length: 40\r\n"
            writer.write(f"{head}Content-Type: application/json\r\n\r\n".encode() + sent)
            await writer.drain()
            await asyncio.sleep(0.2)  # so that it is under way when its caller leaves
            writer.write_eof()
            assert await reader.read() == b""
            writer.close()
            assert (await client.get(f"{url}/v1/permissions")).status_code == 429
            assert [request["raw_path"] for request in echo.requests] == [b"/v1/permissions"]

    asyncio.run(check())


TURNED_AWAY = [
    ({"Origin": "https://page.example"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "http://127.0.0.1"}, 403),
    ({"Sec-Fetch-Site": "same-origin"}, 403),
    ({"Sec-Fetch-Site": "none"}, 403),
    ({"Host": "rebound.example"}, 421),
    ({"Host": "127.0.0.1.rebound.example:80"}, 421),
    ({"Host": "192.0.2.1"}, 421),
    ({"Host": ""}, 421),
    ({"Authorization": "Bearer abc"}, 400),
    ({"DPoP": "a.b.c"}, 400),
]


def test_who_may_not_use_the_key_is_turned_away_before_anything_is_signed() -> None:
    async def check() -> None:
        async with echoing() as (echo, url, client):
            for headers, status in TURNED_AWAY:
                answer = await client.get(f"{url}/v1/permissions", headers=headers)
                assert answer.status_code == status, headers
                assert answer.json()["source"] == "connector"
                assert len(answer.json()["detail"]) > 30, "it says what to do"
                assert not any(name.startswith("access-control") for name in answer.headers)
            assert echo.requests == []
            assert (await client.get(f"{url}/v1/permissions")).status_code == 429
            assert len(echo.requests) == 1

    asyncio.run(check())


def test_only_programs_of_this_machine_are_served() -> None:
    host = [(b"host", b"127.0.0.1:8701")]
    assert turned_away(host, "127.0.0.1") is None
    assert turned_away([(b"host", b"[::1]:8701")], "::1") is None
    assert turned_away([(b"host", b"localhost")], "::ffff:127.0.0.1") is None
    for peer in ("192.0.2.7", "::ffff:192.0.2.7", "10.0.0.1"):
        assert turned_away(host, peer) is not None
    assert turned_away(host * 2, "127.0.0.1") is not None
    assert turned_away([], "127.0.0.1") is not None
    connector = LocalConnector("http://127.0.0.1:9", {"c": ClientKey.generate()})
    for everywhere in ("0.0.0.0", "192.0.2.1", "::"):
        with pytest.raises(ConnectorError, match="loopback"):
            server(connector, everywhere)


def test_a_gateway_that_is_not_there_or_refuses_the_client_is_told_plainly(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway, httpx.AsyncClient(trust_env=False) as client:
            for upstream, status, code in (
                ("http://127.0.0.1:9", 503, "gateway-unreachable"),
                (gateway.base_url, 502, "token-refused"),
            ):
                async with served(LocalConnector(upstream, {CASEWORK: ClientKey.generate()})) as url:
                    answer = await client.get(f"{url}/v1/permissions")
                    assert (answer.status_code, answer.json()["code"]) == (status, code)
                    assert answer.headers.get("retry-after") == ("1" if status == 503 else None)

    asyncio.run(check())


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, b"<h1>welcome</h1>"),
        (404, b"<h1>welcome</h1>"),
        (502, b"<h1>welcome</h1>"),
        (200, b'{"error": "not_found"}'),
        (404, b'{"error": "not_found"}'),
        (405, b'{"error": "method not allowed"}'),
    ],
)
def test_what_answers_and_is_no_gateway_is_told_from_one_that_is_down(status: int, said: bytes) -> None:
    async def page(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": said})

    async def check() -> None:
        async with served(page) as url:
            connector = LocalConnector(url, {CASEWORK: ClientKey.generate()})
            with pytest.raises(Unreachable, match=r"no gateway|answers 502") as told:
                await connector.first_tokens()
            assert isinstance(told.value, NotAGateway) == (status != 502)
            await connector.aclose()

    asyncio.run(check())


def test_a_gateway_that_is_not_trusted_gets_nothing_and_the_caller_is_told_why(tmp_path: Path) -> None:
    async def check() -> None:
        async with (
            serving(lambda _: b"", ssl=Authority(tmp_path).context()) as stranger,
            served(LocalConnector(f"https://127.0.0.1:{stranger.port}", {"c": ClientKey.generate()})) as url,
            httpx.AsyncClient(trust_env=False) as client,
        ):
            answer = await client.get(f"{url}/v1/permissions")
            assert (answer.status_code, answer.json()["code"]) == (502, "gateway-not-trusted")
            assert "it was issued by CN=Ministry of Tests Root CA" in answer.json()["detail"]
            assert stranger.asked == []

    asyncio.run(check())


async def asked(upstream: str) -> tuple[int, str, str | None, str]:
    """Status, code, Retry-After and detail of what a caller gets where this stands in a gateway's place."""
    async with (
        served(LocalConnector(upstream, {"c": ClientKey.generate()})) as url,
        httpx.AsyncClient(trust_env=False) as client,
    ):
        answer = await client.get(f"{url}/v1/permissions")
        told = answer.json()
        assert (told["source"], told["type"]) == ("connector", f"{upstream}/problems/{told['code']}")
        return answer.status_code, told["code"], answer.headers.get("retry-after"), told["detail"]


@pytest.mark.parametrize(
    ("said", "passes"),
    [
        (b"", True),  # it ended, as a gateway does that is stopped
        (b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{", True),
        (b"HTTP/1.1 503 Busy\r\nContent-Length: 35\r\n\r\n" + b'{"error":"temporarily_unavailable"}', True),
        (b"HTTP/1.1 502 Bad\r\nContent-Length: 4\r\n\r\n<h1>", True),  # a proxy's
        (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n<h1>", False),
        (b"220 mail.example ESMTP\r\n", False),
    ],
    ids=["ended", "half", "busy", "proxy", "page", "mail"],
)
def test_what_passes_by_itself_is_503_and_what_is_no_gateway_502(said: bytes, passes: bool) -> None:
    async def answering(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        writer.close()

    async def check() -> None:
        upstream = await asyncio.start_server(answering, "127.0.0.1", 0)
        status, code, retry, _ = await asked(f"http://127.0.0.1:{upstream.sockets[0].getsockname()[1]}")
        upstream.close()
        expected = (503, "gateway-unreachable", "1") if passes else (502, "no-gateway", None)
        assert (status, code, retry) == expected

    asyncio.run(check())


def test_a_gateway_behind_tls_that_is_called_without_is_told_so(tmp_path: Path) -> None:
    async def check() -> None:
        async with serving(lambda _: b"", ssl=Authority(tmp_path).context()) as gateway:
            status, code, retry, detail = await asked(f"http://127.0.0.1:{gateway.port}")
            assert (status, code, retry) == (502, "no-gateway", None)
            assert f"speaks TLS: give its URL as https://127.0.0.1:{gateway.port}." in detail
            connector = LocalConnector(f"http://127.0.0.1:{gateway.port}", {"c": ClientKey.generate()})
            with pytest.raises(NotAGateway, match="speaks TLS"):  # so that `threekeys connect` ends at its start
                await connector.first_tokens()
            await connector.aclose()

    asyncio.run(check())


@pytest.mark.parametrize(("scheme", "language"), [("http", "HTTP"), ("https", "TLS")])
def test_what_speaks_something_else_is_told(scheme: str, language: str) -> None:
    async def greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"220 mail.example ESMTP\r\n")
        writer.close()

    async def check() -> None:
        server = await asyncio.start_server(greeting, "127.0.0.1", 0)
        url = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        connector = LocalConnector(url, {"c": ClientKey.generate()})
        with pytest.raises(Unreachable, match=f"what answers at {url} does not speak {language}"):
            await connector.first_tokens()
        await connector.aclose()
        server.close()

    asyncio.run(check())


def test_a_first_token_is_the_one_that_requests_are_signed_with(tmp_path: Path) -> None:
    asked: list[str] = []

    async def check() -> None:
        async with running(tmp_path) as gateway:
            connector = LocalConnector(gateway.base_url, {CASEWORK: gateway.key})
            await connector.first_tokens()

            async def note(request: httpx.Request) -> None:
                asked.append(request.url.path)

            connector._client.event_hooks = {"request": [note]}
            async with served(connector) as url, httpx.AsyncClient(trust_env=False) as client:
                assert (await client.get(f"{url}/v1/consents/c1")).status_code == 200
            await connector.aclose()

    asyncio.run(check())
    assert asked == ["/v1/consents/c1"]


def test_its_connections_are_closed_when_its_server_stops(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            connector = LocalConnector(gateway.base_url, {CASEWORK: gateway.key})
            async with served(connector, lifespan="on") as url:
                async with httpx.AsyncClient(trust_env=False) as client:
                    assert (await client.get(f"{url}/v1/consents/c1")).status_code == 200
                assert not connector._client.is_closed
            assert connector._client.is_closed

    asyncio.run(check())


def test_a_gateway_in_the_clear_beyond_loopback_is_refused() -> None:
    for url in ("http://gateway.example", "ftp://127.0.0.1", "http://192.0.2.1"):
        with pytest.raises(ConnectorError, match="https"):
            LocalConnector(url, {"c": ClientKey.generate()})
    with pytest.raises(ConnectorError, match="client"):
        LocalConnector("http://127.0.0.1:9", {})


@pytest.mark.parametrize("end", [":0", ":65536", "/v1", "/v1/", "/a/../b", "?", "?a=b", "#", "#f"])
def test_the_gateway_s_url_ends_with_its_host_or_port(end: str) -> None:
    with pytest.raises(AddressUnusable, match="with nothing behind"):
        LocalConnector(f"http://127.0.0.1{end}", {"c": ClientKey.generate()})
    for good in ("http://127.0.0.1", "http://127.0.0.1/", "http://[::1]:1", "https://gateway.example:65535"):
        LocalConnector(good, {"c": ClientKey.generate()})
