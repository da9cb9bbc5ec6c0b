"""What a figure must be read beside: the processors, their load, this Python's own speed and the disk's."""

import os
import platform
import tempfile
import time
from pathlib import Path
from statistics import median


def describe() -> str:
    """One paragraph about this machine, measured now."""
    with Path("/proc/cpuinfo").open() as file:
        model = next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "?")
    load = Path("/proc/loadavg").read_text().split()[0]
    return (
        f"{os.cpu_count()} × {model}, load {load} before the run; Python {platform.python_version()}, "
        f"{python_speed():.0f} ms for a fixed loop, {sync_micros():.0f} µs for a small write made durable"
    )


def python_speed() -> float:
    """Milliseconds of CPU for a fixed loop in pure Python, the best of five."""
    return min(_loop() for _ in range(5))


def _loop() -> float:
    began = time.thread_time_ns()
    kept: dict[int, tuple[int, str]] = {}
    for n in range(200_000):
        kept[n % 100] = (n, str(n))
        kept[n % 100][1] + "a"
    return (time.thread_time_ns() - began) / 1e6


def sync_micros() -> float:
    """Microseconds for 4 KiB appended and synced in the folder for temporary files, the median of 50."""
    seen = []
    with tempfile.TemporaryFile() as file:
        for _ in range(50):
            began = time.perf_counter_ns()
            file.write(b"x" * 4096)
            file.flush()
            os.fdatasync(file.fileno())
            seen.append((time.perf_counter_ns() - began) / 1000)
    return median(seen)
