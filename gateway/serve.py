"""Run a gateway under uvicorn: on SIGTERM, SIGINT or SIGHUP it drains, so that in-flight exchanges finish.

While it drains it listens on, where uvicorn would close its port at once: who asks whether it is ready reads that it
is not, and who asks for something new is told `shutting-down`, rather than that their connection is refused.
"""

import asyncio
import gc
import math
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn

from gateway.apart import leave_alone
from gateway.app import Gateway, build
from gateway.db.migrating import check
from gateway.db.open import open_engine
from gateway.ledger import repository as ledger
from gateway.settings import ConfigurationError, Settings, Tls
from gateway.signing.directory import missing
from gateway.signing.errors import KeyFileError
from gateway.telemetry import log
from gateway.web.listening import listen
from gateway.web.protocol import bounded

HANDSHAKE_SECONDS = 15.0
"""What a TLS handshake may take, as a head may. A connection without one is none yet, and counts in none."""
GRACE_SECONDS = 10.0
"""How long beyond `drainSeconds` closing may take, of the database before all."""
_TICK = 0.1
_OTHER_FILES = 256
"""Open files beside those of connections: the database, keys, the log. With fewer none is started: what fails for
want of them would be told as the fault of a source, or of nobody."""


class _Server(uvicorn.Server):
    """A server that tells its gateway when it begins to drain, and listens until nothing of before is under way."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._gateway = gateway
        self._ready = ready
        self._draining_since: float | None = None
        self.lost = False
        if gateway.store.apart is not None:
            gateway.store.apart.lost = self._lost
        self._last = threading.Timer(gateway.settings.drain_seconds + GRACE_SECONDS, self._give_up)
        self._last.daemon = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._gateway.open_sources()
        if self.config.ssl is not None:  # uvicorn has no setting for it; the loop's own patience is 60 seconds
            loop: Any = asyncio.get_running_loop()
            loop.create_server = partial(loop.create_server, ssl_handshake_timeout=HANDSHAKE_SECONDS)
        await super().startup(sockets)
        if self.started:
            gc.collect()
            leave_alone()
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Drain, then close. From the very start on: a signal may come before uvicorn's loop has begun."""
        counter = 0
        while not self._drained():
            await asyncio.sleep(_TICK)
            counter += 1
            await self.on_tick(counter)  # the Date of answers goes on
        await super().shutdown(sockets)
        if self.force_exit:  # by a second SIGINT; uvicorn would leave the app to be cut off in its closing
            for task in list(self.server_state.tasks):
                task.cancel()
            await self.lifespan.shutdown()
        self._last.cancel()

    def _drained(self) -> bool:
        now = asyncio.get_running_loop().time()
        if self._draining_since is None:
            self._draining_since = now
            self._last.start()
            self._gateway.drain()
            self._gateway.requests.mark()
        settings = self._gateway.settings
        passed = now - self._draining_since
        self.config.timeout_graceful_shutdown = max(1, math.ceil(settings.drain_seconds - passed))
        finished = not self._gateway.requests.older and passed >= settings.drain_notice_seconds
        return finished or passed >= settings.drain_seconds or self.force_exit

    def _lost(self) -> None:
        """What waits for it has been told; nothing can be handed over any more."""
        log.logger("gateway").error("the process that commits has ended: this gateway ends too, start it again")
        self.lost = self.should_exit = True
        self._gateway.drain()

    def handle_exit(self, sig: int, frame: object) -> None:
        self._gateway.drain()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]  # uvicorn names the frame's type, and reads it not

    def _give_up(self) -> None:
        """Whatever still holds it up: a database that does not answer would, for as long as it does not. What was
        acknowledged is durable, and what was not is as after a power cut."""
        log.logger("gateway").error("not everything could be closed in time: a database or a source does not answer")
        log.flush()
        for one in (self._gateway.store.apart, self._gateway.auth.verifier.apart):
            if one is not None:
                one.kill()
        os._exit(3)


def server(settings: Settings, ready: Callable[[], None] = lambda: None) -> _Server:
    """A server for these settings, not yet started."""
    gateway = build(settings, apart=True)
    tls = settings.tls
    config = uvicorn.Config(
        gateway,
        host=settings.host,
        port=settings.port,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http=bounded(settings.base_url, settings.most_connections),
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.drain_seconds,
        timeout_keep_alive=75,
        ssl_certfile=str(tls.certificate) if tls else None,
        ssl_keyfile=str(tls.key) if tls else None,
    )
    if tls is not None:
        _check_tls(tls)
    try:
        config.load()
    except OSError as error:  # ssl's own errors are OSErrors too
        raise ConfigurationError(f"tls: certificate and key cannot be used: {error.strerror or error}") from None
    return _Server(config, gateway, ready)


