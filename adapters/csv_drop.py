"""A dropped file: is it there, is it whole, has it changed."""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from adapters.errors import Misconfigured, Retriable


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one content of a file from another without reading it."""

    inode: int
    size: int
    changed: int  # nanoseconds

    @classmethod
    def of(cls, status: os.stat_result) -> "Stamp":
        return cls(status.st_ino, status.st_size, status.st_mtime_ns)

    @property
    def moment(self) -> datetime:
        """When the file was last written."""
        return datetime.fromtimestamp(self.changed / 1e9, UTC)


class Drop:
    """A path, and the rule by which a whole file is told from one still being written.

    marker           a second file, of the path and this ending, written after it and no older than it
    stable_seconds   the file has not changed for so long
    """

    def __init__(self, path: Path, *, marker: str | None, stable_seconds: float | None) -> None:
        self.path = path
        self.marker = path.with_name(path.name + marker) if marker is not None else None
        self.stable_seconds = stable_seconds or 0.0

    def stamp(self) -> Stamp:
        """The file as it is now. Raises `Retriable` where there is none."""
        try:
            return Stamp.of(self.path.stat())
        except FileNotFoundError:
            raise Retriable(f"the file {self.path} is not there (yet)") from None
        except OSError as error:
            raise Retriable(f"the file {self.path} cannot be looked at: {error.strerror}") from None

    def read(self) -> tuple[bytes, Stamp] | None:
        """The whole content and its stamp; None where it is not whole yet."""
        try:
            with self.path.open("rb") as file:
                before = Stamp.of(os.fstat(file.fileno()))
                if not self._is_whole(before):
                    return None
                content = file.read()
                after = Stamp.of(os.fstat(file.fileno()))
        except FileNotFoundError:
            raise Retriable(f"the file {self.path} is not there (yet)") from None
        except PermissionError:
            raise Misconfigured(f"the file {self.path} may not be read by the gateway's user") from None
        except OSError as error:
            raise Retriable(f"the file {self.path} cannot be read: {error.strerror}") from None
        return (content, before) if before == after and len(content) == before.size else None

    @property
    def awaits(self) -> str:
        """What the file, or what is beside it, has to become before it is read."""
        if self.marker is None:
            return f"the file {self.path} is still being written: it has to rest for {self.stable_seconds:g} seconds"
        return f"the file {self.path} is not known to be whole: {self.marker.name} beside it must be as new as it is"

    def _is_whole(self, found: Stamp) -> bool:
        if self.marker is None:
            return time.time() - found.changed / 1e9 >= self.stable_seconds
        try:
            return self.marker.stat().st_mtime_ns >= found.changed
        except OSError:
            return False
