"""The first thing a newcomer does, exactly as printed, on both databases."""

import socket
import subprocess
from pathlib import Path

import pytest

from gateway.sandbox.layout import free_base
from tests.journeys.running import THREEKEYS, alive, children, postgres, running_demo


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_printed_command_gives_what_is_printed(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    arguments = ["--database", request.getfixturevalue("postgres_url")] if engine == "postgresql" else []
    before = postgres()
    with running_demo(tmp_path / "demo", *arguments) as demo:
        steps = demo.steps()
        assert len(steps) == 10
        for what, expected, command in steps:
            done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, cwd="/", timeout=60)
            for part in expected:
                assert part in done.stdout, f"{what}\n{command}\n{done.stdout}{done.stderr}"
        below = children(demo.process.pid) + postgres(before)
        assert len(below) >= 5
        assert demo.stop() == 0
        assert [pid for pid in below if alive(pid)] == []


def test_a_start_after_a_kill_stops_what_was_left_keeps_what_was_and_describes_itself(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    before = postgres()
    with running_demo(folder) as demo:
        first = demo.description
        left = postgres(before)
        demo.process.kill()
        demo.process.wait(10)
    assert [pid for pid in left if alive(pid)] != []
    port = first["baseUrl"].rpartition(":")[2]
    with running_demo(folder, "--port", port) as demo:
        assert "was killed: what it left is stopped" in "".join(demo.printed)
        assert [pid for pid in left if alive(pid)] == []
        told = subprocess.run(
            [THREEKEYS, "demo", "--describe", "--folder", str(folder)], capture_output=True, text=True, check=True
        )
        second = demo.description
        assert told.stdout.strip() == (folder / "describe.json").read_text()
    assert first["clients"] == second["clients"]
    assert first["people"] == second["people"]
    assert len(second["people"]) == 300


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