def serve(
    settings: Settings, ready: Callable[[], None] = lambda: None, forked: Callable[[], None] = lambda: None
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; `ready` is called once requests are answered, `forked` once this process
    may have threads.

    Raises `ConfigurationError` where what the settings name cannot be used: the port, the adapters, the keys, the
    database or its schema. A database that goes away later stops nothing: `/health/ready` tells it.
    """
    log.configure(level=settings.log_level)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    _make_room(settings.most_connections)
    _check_file(settings.database)
    check(settings.database)
    settings = _of_its_ledger(settings)
    _warn(settings)
    try:
        running = server(settings, ready)
    except KeyFileError as error:
        raise ConfigurationError(f"keys: {error}") from None
    forked()

    def end(*_: object) -> None:
        """Before uvicorn listens for signals, and when it raises the one that ended it once more."""
        running.should_exit = True

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, end)
    _heed_hangup(running)
    with listen(settings.host, settings.port) as bound:
        running.run(sockets=[bound])
    log.flush()
    if not running.started or running.lost:
        sys.exit(3)


def _heed_hangup(running: _Server) -> None:
    """SIGHUP is SIGTERM: there is nothing to read anew, and its default would end a gateway without its draining. Who
    started it to heed none, as `nohup` does, is heeded."""
    if sys.platform == "win32" or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        return
    signal.signal(signal.SIGHUP, lambda *_: running.handle_exit(signal.SIGTERM, None))


def _check_tls(tls: Tls) -> None:
    """Each file by itself; whether they fit each other is for OpenSSL to say."""
    for name, path in (("certificate", tls.certificate), ("key", tls.key)):
        try:
            path.read_bytes()
        except OSError as error:
            raise ConfigurationError(f"tls.{name}: {path} cannot be read: {error.strerror}") from None


def _check_file(url: str) -> None:
    """An SQLite file that is not there is no ledger to go on with: a new one is made by `migrate` only, and so is not
    to be the advice for a mistyped path."""
    scheme, _, path = url.partition(":///")
    if scheme == "sqlite" and not Path(path).exists():
        folder = Path(path).parent
        where = "" if folder.exists() else f", nor the folder {folder}"
        raise ConfigurationError(
            f"database: there is no {path}{where}: name the file that holds your ledger, or for a new gateway's first"
            " start make one by `threekeys migrate`"
        )


def _of_its_ledger(settings: Settings) -> Settings:
    """The settings, under the name that the ledger was signed under before, if it was.

    Whatever `baseUrl` has become: a log under two names verifies under neither, for good. And first keys are made for
    a first start only: over such a ledger, new ones would break it, and without the pseudonym keys no consent is
    found.
    """
    engine = open_engine(settings.database)
    connection = engine.connect(writing=False)
    try:
        name = ledger.name(connection)
    finally:
        engine.close(connection)
    if name is None:
        return settings
    gone = missing(settings.keys)
    if gone:
        raise ConfigurationError(
            f"keys: {settings.keys} holds no key for {', '.join(gone)}, and its database was used with some: put the"
            " key files back (`threekeys keys list` shows what is there)"
        )
    if settings.ledger_origin not in (None, name):
        raise ConfigurationError(
            f"ledgerOrigin: the ledger in this database is called {name}, and verifies under no other: give that,"
            " or leave the setting out; a ledger called otherwise needs a database of its own"
        )
    return settings.model_copy(update={"ledger_origin": name})


def _make_room(connections: int) -> None:
    """Ask for as many open files as the connections need: to callers, to sources, and to the database."""
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * connections + _OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if most < _OTHER_FILES:
        raise ConfigurationError(
            f"only {most} files may be open at a time: a gateway needs {_OTHER_FILES} at least, and {wanted} for"
            f" mostConnections: {connections}. Raise the hard limit (ulimit -Hn, LimitNOFILE of systemd)"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    if most < wanted:
        log.logger("gateway").warning(
            "fewer files may be open than mostConnections needs: raise the limit (ulimit -n, LimitNOFILE of systemd) "
            "or lower mostConnections",
            limit=most,
            wanted=wanted,
        )


def _warn(settings: Settings) -> None:
    """Tell of what can be meant, and seldom is."""
    parts = urlsplit(settings.base_url)
    told = parts.port or (443 if parts.scheme == "https" else 80)
    if told != settings.port and not settings.behind_proxy:
        log.logger("gateway").warning(
            "baseUrl names another port than the one listened on: callers must be led from one to the other",
            baseUrl=settings.base_url,
            port=settings.port,
        )
