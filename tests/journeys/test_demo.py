"""The first thing a newcomer does, exactly as printed, on both databases."""

import json
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gateway.sandbox.layout import free_base
from tests.journeys.running import THREEKEYS, alive, running_demo


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_printed_command_gives_what_is_printed(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    arguments = ["--database", request.getfixturevalue("postgres_url")] if engine == "postgresql" else []
    with running_demo(tmp_path / "demo", *arguments) as demo:
        steps = demo.steps()
        assert len(steps) == 10
        for what, expected, command in steps:
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd="/", timeout=60)
            for part in expected:
                assert part in done.stdout, f"{what}\n{command}\n{done.stdout}{done.stderr}"
        below = demo.below()
        assert len(below) >= 5
        assert demo.stop() == 0
        assert [pid for pid in below if alive(pid)] == []


def test_a_start_after_a_kill_stops_what_was_left_keeps_what_was_and_describes_itself(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    with running_demo(folder) as demo:
        first = told(folder)
        assert first["running"] is True
        assert consents(first, "bryn") == []
        for _, _, command in demo.steps()[3:5]:
            subprocess.run(["sh", "-c", command], capture_output=True, cwd="/", timeout=60, check=True)
        left = demo.postgres()
        demo.process.kill()
        demo.process.wait(10)
    assert [pid for pid in left if alive(pid)] != []
    killed = told(folder)
    assert killed["running"] is False
    [granted] = consents(killed, "bryn")
    assert (granted["status"], granted["purpose"]) == ("active", "blue-badge-eligibility")
    assert (granted["optionalFields"], granted["chosenFields"]) == (["address.postcode"], [])
    with running_demo(folder) as demo:
        assert "was killed: what it left is stopped" in "".join(demo.printed)
        assert [pid for pid in left if alive(pid)] == []
        second = told(folder)
        assert second["baseUrl"] != first["baseUrl"], "other ports, of which the ledger takes no notice"
        first = json.loads(moved(json.dumps(first), first, second))
        assert {name for name in first if first[name] != second[name]} == {"people"}, "what Bryn granted, and no more"
        story = demo.steps()
        assert not any("Bryn" in what for what, _, _ in story), "he is no newcomer any more"
        for what, expected, command in (*story[1:6], story[9]):
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd="/", timeout=60)
            for part in expected:
                assert part in done.stdout, f"{what}\n{command}\n{done.stdout}{done.stderr}"
    assert second["running"] is True
    assert len(second["people"]) == 300
    [licences] = [one for one in second["agreements"] if one["dataset"] == "sandbox.licensing/driving-licence/v1"]
    assert (licences["consumer"], licences["provider"]) == ("sandbox.council", "sandbox.licensing")
    assert (licences["version"], licences["state"]) == (1, "in-force")
    assert licences["purposes"][0]["signal"] == "consent"
    assert "validUntil" in licences["fields"]
    [dataset] = [one for one in second["datasets"] if one["id"] == licences["dataset"]]
    assert dataset["agreements"] == [licences]


def told(folder: Path) -> dict[str, Any]:
    """What `--describe` prints."""
    command = [THREEKEYS, "demo", "--describe", "--folder", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def moved(text: str, first: dict[str, Any], second: dict[str, Any]) -> str:
    """What was said of the ports of the first, said of those of the second."""
    for name in ("baseUrl", "connectorUrl", "issuer"):
        text = text.replace(first[name], second[name])
    return text


def consents(description: dict[str, Any], handle: str) -> list[dict[str, Any]]:
    [found] = [person["consents"] for person in description["people"] if person["handle"] == handle]
    return list(found)


def test_a_port_in_use_is_told_and_nothing_starts(tmp_path: Path) -> None:
    port = free_base()
    with socket.create_server(("127.0.0.1", port + 2)):
        command = [THREEKEYS, "demo", "--port", str(port), "--folder", str(tmp_path / "two")]
        told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    assert str(port + 2) in told.stderr
    assert "--port" in told.stderr
    assert "Traceback" not in told.stderr
    assert not (tmp_path / "two").exists()
