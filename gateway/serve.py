"""Run a gateway under uvicorn: on SIGTERM or SIGINT it drains, so that in-flight exchanges finish."""

import signal
import socket
import sys
from collections.abc import Callable

import uvicorn

from gateway.app import Gateway, build
from gateway.settings import Settings
from gateway.telemetry import log


class _Server(uvicorn.Server):
    """A server that tells its gateway when it begins to drain."""

    def __init__(self, config: uvicorn.Config, gateway: Gateway, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._gateway = gateway
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    def handle_exit(self, sig: int, frame: object) -> None:
        self._gateway.drain()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]  # uvicorn names the frame's type, and reads it not


def server(settings: Settings, ready: Callable[[], None] = lambda: None) -> uvicorn.Server:
    """A server for these settings, not yet started."""
    gateway = build(settings)
    tls = settings.tls
    config = uvicorn.Config(
        gateway,
        host=settings.host,
        port=settings.port,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_graceful_shutdown=settings.drain_seconds,
        timeout_keep_alive=75,
        h11_max_incomplete_event_size=16_384,
        ssl_certfile=str(tls.certificate) if tls else None,
        ssl_keyfile=str(tls.key) if tls else None,
    )
    return _Server(config, gateway, ready)


def serve(settings: Settings, ready: Callable[[], None] = lambda: None) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called once requests are answered."""
    log.configure(level=settings.log_level)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    running = server(settings, ready)
    running.run()
    if not running.started:
        sys.exit(3)
