"""What an operator relies on: a gateway drains, speaks TLS, refuses plain HTTP to strangers, and says how it is."""

import asyncio
import json
import signal
import socket
import ssl
import subprocess
import time
from pathlib import Path

import httpx
import pytest
import yaml

from gateway.sandbox.layout import free_base
from gateway.settings import ConfigurationError, load
from tests.authority import Authority
from tests.journeys.realm import Realm, people
from tests.journeys.running import THREEKEYS
from tests.journeys.serving import served


def test_an_exchange_in_flight_finishes_when_the_gateway_is_told_to_stop(tmp_path: Path) -> None:
    with Realm(f"sqlite:///{tmp_path / 'g.db'}", people(1)) as realm:

        async def scenario() -> tuple[httpx.Response, list[httpx.Response], httpx.Response]:
            async with realm.caseworker() as caseworker, realm.http() as anyone:
                await realm.granted(caseworker, anyone, "p0")
                hold = realm.source.hold(realm.known["p0"]["nino"])
                asked = asyncio.ensure_future(caseworker.post("/v1/exchanges", json=realm.about("p0")))
                await hold.arrived.wait()
                realm.processes[0].terminate()
                seen = []
                for _ in range(20):
                    await asyncio.sleep(0.1)
                    async with realm.http() as late:  # a connection of its own, as a balancer makes
                        seen.append(await late.get("/health/ready"))
                async with realm.caseworker() as late:
                    refused = await late.post("/v1/exchanges", json=realm.about("p0"))
                hold.let_go.set()
                return await asked, seen, refused

        answer, seen, refused = realm.run(scenario())
        assert answer.status_code == 201, answer.text
        assert answer.json()["outcome"] == "released"
        assert [one.status_code for one in seen] == [503] * 20
        assert seen[-1].json() == {"status": "not ready", "checks": seen[-1].json()["checks"]}
        assert seen[-1].json()["checks"]["draining"] == "yes"
        assert (refused.status_code, refused.json()["code"]) == (503, "shutting-down")
        assert (refused.headers["Retry-After"], refused.headers["Connection"]) == ("1", "close")
        assert realm.processes[0].wait(20) == 0
        assert any(event.get("outcome") == "released" for _, _, event in realm.entered())


def test_a_gateway_says_that_it_drains_for_as_long_as_it_is_told_to_and_no_longer(tmp_path: Path) -> None:
    with served(tmp_path, drainNoticeSeconds=2) as gateway:
        gateway.process.terminate()
        told, since = [], time.monotonic()
        while time.monotonic() < since + 1.5:
            time.sleep(0.1)
            told.append(httpx.get(f"{gateway.url}/health/ready", trust_env=False).status_code)
        assert set(told) == {503}
        assert gateway.process.wait(20) == 0
        assert 1.9 < time.monotonic() - since < 4


def test_a_hangup_drains_it_as_a_stop_does(tmp_path: Path) -> None:
    with served(tmp_path, drainNoticeSeconds=1) as gateway:
        gateway.process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert httpx.get(f"{gateway.url}/health/ready", trust_env=False).status_code == 503
        assert gateway.process.wait(20) == 0
    assert gateway.logged[-1]["message"] == "stopped"


def test_a_second_interrupt_ends_it_at_once_and_says_nothing_after_the_end(tmp_path: Path) -> None:
    with served(tmp_path, drainNoticeSeconds=20) as gateway:
        since = time.monotonic()
        gateway.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert gateway.process.poll() is None
        gateway.process.send_signal(signal.SIGINT)
        assert gateway.process.wait(20) == 0
        assert time.monotonic() - since < 10
    assert [line["message"] for line in gateway.logged] == ["started", "stopped"]


@pytest.mark.parametrize(("files", "starts"), [(255, False), (256, True)])
def test_it_starts_with_no_fewer_open_files_than_it_needs(tmp_path: Path, files: int, starts: bool) -> None:
    port = free_base()
    config = tmp_path / "threekeys.yaml"
    config.write_text(yaml.safe_dump({"baseUrl": f"http://127.0.0.1:{port}", "port": port}))
    subprocess.run([THREEKEYS, "migrate", "-c", str(config)], check=True, capture_output=True, timeout=60)
    command = ["sh", "-c", f'ulimit -n {files} && exec "$@"', "sh", THREEKEYS, "serve", "-c", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline().startswith("ready ") == starts
    process.terminate()
    _, said = process.communicate(timeout=40)
    if starts:
        assert (process.returncode, json.loads(said.splitlines()[0])["limit"]) == (0, files)
    else:
        assert process.returncode == 1
        assert said.startswith(
            "threekeys: only 255 files may be open at a time: a gateway needs 256 at least, and 8256 for"
            " mostConnections: 4000. Raise the hard limit"
        )


@pytest.mark.parametrize("log", ["a pipe that nobody reads", "a full disk"])
def test_a_log_that_cannot_be_written_ends_nothing(tmp_path: Path, log: str) -> None:
    port = free_base()
    config = tmp_path / "threekeys.yaml"
    config.write_text(yaml.safe_dump({"baseUrl": f"http://127.0.0.1:{port}", "port": port}))
    subprocess.run([THREEKEYS, "migrate", "-c", str(config)], check=True, capture_output=True, timeout=60)
    command = [THREEKEYS, "serve", "-c", str(config)]
    with Path("/dev/full").open("w") as full:
        err = full if log == "a full disk" else subprocess.PIPE
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True)
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("ready ")
            if process.stderr is not None:
                process.stderr.close()
            for _ in range(3):
                assert httpx.get(f"http://127.0.0.1:{port}/health/live", trust_env=False).status_code == 200
                time.sleep(0.1)
            process.terminate()
            assert process.wait(20) == 0
        finally:
            process.kill()
            process.wait()


