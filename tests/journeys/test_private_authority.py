"""A gateway behind a private authority, as governments run them: every command that calls it, and what it fetches."""

import json
import signal
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
import yaml

from gateway.connector.auth import ThreekeysAuth
from gateway.connector.reaching import trusted
from gateway.sandbox.layout import free_base
from tests.authority import Authority
from tests.journeys.running import THREEKEYS

CLIENT = "an-agency.casework"
PUBLISHING = "an-agency.publishing"


class Fixture:
    """One gateway: `threekeys serve` with a certificate that the authority signed, and two clients of an agency.

    The keys of one of them are published by an HTTPS server, whose certificate the same authority signed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = Authority(folder)
        self.port = free_base()
        self.url = f"https://127.0.0.1:{self.port}"
        self.key, self.published = folder / "casework.jwk", folder / "publishing.jwk"

    def threekeys(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [THREEKEYS, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )

    def set_up(self, jwks_uri: str) -> None:
        certificate, key = self.authority.certificate()
        self.configure(caFile=self.authority.file.name, tls={"certificate": certificate.name, "key": key.name})
        add = ("client", "add", CLIENT, "--agency", "an-agency")
        for command in (
            ("migrate",),
            ("agency", "add", "an-agency", "--name", "An Agency", "--contact", "desk@agency.invalid"),
            (*add, "--scope", "permissions:read", "--scope", "agreements:read", "--new-key", self.key.name),
            (*add[:2], PUBLISHING, *add[3:], "--scope", "permissions:read", "--jwks-uri", jwks_uri),
        ):
            done = self.threekeys(*command)
            assert done.returncode == 0, done.stderr

    def configure(self, **more: object) -> None:
        settings = {"baseUrl": self.url, "port": self.port} | more
        (self.folder / "threekeys.yaml").write_text(yaml.safe_dump(settings))

    @contextmanager
    def serving(self) -> Iterator[Path]:
        """Its log."""
        log = self.folder / "serve.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [THREEKEYS, "serve"], cwd=self.folder, stdout=subprocess.PIPE, stderr=errors, text=True
            )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == f"ready {self.url}\n", log.read_text()
            yield log
        finally:
            process.terminate()
            process.wait(20)

    def called(self, *more: str, client: str = CLIENT, key: Path | None = None) -> tuple[str, ...]:
        return ("--gateway", self.url, "--client", client, "--key", str(key or self.key), *more)


@contextmanager
def publishing(body: bytes, context: ssl.SSLContext) -> Iterator[str]:
    """An HTTPS server that answers every GET with this; its URL."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}/jwks.json"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fixture]:
    fixture = Fixture(tmp_path_factory.mktemp("private-authority"))
    keys = fixture.threekeys("client", "key", fixture.published.name).stdout.encode()
    with publishing(keys, fixture.authority.context()) as uri:
        fixture.set_up(uri)
        yield fixture


@pytest.fixture(scope="module")
def log(here: Fixture) -> Iterator[Path]:
    """Of the gateway, which serves."""
    with here.serving() as found:
        yield found


