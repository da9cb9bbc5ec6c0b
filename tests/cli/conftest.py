"""The command `threekeys`, as its users call it."""

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.cli.main import main
from tests.journeys.running import THREEKEYS


class Command:
    """`threekeys`, within this process where it can be: starting one anew takes a second."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.monkeypatch = monkeypatch
        self.capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """(status, output, errors)."""
        if arguments[0] == "serve":  # it sets up logging and signals for a whole process
            command = [THREEKEYS, *arguments]
            done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, timeout=60)
            assert "Traceback" not in done.stderr, done.stderr
            return done.returncode, done.stdout, done.stderr
        self.monkeypatch.chdir(self.folder)
        self.monkeypatch.setattr(sys, "argv", ["threekeys", *arguments])
        status = 0
        try:
            main()
        except SystemExit as ended:
            status = int(ended.code or 0)
        out, err = self.capsys.readouterr()
        return status, out, err

    def told(self, *arguments: str) -> str:
        """What a failing command says."""
        status, out, err = self(*arguments)
        assert status == 1, f"{arguments}: {status}\n{out}{err}"
        said = [line for line in err.splitlines() if not line.startswith("{")]
        assert said, out
        assert said[0].startswith("threekeys: ")
        return "\n".join(said)


@pytest.fixture
def threekeys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path, monkeypatch, capsys)
