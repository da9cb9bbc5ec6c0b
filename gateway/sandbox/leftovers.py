"""What a demo that was killed leaves behind, found by the next one in its folder: a PostgreSQL without a parent.

All else that a demo starts ends by itself when the demo is gone (`--stop-with-stdin`). The PostgreSQL's folder is
written down in the demo's folder, and bears a mark that names the demo's folder; a process is taken for it only where
its own command line names that PostgreSQL's data. So nothing of another demo's, or of anybody else's, is touched.
"""

import shutil
import signal
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gateway.sandbox.folder import MARK
from gateway.sandbox.layout import Layout

_PATIENCE = 10.0  # seconds for a PostgreSQL to end


def postgres_folder(layout: Layout) -> Path:
    """A new folder for this demo's PostgreSQL, written down so that it can be found again.

    It lies apart from the demo's: the server makes all parent folders of its data readable.
    """
    folder = Path(tempfile.mkdtemp(prefix="threekeys-sandbox-")).resolve()
    (folder / MARK).write_text(str(layout.folder), encoding="utf-8")
    layout.postgres.write_text(str(folder), encoding="utf-8")
    return folder


def forget(layout: Layout, folder: Path) -> None:
    """Remove the folder of a PostgreSQL that has ended."""
    shutil.rmtree(folder, ignore_errors=True)
    layout.postgres.unlink(missing_ok=True)


def stop_leftovers(layout: Layout, say: Callable[[str], None]) -> bool:
    """Stop what an earlier demo in this folder left, while the folder is held; whether there was anything."""
    try:
        folder = Path(layout.postgres.read_text(encoding="utf-8"))
    except OSError:
        return False
    ours = folder / MARK
    if not ours.is_file() or ours.read_text(encoding="utf-8") != str(layout.folder):
        layout.postgres.unlink()
        return False
    say("  an earlier demo in this folder was killed: what it left is stopped")
    _stop(folder / "data")
    forget(layout, folder)
    return True


def _stop(data: Path) -> None:
    import psutil  # type: ignore[import-untyped]  # it comes with the sandbox's PostgreSQL, and has no types

    with suppress(OSError, ValueError, IndexError, psutil.NoSuchProcess):
        pid = int((data / "postmaster.pid").read_text().splitlines()[0])
        process = psutil.Process(pid)
        if str(data) not in process.cmdline():  # the number is somebody else's by now
            return
        process.send_signal(signal.SIGINT)  # PostgreSQL's fast shutdown
        try:
            process.wait(_PATIENCE)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(_PATIENCE)
