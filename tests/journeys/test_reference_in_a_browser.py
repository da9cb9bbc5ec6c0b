"""`/docs` in a real browser, with no network but loopback: run by `make proof`, which needs Chromium."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.journeys.counts import FULL
from tests.world import world

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--virtual-time-budget=20000",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
)


def _chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert found, "this test needs Chromium: apt-get install -y chromium"
    return found


def _renders_every_operation_and_asks_nobody_else(tmp_path: Path) -> None:
    with world(f"sqlite:///{tmp_path / 'gateway.db'}") as gateway:
        log = tmp_path / "net.json"
        command = [
            _chromium(), *_FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}",
            "--dump-dom", f"{gateway.base_url}/docs",
        ]  # fmt: skip
        shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        paths = gateway.anyone().get("/openapi.json").json()["paths"]
    operations = sum(
        method in ("get", "post", "put", "patch", "delete") for path in paths.values() for method in path
    )
    assert shown.count('class="opblock-summary-path"') == operations
    assert operations > 30
    hosts = _asked_by_the_page(json.loads(log.read_text()), gateway.base_url)
    assert hosts, "the log names no request of the page"
    assert set(hosts) == {"127.0.0.1"}


if FULL:  # a newcomer's `make test` must not need a browser; `make proof` does, and fails without one

    @pytest.mark.proof
    def test_the_reference_renders_every_operation_and_asks_nobody_else(tmp_path: Path) -> None:
        _renders_every_operation_and_asks_nobody_else(tmp_path)

    @pytest.mark.proof
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_the_reference_is_as_dark_as_the_browser_wants_it(tmp_path: Path, scheme: str) -> None:
        with world(f"sqlite:///{tmp_path / 'gateway.db'}") as gateway:
            command = [
                _chromium(), *_FLAGS, f"--user-data-dir={tmp_path / 'profile'}",
                f"--blink-settings=preferredColorScheme={['dark', 'light'].index(scheme)}",
                "--dump-dom", f"{gateway.base_url}/docs",
            ]  # fmt: skip
            shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        assert ('<html lang="en" class="dark-mode">' in shown) is (scheme == "dark")


def _asked_by_the_page(log: dict[str, Any], origin: str) -> list[str | None]:
    """The hosts of all requests that the page made; the browser asks its maker's too, of its own accord."""
    asked = [event["params"] for event in log["events"] if "initiator" in event.get("params", {})]
    return [urlsplit(request["url"]).hostname for request in asked if request["initiator"] == origin]
