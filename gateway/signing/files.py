"""Numbered key files in one directory: made once, never changed, readable by their owner only.

`write` is atomic and refuses to overwrite, so that several gateways that share the directory and start at the same
moment agree: one makes the key, the others read it.
"""

import os
import re
import secrets
from pathlib import Path

from gateway.signing.errors import KeyFileError

_NAME = re.compile(r"(?P<stem>[a-z]+)-(?P<ordinal>\d{4,})\.(?:pem|key)")


class KeyFiles:
    """The key files of a directory, by stem and ordinal."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def ensure(self) -> None:
        """Make the directory, for its owner only (0700)."""
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    def names(self) -> tuple[str, ...]:
        """The names of all key files, sorted."""
        try:
            entries = [path.name for path in self.directory.iterdir()]
        except OSError as error:
            raise KeyFileError(
                f"the key directory (setting `keys`) cannot be read: {error.strerror}; the gateway makes it, with its"
                " keys, when it is first served"
            ) from None
        return tuple(sorted(name for name in entries if _NAME.fullmatch(name)))

    def ordinals(self, stem: str) -> list[tuple[int, str]]:
        """(ordinal, file name) of one stem, oldest first."""
        matches = ((_NAME.fullmatch(name), name) for name in self.names())
        return sorted((int(m["ordinal"]), name) for m, name in matches if m is not None and m["stem"] == stem)

    def read(self, name: str) -> bytes:
        """A file's content. `KeyFileError` where it cannot be read, or where everybody can."""
        path = self.directory / name
        try:
            mode = path.stat().st_mode
            data = path.read_bytes()
        except OSError as error:
            raise KeyFileError(f"the key file {name} cannot be read: {error.strerror}") from None
        if os.name == "posix" and mode & 0o007:
            raise KeyFileError(f"the key file {name} is open to every user of this machine: chmod 600 it")
        return data

    def write(self, name: str, data: bytes) -> bool:
        """Make the file (0600), durably; False where it is there already, which is then left as it is."""
        draft = self.directory / f".{name}.{secrets.token_hex(8)}"
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            try:
                (self.directory / name).hardlink_to(draft)
            except FileExistsError:
                return False
        finally:
            draft.unlink()
        return True