def test_it_speaks_tls_by_certificate_and_key(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.certificate()
    port = free_base()
    config = tmp_path / "threekeys.yaml"
    config.write_text(
        yaml.safe_dump(
            {
                "baseUrl": f"https://127.0.0.1:{port}",
                "host": "0.0.0.0",
                "port": port,
                "tls": {"certificate": certificate.name, "key": key.name},
            }
        )
    )
    subprocess.run([THREEKEYS, "migrate", "-c", str(config)], check=True, capture_output=True, timeout=60)
    process = subprocess.Popen(
        [THREEKEYS, "serve", "-c", str(config), "--stop-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b"ready https://")
        trusted = ssl.create_default_context(cafile=str(authority.file))
        with httpx.Client(verify=trusted, trust_env=False) as client:
            told = client.get(f"https://127.0.0.1:{port}/.well-known/oauth-authorization-server").json()
            assert told["token_endpoint"] == f"https://127.0.0.1:{port}/oauth/token"
            assert client.get(f"https://127.0.0.1:{port}/health/ready").json()["status"] == "ready"
        with pytest.raises(httpx.TransportError):
            httpx.get(f"http://127.0.0.1:{port}/health/live", trust_env=False)
    finally:
        process.terminate()
        process.wait(20)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"host": "0.0.0.0", "baseUrl": "https://gateway.example"}, "plain HTTP on 0.0.0.0 is refused"),
        ({"baseUrl": "http://gateway.example"}, "baseUrl must be https://"),
        (
            {"host": "0.0.0.0", "baseUrl": "https://gateway.example", "behindProxy": True, "sandbox": True},
            "loopback only",
        ),
    ],
)
def test_plain_http_beyond_this_machine_is_refused_with_what_to_mend(
    tmp_path: Path, more: dict[str, object], said: str
) -> None:
    config = tmp_path / "threekeys.yaml"
    config.write_text(yaml.safe_dump(more))
    with pytest.raises(ConfigurationError, match=said):
        load(config)


def test_behind_a_proxy_that_ends_tls_plain_http_is_taken(tmp_path: Path) -> None:
    config = tmp_path / "threekeys.yaml"
    config.write_text(yaml.safe_dump({"host": "0.0.0.0", "baseUrl": "https://gateway.example", "behindProxy": True}))
    assert load(config).behind_proxy


def test_what_serve_says_is_one_json_object_a_line_from_its_start_to_its_end(tmp_path: Path) -> None:
    port = free_base()
    with served(tmp_path, port, baseUrl=f"http://127.0.0.1:{port + 1}") as gateway:
        assert gateway.ready == f"ready http://127.0.0.1:{port + 1}\n"
        with socket.create_connection(("127.0.0.1", port)) as raw:
            raw.sendall(b"this is not HTTP\r\n\r\n")
            assert raw.recv(1024).startswith(b"HTTP/1.1 400 ")
        assert httpx.get(f"{gateway.url}/health/live", trust_env=False).status_code == 200
    lines = [json.loads(line) for line in gateway.said.splitlines()]
    assert [(line["room"], line["message"]) for line in lines] == [
        ("gateway", "baseUrl names another port than the one listened on: callers must be led from one to the other"),
        ("gateway", "started"),
        ("uvicorn", "Invalid HTTP request received."),
        ("web", "request"),
        ("gateway", "stopped"),
    ]
    assert (lines[0]["level"], lines[0]["port"]) == ("warning", port)
    assert {"message", "level", "timestamp", "room"} <= set.intersection(*(set(line) for line in lines))


def test_a_gateway_makes_no_new_keys_over_a_ledger_that_was_signed_before(tmp_path: Path) -> None:
    with Realm(f"sqlite:///{tmp_path / 'g.db'}", people(1)) as realm:
        keys, away = realm.settings.keys, tmp_path / "away"
        realm.stop()
        for lost in ("checkpoint", "pseudonym"):
            away.mkdir()
            for key in keys.glob(f"{lost}-*"):
                key.rename(away / key.name)
            command = [THREEKEYS, "serve", "-c", str(realm._configured(realm.settings.port))]
            ended = subprocess.run(command, capture_output=True, text=True, timeout=30)
            assert ended.returncode == 1
            assert f"holds no key for {lost}, " in ended.stderr
            assert not list(keys.glob(f"{lost}-*"))
            for key in away.iterdir():
                key.rename(keys / key.name)
            away.rmdir()


def test_a_source_that_does_not_answer_is_told_at_the_start_and_stops_nothing(tmp_path: Path) -> None:
    port = free_base()
    mapping = {"fields": {"status": "status"}}
    gone = {"baseUrl": f"http://127.0.0.1:{port + 1}", "request": {"path": "/", "json": "{nino}"}, "mapping": mapping}
    file = {"path": "gone.csv", "key": {"nino": "NINO"}, "complete": {"stableSeconds": 1}, "mapping": mapping}
    adapters = {"gone": {"kind": "rest", "settings": gone}, "file": {"kind": "csv", "settings": file}}
    with served(tmp_path, port, adapters=adapters) as gateway:
        time.sleep(3)
    down = {line["adapter"]: line["level"] for line in gateway.logged if line["message"] == "source down"}
    assert down == {"gone": "warning", "file": "warning"}, gateway.said
