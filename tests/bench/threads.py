"""What Linux knows of a process: CPU time and context switches a thread, memory of the whole."""

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICK = 1e6 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Thread:
    """Totals since the thread began: CPU in microseconds (user, system), switches (waited, was pushed off)."""

    user: float
    system: float
    waited: int
    pushed: int


def threads(pid: int) -> dict[int, Thread]:
    """By thread id."""
    found = {}
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):
            fields = (task / "stat").read_text().rpartition(")")[2].split()
            status = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines() if ":" in line)
            found[int(task.name)] = Thread(
                int(fields[11]) * _TICK,
                int(fields[12]) * _TICK,
                int(status["voluntary_ctxt_switches"]),
                int(status["nonvoluntary_ctxt_switches"]),
            )
    return found


def thread_names(pid: int, file: Path) -> dict[int, str]:
    """Ask the bench's gateway for the names of its threads."""
    file.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        with suppress(OSError, ValueError):
            return {int(tid): name for tid, name in json.loads(file.read_text()).items()}
        time.sleep(0.02)
    return {}


def per_exchange(
    before: dict[int, Thread], after: dict[int, Thread], names: dict[int, str], exchanges: int
) -> list[tuple[str, Thread]]:
    """What one exchange cost each thread, dearest first; `waited` and `pushed` are switches a thousand exchanges."""
    nothing = Thread(0, 0, 0, 0)
    rows = []
    for tid, now in after.items():
        was = before.get(tid, nothing)
        rows.append(
            (
                names.get(tid, f"thread {tid}"),
                Thread(
                    (now.user - was.user) / exchanges,
                    (now.system - was.system) / exchanges,
                    1000 * (now.waited - was.waited) // exchanges,
                    1000 * (now.pushed - was.pushed) // exchanges,
                ),
            )
        )
    return sorted(rows, key=lambda row: -(row[1].user + row[1].system))


def resident(pid: int) -> int:
    """Resident memory in KiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
