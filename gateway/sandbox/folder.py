"""The demo's own folder: known by a mark, held by one demo at a time, deleted only where the mark stands."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.settings import ConfigurationError

MARK = ".threekeys-demo"


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Hold the folder for a demo's life.

    Raises `ConfigurationError`, having touched nothing, where the folder holds something else or a demo runs in it.
    """
    folder = folder.absolute()
    mark = folder / MARK
    if folder.exists() and any(folder.iterdir()) and not mark.exists():
        raise ConfigurationError(f"{folder} holds something else than a demo; choose another with --folder")
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(mark, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError(
                f"a demo runs in {folder} already: stop it, or choose another --folder"
            ) from None
        yield folder
    finally:
        os.close(descriptor)


def is_held(folder: Path) -> bool:
    """Whether a demo runs in the folder, or starts or stops there."""
    try:
        descriptor = os.open(folder / MARK, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def empty(folder: Path) -> None:
    """Delete all that a demo keeps in a folder that is held."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != MARK:
            entry.unlink()
