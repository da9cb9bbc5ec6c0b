"""One round of wrk: one thread, so many connections, for so many whole seconds."""

import json
import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).parent / "exchange.lua"


@dataclass(frozen=True, slots=True)
class Round:
    """What wrk saw. Latencies in microseconds; `refused` are answers of 400 and above, `broken` no answers."""

    requests: int
    microseconds: int
    p50: int
    p99: int
    max: int
    refused: int
    broken: int

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.microseconds * 1e6


def wrk(
    port: int, head: Path, proofs: Path, subjects: int, connections: int, seconds: float, *, whole: bool = True
) -> Round:
    """Run one round. RuntimeError where an answer was a refusal, or (if `whole`) none came: that says nothing."""
    command = [
        "wrk",
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "-s",
        str(SCRIPT),
        f"http://127.0.0.1:{port}",
    ]
    seed = str(secrets.randbelow(1 << 30))
    done = subprocess.run(
        [*command, "--", str(head), str(proofs), str(subjects), seed], capture_output=True, text=True, check=False
    )
    found = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    if not found:
        raise RuntimeError(f"wrk failed: {done.stdout[-500:]} {done.stderr[-500:]}")
    seen = Round(**json.loads(found[0].removeprefix("RESULT ")))
    if seen.refused or (whole and seen.broken):
        raise RuntimeError(f"{seen.refused} refused and {seen.broken} broken of {seen.requests}")
    return seen
