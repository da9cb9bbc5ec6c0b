"""A warm parent: a process that has imported the gateway and forks one at each line that it reads.

    {"config": "…", "log": "…", "point": "decided", "hit": 3, "variant": 0, "fuse": "…"}   → the child's pid
    {"wait": pid}                                                                          → how it ended (waitpid)

It ends, and its children with it, when its standard input does.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.journeys.failpoints import Fuse, Strikes, install


class WarmParent:
    """The test's side of it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.journeys.warm"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def fork(self, config: Path, log: Path, **failpoint: Any) -> int:
        """A gateway; its pid."""
        return self._ask({"config": str(config), "log": str(log), **failpoint})

    def wait(self, pid: int) -> int:
        """Wait for its end; the exit code, negative for a signal."""
        return self._ask({"wait": pid})

    def close(self) -> None:
        """End the parent and whatever it still has."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _ask(self, what: Mapping[str, Any]) -> int:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(what), file=self._process.stdin, flush=True)
        return int(self._process.stdout.readline())


def _child(order: Mapping[str, Any]) -> None:
    """Serve until told to stop."""
    from gateway.serve import serve
    from gateway.settings import load

    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    if order.get("point"):
        install(order["point"], Strikes(Fuse(Path(order["fuse"])), order["hit"]), order["variant"])
    serve(load(Path(order["config"])))


def _main() -> None:
    import gateway.app  # what a cold start spends its time on
    import gateway.db.postgres
    import gateway.serve  # noqa: F401  # imported to be there after the fork

    alive: set[int] = set()
    for line in iter(sys.stdin.readline, ""):
        order = json.loads(line)
        if "wait" in order:
            _, status = os.waitpid(order["wait"], 0)
            alive.discard(order["wait"])
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            try:
                _child(order)
                os._exit(0)
            finally:
                os._exit(70)  # whatever was raised: a child never goes on with the parent's work
        alive.add(pid)
        print(pid, flush=True)
    for pid in alive:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


if __name__ == "__main__":
    _main()
