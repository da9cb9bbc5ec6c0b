"""A reader at a terminal: types a page's commands one after another, in one shell, and compares what comes out."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from tests.pages import Block, blocks, matches

_END = "\x1e"
_PATIENCE = 60.0  # seconds for a block


class Terminal:
    """One shell in a folder. `ports` says which port of the page stands for which that is free here."""

    def __init__(self, folder: Path, ports: Mapping[int, int]) -> None:
        self.folder = folder
        self.stands_in = folder  # where the reader's `cd` has led
        self.ports = dict(ports)
        beside = str(Path(sys.executable).parent)
        self.environment = {**os.environ, "PATH": f"{beside}:{os.environ['PATH']}", "TERM": "dumb", "COLUMNS": "100"}
        self._shell = self._start(["bash", "--norc"])
        self._others: list[tuple[subprocess.Popen[str], list[str]]] = []

    def close(self) -> None:
        """Close every terminal of the page, the last one first, as Ctrl-C does."""
        for process, _ in reversed(self._others):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)  # Ctrl-C goes to all that the terminal runs
                process.wait(timeout=40)
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        self._shell.wait(timeout=10)

    def follow(self, page: Path) -> None:
        """Do all that the page says, in its order."""
        printed = ""
        for block in blocks(page):
            if "file" in block.marks:
                (self.stands_in / block.marks["file"]).write_text(self._here(block.text) + "\n", encoding="utf-8")
            elif "in" in block.marks:
                self._edit(block)
            elif "output" in block.marks:
                shown = block.text
                assert matches(shown, printed), f"{page.name}:{block.line} shows\n{shown}\nbut this came:\n{printed}"
            elif block.language == "sh" and "elsewhere" not in block.marks:
                printed = self._do(page, block)

    def _do(self, page: Path, block: Block) -> str:
        if "terminal" in block.marks:
            return self._another(block)
        printed, status = self.type(block.text)
        wrong = (status == 0) == ("fails" in block.marks)
        assert not wrong, f"{page.name}:{block.line}: status {status}\n{block.text}\n{printed}"
        return printed

    def type(self, command: str) -> tuple[str, int]:
        """Type commands; what they print, and the last one's status."""
        script = self.folder / ".typed"
        script.write_text(self._here(command) + "\n", encoding="utf-8")
        shell = self._shell
        assert shell.stdin is not None
        assert shell.stdout is not None
        told = f"printf '\\n{_END}%s %s\\n' $? \"$PWD\""
        shell.stdin.write(f". {script} </dev/null; {told}\n")
        shell.stdin.flush()
        killer = threading.Timer(_PATIENCE, shell.kill)
        killer.start()
        lines: list[str] = []
        try:
            for line in shell.stdout:
                if line.startswith(_END):
                    status, _, where = line[1:].strip().partition(" ")
                    self.stands_in = Path(where)
                    return self._there("".join(lines)), int(status)
                lines.append(line)
        finally:
            killer.cancel()
        raise AssertionError(f"the shell ended, or took longer than {_PATIENCE:.0f} s:\n{command}\n{''.join(lines)}")

    def _another(self, block: Block) -> str:
        """A terminal of its own, in the same folder; it knows nothing of the first one's variables."""
        process = self._start(["bash", "-c", self._here(block.text)])
        printed: list[str] = []
        self._others.append((process, printed))

        def read() -> None:
            assert process.stdout is not None
            printed.extend(iter(process.stdout.readline, ""))

        threading.Thread(target=read, daemon=True).start()
        until = time.monotonic() + _PATIENCE
        while not any(line.startswith("ready") for line in printed):
            assert process.poll() is None, "".join(printed)
            assert time.monotonic() < until, "".join(printed)
            time.sleep(0.02)
        return self._there("".join(printed))

    def _edit(self, block: Block) -> None:
        target = self.stands_in / block.marks["in"]
        before = target.read_text(encoding="utf-8")
        line = block.marks["instead-of"]
        assert before.splitlines().count(line) == 1, f"{target.name} has not the one line {line!r}"
        after = [self._here(block.text) if one == line else one for one in before.splitlines()]
        target.write_text("\n".join(after) + "\n", encoding="utf-8")

    def _start(self, command: list[str]) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.stands_in,
            env=self.environment,
            start_new_session=True,
        )

    def _here(self, text: str) -> str:
        """The page's text, with the ports that are free here."""
        return _swapped(text, self.ports)

    def _there(self, text: str) -> str:
        """What was printed here, with the page's ports."""
        return _swapped(text, {here: there for there, here in self.ports.items()})


def _swapped(text: str, ports: Mapping[int, int]) -> str:
    names = "|".join(str(port) for port in ports)
    return re.sub(rf"(?<![0-9])({names})(?![0-9])", lambda found: str(ports[int(found[0])]), text)
