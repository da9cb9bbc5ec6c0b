"""A demo run as a newcomer runs it: the real command, real processes, real HTTP."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

THREEKEYS = str(Path(sys.executable).parent / "threekeys")


@dataclass
class Demo:
    """A running demo: its folder, what it printed, what it describes."""

    folder: Path
    process: "subprocess.Popen[str]"
    printed: list[str] = field(default_factory=list)

    @property
    def description(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "describe.json").read_text())
        return found

    def steps(self) -> list[tuple[str, tuple[str, ...], str]]:
        """(what, expected, command) as printed."""
        text = "".join(self.printed)
        found = re.findall(r"^ ?\d+\. (.*?)  → (.*)\n    (.*)$", text, re.MULTILINE)
        return [(what, tuple(expect.split(" ")), command) for what, expect, command in found]

    def below(self) -> list[int]:
        """Every process that it started."""
        return children(self.process.pid) + self.postgres()

    def postgres(self) -> list[int]:
        """The processes of its PostgreSQL, which detaches itself from its parent."""
        return _naming((self.folder / "postgres.folder").read_text().strip())

    def stop(self) -> int:
        """As Ctrl-C does."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=60)


@contextmanager
def running_demo(folder: Path, *arguments: str) -> Iterator[Demo]:
    """Start, wait until it is ready, and stop it in the end."""
    command = [THREEKEYS, "demo", "--port", "0", "--folder", str(folder), *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    demo = Demo(folder, process)
    ready = threading.Event()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            demo.printed.append(line)
            if line.startswith("Ctrl-C"):
                ready.set()
        ready.set()

    threading.Thread(target=read, daemon=True).start()
    try:
        assert ready.wait(90), "".join(demo.printed)
        assert process.poll() is None, "".join(demo.printed)
        yield demo
    finally:
        if process.poll() is None:
            demo.stop()


def children(pid: int) -> list[int]:
    """Every process below this one."""
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
            if parent == pid:
                found += [int(entry.name), *children(int(entry.name))]
    return found


def _naming(word: str) -> list[int]:
    """Every process whose command line holds this."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if word.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
    return found


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"
