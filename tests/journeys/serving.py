"""A gateway with nothing in it, served by the real command."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gateway.sandbox.layout import free_base
from tests.journeys.running import THREEKEYS


@dataclass
class Served:
    """What it said at its start, and on stderr once it has ended."""

    process: "subprocess.Popen[str]"
    port: int
    ready: str = ""
    logged: list[dict[str, Any]] = field(default_factory=list)
    said: str = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def served(folder: Path, port: int | None = None, **settings: Any) -> Iterator[Served]:
    """A gateway that is ready; in the end it is told to stop. `settings` are those of threekeys.yaml."""
    port = port or free_base()
    config = folder / "threekeys.yaml"
    config.write_text(yaml.safe_dump({"baseUrl": f"http://127.0.0.1:{port}", "port": port, **settings}))
    subprocess.run([THREEKEYS, "migrate", "-c", str(config)], check=True, capture_output=True, timeout=60)
    command = [THREEKEYS, "serve", "-c", str(config)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    gateway = Served(process, port)
    try:
        assert process.stdout is not None
        gateway.ready = process.stdout.readline()
        assert gateway.ready.startswith("ready ")
        yield gateway
    finally:
        process.terminate()
        try:
            out, gateway.said = process.communicate(timeout=40)
        finally:
            process.kill()
    assert out == ""
    gateway.logged = [json.loads(line) for line in gateway.said.splitlines() if line.startswith("{")]
