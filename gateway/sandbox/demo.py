"""`threekeys demo`: sets up, starts everything, shows the tour, and stops every process it started."""

import asyncio
import contextlib
import json
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
import yaml
from sqlalchemy.exc import DBAPIError

from gateway.clock import SystemClock
from gateway.connector.local import LocalConnector
from gateway.db.migrating import migrate, said
from gateway.db.open import open_engine
from gateway.sandbox import world
from gateway.sandbox.describing import never_asked, standing
from gateway.sandbox.folder import empty, held
from gateway.sandbox.identity import UnsafeSandboxIdentity
from gateway.sandbox.installed import check_installed
from gateway.sandbox.layout import LAST, Layout, free_base, taken
from gateway.sandbox.leftovers import stop_leftovers
from gateway.sandbox.listening import listen
from gateway.sandbox.people import Person, people, write_seed
from gateway.sandbox.processes import Processes, configuration
from gateway.sandbox.seeding import seed
from gateway.sandbox.tour import fresh_face, show, tour
from gateway.settings import ConfigurationError, load

Say = Callable[[str], None]


async def run(folder: Path, port: int, *, fresh: bool, database: str | None, say: Say) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP. Raises `ConfigurationError` with what to mend."""
    check_installed()
    layout = _layout(folder, port, fresh=fresh, database=database)
    with held(layout.folder):
        if stop_leftovers(layout, say):
            _ports_come_free(layout)
        if fresh:
            empty(layout.folder)
        layout.clients.mkdir(parents=True, exist_ok=True)
        if layout.description.exists():
            say("  what an earlier demo kept is used again; `--fresh` starts anew")
        await _run(layout, database, say)


async def _run(layout: Layout, database: str | None, say: Say) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(name, stop.set)
    processes = Processes(layout)
    everybody = people(datetime.now(UTC).date())
    work = asyncio.create_task(_start(layout, database, processes, everybody, say))
    stopped = asyncio.create_task(stop.wait())
    servers: list[uvicorn.Server] = []
    try:
        await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done():
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            return
        servers = work.result()
        newcomer = fresh_face(everybody, await never_asked(load(layout.configuration), everybody))
        say(show(layout, tour(layout, everybody, newcomer)))
        ended = asyncio.create_task(processes.ended())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            raise ConfigurationError(f"{ended.result()} stopped by itself; its log is in {layout.folder}")
        ended.cancel()
    finally:
        stopped.cancel()
        say("stopping…")
        for server in servers:
            server.should_exit = True
        await processes.stop()
        await asyncio.sleep(0.1)


def _layout(folder: Path, port: int, *, fresh: bool, database: str | None) -> Layout:
    """Check everything, change nothing."""
    if fresh and database:
        raise ConfigurationError("--fresh deletes the demo's own SQLite file only; give an empty database instead")
    if database:
        open_engine(database)
    if not 0 <= port <= LAST:
        raise ConfigurationError(f"--port is 0 to {LAST}: five in a row are used")
    layout = Layout(folder.absolute(), port or free_base())
    if not layout.postgres.exists():  # else what is in the way may be ours, and about to end
        _ports_are_free(layout)
    return layout


def _ports_are_free(layout: Layout) -> None:
    busy = taken(layout.port)
    if busy:
        ports = ", ".join(map(str, busy))
        raise ConfigurationError(f"in use already: port {ports}. Choose another with --port (five in a row are used)")


def _ports_come_free(layout: Layout) -> None:
    """The processes of a demo that was killed end by themselves, and need a moment for it."""
    until = time.monotonic() + 10
    while taken(layout.port) and time.monotonic() < until:
        time.sleep(0.1)
    _ports_are_free(layout)


async def _start(
    layout: Layout, database: str | None, processes: Processes, everybody: list[Person], say: Say
) -> list[uvicorn.Server]:
    step = _Steps(say)
    step("the agencies' systems: PostgreSQL, an HTTP API, a CSV drop, a TCP service")
    write_seed(layout.seed, datetime.now(UTC).date())
    await processes.agencies()
    url = database or f"sqlite:///{layout.folder / 'gateway.db'}"
    layout.configuration.write_text(yaml.safe_dump(dict(configuration(layout, url)), sort_keys=False))
    settings = load(layout.configuration)
    step("the gateway's database")
    try:
        await asyncio.to_thread(migrate, settings.database)
    except DBAPIError as error:
        raise ConfigurationError(f"the gateway's database cannot be used: {said(error)}") from None
    step("agencies, agreements, consents")
    await seed(settings, layout, everybody)
    step("sign-in, gateway, connector")
    identity = UnsafeSandboxIdentity(
        layout.issuer, layout.base_url, _accounts(everybody), SystemClock(), sandbox=True
    )
    servers = [await listen(identity, layout.port_of("identity"))]
    command = [sys.executable, "-m", "gateway.cli", "serve", "--config", str(layout.configuration)]
    await processes.start("gateway", command)
    connector = LocalConnector(layout.base_url, {client: layout.key_file(client) for client in _connected()})
    servers.append(await listen(connector, layout.port_of("connector")))
    layout.description.write_text(json.dumps(standing(layout, everybody), indent=1, ensure_ascii=False))
    step.done()
    return servers


class _Steps:
    """Tells what is being done, and how long it took."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._since = time.monotonic()
        self._what = ""

    def __call__(self, what: str) -> None:
        self.done()
        self._what, self._since = what, time.monotonic()
        self._say(f"  … {what}")

    def done(self) -> None:
        if self._what:
            self._say(f"    {time.monotonic() - self._since:.1f} s")


def _accounts(everybody: list[Person]) -> dict[str, dict[str, str]]:
    accounts = {person.handle: person.identifiers for person in everybody}
    return accounts | {person.name: person.identifiers for person in everybody}


def _connected() -> list[str]:
    """The connector's clients; the first is used unless `Threekeys-Client` names another."""
    return sorted(world.CLIENTS, key=lambda client: (client != "sandbox.council.casework", client))