def test_the_connector_calls_it_and_the_gateway_fetches_keys_from_behind_it(here: Fixture, log: Path) -> None:
    port = str(free_base())
    ca = ("--ca-file", str(here.authority.file))
    whose = here.called(*ca, client=PUBLISHING, key=here.published)
    process = subprocess.Popen([THREEKEYS, "connect", "--port", port, *whose], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == f"ready http://127.0.0.1:{port}\n"
        answer = httpx.get(f"http://127.0.0.1:{port}/v1/permissions", trust_env=False)
        assert (answer.status_code, answer.json()["items"]) == (200, [])
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
    assert "a key set cannot be fetched" not in log.read_text()


def test_a_data_office_calls_it(here: Fixture, log: Path) -> None:
    done = here.threekeys("agreement", "list", *here.called("--ca-file", str(here.authority.file)))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.anyio
async def test_a_python_caller_calls_it(here: Fixture, log: Path) -> None:
    auth = ThreekeysAuth(CLIENT, here.key, here.url)
    async with httpx.AsyncClient(auth=auth, base_url=here.url, verify=trusted(here.authority.file)) as client:
        assert (await client.get("/v1/permissions")).status_code == 200


@pytest.mark.parametrize("command", [("connect",), ("agreement", "list")], ids=" ".join)
def test_without_the_authority_the_host_its_issuer_and_what_to_give_are_told(
    here: Fixture, log: Path, command: tuple[str, ...], tmp_path: Path
) -> None:
    another = Authority(tmp_path, "Another CA").file
    for more in ((), ("--ca-file", str(another))):
        done = here.threekeys(*command, *here.called(*more))
        assert (done.returncode, done.stdout) == (1, "")
        [said] = done.stderr.splitlines()
        assert said.startswith(f"threekeys: the certificate of 127.0.0.1:{here.port} does not verify: ")
        assert "it was issued by CN=Ministry of Tests Root CA" in said
        assert "--ca-file" in said


@pytest.mark.parametrize("command", [("connect",), ("agreement", "list")], ids=" ".join)
def test_a_file_that_holds_no_authority_is_told_at_once(
    here: Fixture, command: tuple[str, ...], tmp_path: Path
) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("no certificate\n")
    for file, why in (
        (tmp_path / "gone.pem", "no such file"),
        (tmp_path, "directory"),
        (empty, "no certificate"),
    ):
        done = here.threekeys(*command, *here.called("--ca-file", str(file)))
        assert (done.returncode, done.stdout) == (1, "")
        [said] = done.stderr.splitlines()
        assert f"{file} " in said
        assert why in said.lower()


def test_a_certificate_that_has_expired_is_not_mended_by_another_authority(here: Fixture, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with publishing(b"{}", authority.context(lives=-timedelta(days=1))) as url:
        called = ("--client", CLIENT, "--key", str(here.key), "--ca-file", str(authority.file))
        done = here.threekeys("connect", "--gateway", url.removesuffix("/jwks.json"), *called)
    assert done.returncode == 1
    assert "certificate has expired" in done.stderr
    assert "--ca-file" not in done.stderr


def test_the_environment_names_authorities_too(here: Fixture, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(here.authority.file))
    assert here.threekeys("agreement", "list", *here.called()).returncode == 0


def test_a_gateway_that_does_not_trust_the_host_of_a_key_set_logs_which_and_why(here: Fixture) -> None:
    written = here.folder / "threekeys.yaml"
    kept = yaml.safe_load(written.read_text())
    port = free_base()
    try:
        here.url = f"https://127.0.0.1:{port}"
        written.write_text(yaml.safe_dump({**kept, "caFile": None, "baseUrl": here.url, "port": port}))
        with here.serving() as log:
            ca = ("--ca-file", str(here.authority.file))
            done = here.threekeys("connect", *here.called(*ca, client=PUBLISHING, key=here.published))
            lines = [json.loads(line) for line in log.read_text().splitlines()]
    finally:
        written.write_text(yaml.safe_dump(kept))
        here.url = f"https://127.0.0.1:{here.port}"
    assert done.returncode == 1
    assert f"{PUBLISHING} gets no token: invalid_client" in done.stderr
    [line] = [line for line in lines if line["message"] == "a key set cannot be fetched"]
    assert (line["room"], line["level"]) == ("auth", "warning")
    assert "does not verify" in line["why"]
    assert "caFile" in line["why"]


def test_a_gateway_whose_file_of_authorities_is_none_does_not_start(here: Fixture, tmp_path: Path) -> None:
    written = here.folder / "threekeys.yaml"
    kept = written.read_text()
    (here.folder / "empty.pem").write_text("")
    try:
        for name, why in (("gone.pem", "No such file"), ("empty.pem", "holds no certificate in PEM")):
            written.write_text(yaml.safe_dump({**yaml.safe_load(kept), "caFile": name, "port": free_base()}))
            done = here.threekeys("serve")
            assert (done.returncode, done.stdout) == (1, "")
            said = [line for line in done.stderr.splitlines() if not line.startswith("{")]
            assert len(said) == 1, done.stderr
            assert said[0].startswith("threekeys: caFile: ")
            assert name in said[0]
            assert why in said[0]
    finally:
        written.write_text(kept)
