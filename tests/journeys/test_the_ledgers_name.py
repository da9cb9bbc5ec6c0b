"""A ledger keeps the name that its first checkpoint gave it, wherever its gateway moves: by the real commands."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import yaml

from gateway.sandbox.layout import free_base
from tests.journeys.running import THREEKEYS


class Moving:
    """A gateway's files, under one address after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.configuration = folder / "threekeys.yaml"
        self.base_url = ""

    def configure(self, **more: str) -> None:
        """At a new port."""
        port = free_base()
        self.base_url = f"http://127.0.0.1:{port}"
        self.configuration.write_text(yaml.safe_dump({"baseUrl": self.base_url, "port": port, **more}))

    def threekeys(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """One command, beside the configuration."""
        command = [THREEKEYS, *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)

    def while_serving(self, work: Callable[[], None]) -> None:
        """Serve, do it, wait until all of it is signed, and stop."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [THREEKEYS, "serve", "--stop-with-stdin"],
                cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
            )  # fmt: skip
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith(b"ready "), (self.folder / "log").read_text()
            before = self.size()
            work()
            until = time.monotonic() + 20
            while self.size() <= before:
                assert time.monotonic() < until
                time.sleep(0.05)
        finally:
            process.terminate()
            process.wait(20)

    def size(self) -> int:
        """Of the tree that was signed last."""
        answer = httpx.get(f"{self.base_url}/v1/ledger/checkpoint", trust_env=False)
        return int(answer.text.split("\n")[1]) if answer.status_code == 200 else 0

    def enter(self, agency: str) -> None:
        """Something that the ledger tells of."""
        done = self.threekeys("agency", "add", agency, "--name", agency, "--contact", "d@x.invalid")
        assert done.returncode == 0, done.stderr

    def pinned(self) -> str:
        """The checkpoint key, as the operator reads it to auditors."""
        lines = self.threekeys("keys", "list").stdout.splitlines()
        [line] = [line for line in lines if line.startswith("checkpoint")]
        return line.split()[-1]


def test_a_ledger_verifies_under_its_first_name_wherever_its_gateway_moves(tmp_path: Path) -> None:
    gateway = Moving(tmp_path)
    gateway.configure()
    first = gateway.base_url.removeprefix("http://") + "/ledger"
    assert gateway.threekeys("migrate").returncode == 0
    gateway.while_serving(lambda: gateway.enter("example.one"))
    pinned = gateway.pinned()
    assert pinned.startswith(f"{first}+")

    gateway.configure()
    gateway.while_serving(lambda: gateway.enter("example.two"))
    assert gateway.pinned() == pinned
    assert gateway.threekeys("ledger", "export", "export.jsonl").returncode == 0
    checked = gateway.threekeys("ledger", "verify", "export.jsonl", "--key", pinned)
    assert checked.returncode == 0, checked.stdout
    assert f"2 checkpoints of {first}, against the keys given" in checked.stdout
    told = gateway.threekeys("keys", "rotate", "checkpoint").stdout
    assert f"for auditors to pin: {first}+" in told

    gateway.configure(ledgerOrigin="other.example/ledger")
    refused = gateway.threekeys("serve")
    assert refused.returncode == 1
    assert f"ledgerOrigin: the ledger in this database is called {first}, " in refused.stderr
    gateway.configure(ledgerOrigin=first)
    gateway.while_serving(lambda: gateway.enter("example.three"))
    assert gateway.threekeys("ledger", "export", "export.jsonl").returncode == 0
    assert gateway.threekeys("ledger", "verify", "export.jsonl", "--key", pinned).returncode == 0
