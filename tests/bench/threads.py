"""What Linux knows of a gateway's processes: CPU time and context switches a thread, memory of the whole."""

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


def processes(pid: int) -> list[int]:
    """The gateway's own, and those that it forked."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def threads(pid: int) -> dict[int, Thread]:
    """By thread id."""
    found = {}
    for task in (task for one in processes(pid) for task in Path(f"/proc/{one}/task").iterdir()):
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
    """Ask the bench's gateway for the names of its threads; a process that it forked has a name of its own."""
    file.unlink(missing_ok=True)
    os.kill(pid, signal.SIGUSR1)
    until = time.monotonic() + 3
    while time.monotonic() < until:
        with suppress(OSError, ValueError):
            own = {int(tid): name for tid, name in json.loads(file.read_text()).items()}
            return own | {one: Path(f"/proc/{one}/comm").read_text().strip() for one in processes(pid)[1:]}
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
    """Memory in KiB that the gateway and those that it forked hold: of pages that they share, once."""
    lines = [line for one in processes(pid) for line in Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()]
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
