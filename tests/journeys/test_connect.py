"""`threekeys connect`, started as a developer starts it, and called with curl."""

import asyncio
import json
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.connector.keys import ClientKey
from gateway.sandbox.layout import free_base
from tests.adapters.servers import answer, serving
from tests.journeys.running import THREEKEYS
from tests.world import CONSUMER, World, world

CLIENT = f"{CONSUMER}.casework"


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(f"sqlite:///{tmp_path_factory.mktemp('connect') / 'gateway.db'}") as entered:
        yield entered


@pytest.fixture(scope="module")
def key(gateway: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "casework.jwk"
    gateway.keys[CLIENT].save(path)
    return path


@pytest.fixture(scope="module")
def connector(gateway: World, key: Path) -> Iterator[str]:
    """The connector's URL."""
    port = str(free_base())
    command = [
        THREEKEYS,
        "connect",
        "--gateway",
        gateway.base_url,
        "--client",
        CLIENT,
        "--key",
        str(key),
        "--port",
        port,
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == f"ready http://127.0.0.1:{port}\n"
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(20) in (0, -signal.SIGINT, 130)


def curl(*arguments: str) -> tuple[int, dict[str, str], dict[str, object]]:
    """(status, headers, body)."""
    command = ["curl", "-s", "-i", "--max-time", "20", *arguments]
    out = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    head, _, body = out.partition("\n\n") if "\r\n\r\n" not in out else out.partition("\r\n\r\n")
    status, *rest = head.splitlines()
    headers = [line.split(": ", 1) for line in rest]
    assert len({name.lower() for name, _ in headers}) == len(headers), f"a header stands twice: {head}"
    return int(status.split()[1]), {name.lower(): value for name, value in headers}, json.loads(body)


def test_plain_curl_gets_a_record_through_the_connector(gateway: World, connector: str) -> None:
    body = json.dumps(gateway.ask())
    status, headers, answer = curl(f"{connector}/v1/exchanges", "-H", "Content-Type: application/json", "-d", body)
    assert (status, answer["outcome"]) == (201, "released")
    assert headers["location"] == f"/v1/exchanges/{answer['exchangeId']}"
    status, _, account = curl(f"{connector}{headers['location']}")
    assert (status, account["outcome"]) == (200, "released")


def test_a_refusal_is_shown_untouched(gateway: World, connector: str) -> None:
    body = json.dumps(gateway.ask(purpose="with-consent"))
    status, headers, answer = curl(f"{connector}/v1/exchanges", "-H", "Content-Type: application/json", "-d", body)
    assert (status, answer["code"]) == (403, "consent-required")
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-request-id"] == answer["requestId"]
    assert "source" not in answer


@pytest.mark.parametrize(
    "header", ["Origin: https://evil.example", "Sec-Fetch-Site: cross-site", "Host: evil.example"]
)
def test_what_a_web_page_could_send_is_turned_away(connector: str, header: str) -> None:
    status, _, answer = curl(f"{connector}/v1/permissions", "-H", header)
    assert status in (403, 421)
    assert answer["source"] == "connector"


def test_a_client_that_the_gateway_refuses_ends_it_in_the_gateway_s_words(gateway: World, tmp_path: Path) -> None:
    stranger = tmp_path / "stranger.jwk"
    ClientKey.generate().save(stranger)
    said = fails("--gateway", gateway.base_url, "--client", CLIENT, "--key", str(stranger))
    assert said.startswith(f"threekeys: {CLIENT} gets no token: invalid_client (")
    assert "registered" in said
    assert "that --gateway is the gateway's base URL" in said


def test_a_url_of_something_else_is_told_as_that(key: Path) -> None:
    async def check() -> str:
        async with serving(lambda _: answer({"error": "not_found"}, 404)) as elsewhere:
            return await asyncio.to_thread(fails, "--gateway", elsewhere.url, "--client", CLIENT, "--key", str(key))

    said = asyncio.run(check())
    assert said.startswith("threekeys: what answers is no gateway: /oauth/token answered 404")
    assert said.endswith("Check --gateway: it is the gateway's base URL\n")


def test_a_gateway_that_is_down_is_told_and_served_once_it_is_up(tmp_path: Path) -> None:
    with world(f"sqlite:///{tmp_path / 'gateway.db'}") as gateway:
        key = tmp_path / "casework.jwk"
        gateway.keys[CLIENT].save(key)
        gateway.stop()
        port = str(free_base())
        command = [THREEKEYS, "connect", "--gateway", gateway.base_url, "--client", CLIENT, "--key", str(key)]
        process = subprocess.Popen(
            [*command, "--port", port], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            assert process.stderr is not None
            assert process.stderr.readline() == (
                f"threekeys: the gateway at {gateway.base_url} cannot be reached: connection refused, nothing listens"
                " there: start it with `threekeys serve`, or the sandbox with `threekeys demo`;"
                " it is asked again with each request\n"
            )
            assert process.stdout.readline() == f"ready http://127.0.0.1:{port}\n"
            status, _, answer = curl(f"http://127.0.0.1:{port}/v1/permissions")
            assert (status, answer["code"], answer["source"]) == (503, "gateway-unreachable", "connector")
            assert "start it with `threekeys serve`" in str(answer["detail"])
            gateway.start()
            assert curl(f"http://127.0.0.1:{port}/v1/permissions")[0] == 200
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


def fails(*arguments: str) -> str:
    done = subprocess.run([THREEKEYS, "connect", *arguments], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, ""), done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert "Error" not in done.stderr
    return done.stderr


def test_mistakes_are_told_in_one_line(gateway: World, key: Path, tmp_path: Path) -> None:
    of = ("--client", CLIENT)
    for gone, why in ((tmp_path / "none.jwk", "No such file"), (tmp_path, "directory")):
        said = fails("--gateway", gateway.base_url, *of, "--key", str(gone))
        assert f"the key file {gone} cannot be read" in said
        assert why in said
    assert "https" in fails("--gateway", "http://gateway.example", *of, "--key", str(key))
    assert "loopback only" in fails("--gateway", gateway.base_url, *of, "--key", str(key), "--host", "0.0.0.0")
    open_key = tmp_path / "open.jwk"
    open_key.write_text(key.read_text())
    open_key.chmod(0o644)
    assert "chmod 600" in fails("--gateway", gateway.base_url, *of, "--key", str(open_key))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert port in fails("--gateway", gateway.base_url, *of, "--key", str(key), "--port", port)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:99999",
        "http://127.0.0.1:abc",
        "nonsense",
        "http://",
        "https://[",
        "https://a b",
        "https://xn--a",
    ],
)
def test_what_is_no_url_of_a_gateway_is_told_in_one_line(key: Path, url: str) -> None:
    assert f"not {url!r}" in fails("--gateway", url, "--client", CLIENT, "--key", str(key))


def test_a_password_in_a_url_is_not_repeated(key: Path) -> None:
    said = fails("--gateway", "https://someone:s3cret@gateway.example", "--client", CLIENT, "--key", str(key))
    assert "s3cret" not in said


def test_the_same_auth_serves_python(gateway: World) -> None:
    import httpx

    from gateway.connector.auth import ThreekeysAuth

    async def ask() -> int:
        auth = ThreekeysAuth(CLIENT, gateway.keys[CLIENT], gateway.base_url)
        async with httpx.AsyncClient(auth=auth, base_url=gateway.base_url, timeout=20) as client:
            return (await client.post("/v1/exchanges", json=gateway.ask())).status_code

    assert asyncio.run(ask()) == 201
