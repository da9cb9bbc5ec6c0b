"""Starts a system of the sandbox as the demo does: by file path, in a process of its own."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import gateway.sandbox

SYSTEMS = Path(gateway.sandbox.__file__).parent / "systems"
SECONDS = 20.0


@dataclass(slots=True)
class Running:
    """A process, what it said first, and what it says since."""

    process: subprocess.Popen[str]
    ready: str
    lines: "queue.Queue[str]" = field(default_factory=queue.Queue)

    @property
    def port(self) -> int:
        """The port of its `ready` line."""
        return int(self.ready.rsplit(":", 1)[1])


@contextmanager
def started(
    system: str, *arguments: str | Path, environment: Mapping[str, str] | None = None, by_stdin: bool = True
) -> Iterator[Running]:
    """A system that runs until the block ends; from a folder where nothing of ours can be imported."""
    command = [sys.executable, "-I", str(SYSTEMS / f"{system}.py"), *map(str, arguments)]
    process = subprocess.Popen(
        [*command, "--stop-with-stdin"] if by_stdin else command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd="/",
        env={**os.environ, **(environment or {})},
    )
    lines: queue.Queue[str] = queue.Queue()
    assert process.stdout is not None
    output = process.stdout

    def listen() -> None:
        for line in output:
            lines.put(line.strip())
        lines.put("")  # the end

    threading.Thread(target=listen, daemon=True).start()
    try:
        first = lines.get(timeout=SECONDS)
        if not first.startswith("ready "):
            _, errors = process.communicate(timeout=SECONDS)
            raise AssertionError(f"{system} did not start: {errors}")
        yield Running(process, first.removeprefix("ready "), lines)
    finally:
        if process.poll() is None and process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()
