"""The gateway's signing keys, kept as PEM files in one directory; rotation is one new file."""

import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from gateway.signing.errors import KeyFileError
from gateway.signing.files import KeyFiles
from gateway.signing.handover import hand_over
from gateway.signing.keys import Purpose, SigningKey, from_pem, generate, with_hand_over
from gateway.signing.pseudonyms import STEM

LOOK = 5.0
"""Seconds between two looks for keys that were made elsewhere: well within a rotation's lead."""


class KeyDirectory:
    """All signing keys. `current` is for the hot path and touches no file; `jwks` looks for files that are new.

    Other gateways that share the directory sign with a rotated key after their next `refresh`; until then they
    sign with the one before, which still verifies.
    """

    def __init__(self, directory: Path | str) -> None:
        self._files = KeyFiles(Path(directory))
        self._names: tuple[str, ...] = ()
        self._keys: dict[Purpose, list[SigningKey]] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        """It travels as its path: keys never leave a process."""
        return _of_this_process, (self._files.directory,)

    def ensure(self) -> "KeyDirectory":
        """Make the directory and a first key for each purpose where there is none; then read them all."""
        self._files.ensure()
        for purpose in Purpose:
            if not self._files.ordinals(purpose):
                self._write(purpose, 1)
        self.refresh()
        _kept[self._files.directory] = time.monotonic(), self  # whoever is forked from here begins with these keys
        return self

    def refresh(self) -> None:
        """Read the files if any came or went. `KeyFileError` where one cannot be used."""
        names = self._files.names()
        if names == self._names:
            return
        keys = {purpose: self._read(purpose) for purpose in Purpose}
        self._keys, self._names = keys, names

    def current(self, purpose: Purpose) -> SigningKey:
        """The key that signs. `KeyFileError` where there is none."""
        keys = self._keys.get(purpose) or self._refreshed(purpose)
        return keys[-1]

    def live(self, purpose: Purpose) -> list[SigningKey]:
        """All keys that verify, oldest first."""
        self.refresh()
        return list(self._keys[purpose])

    def find(self, purpose: Purpose, kid: str) -> SigningKey | None:
        """The key of this purpose with this id, a fresh one of another gateway included."""
        for attempt in range(2):
            for key in self._keys.get(purpose, ()):
                if key.kid == kid:
                    return key
            if attempt == 0:
                self.refresh()
        return None

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """The public halves of all live keys, newest first in each purpose (RFC 7517, section 5), each with its
        `purpose` and the `handOver` of the key before it."""
        self.refresh()
        return {"keys": [_told(purpose, key) for purpose in Purpose for key in reversed(self._keys[purpose])]}

    def rotate(self, purpose: Purpose, *, vouched: bool = True) -> SigningKey:
        """Make a new key that signs from now on; where `vouched`, the one before it says so. Two rotations at the
        same moment make one key."""
        ordinals = self._files.ordinals(purpose)
        ordinal, name = ordinals[-1] if ordinals else (0, None)
        before = from_pem(purpose, self._files.read(name), name) if name and vouched else None
        self._write(purpose, ordinal + 1, before)
        self.refresh()
        return self.current(purpose)

    def _write(self, purpose: Purpose, ordinal: int, before: SigningKey | None = None) -> None:
        key = generate(purpose)
        pem = key.to_pem()
        if before is not None:
            pem = with_hand_over(pem, hand_over(purpose, before, key))
        self._files.write(f"{purpose}-{ordinal:04d}.pem", pem)

    def _read(self, purpose: Purpose) -> list[SigningKey]:
        return [from_pem(purpose, self._files.read(name), name) for _, name in self._files.ordinals(purpose)]

    def _refreshed(self, purpose: Purpose) -> list[SigningKey]:
        self.refresh()
        keys = self._keys.get(purpose)
        if not keys:
            raise KeyFileError(f"there is no key for {purpose}: run `KeyDirectory.ensure` once")
        return keys


_kept: dict[Path, tuple[float, KeyDirectory]] = {}


def _of_this_process(directory: Path) -> KeyDirectory:
    """One a path, that looks for new files once in a while; where one cannot be read it goes on with what it has."""
    looked, found = _kept.get(directory) or (-math.inf, KeyDirectory(directory))
    now = time.monotonic()
    if now - looked >= LOOK:
        with suppress(KeyFileError):
            found.refresh()
        _kept[directory] = now, found
    return found


def _told(purpose: Purpose, key: SigningKey) -> dict[str, Any]:
    told = {**key.jwk, "purpose": str(purpose)}
    return {**told, "handOver": key.hand_over} if key.hand_over else told


def missing(directory: Path | str) -> tuple[str, ...]:
    """What the directory holds no key for, pseudonyms included: all of it where there is no directory."""
    files = KeyFiles(Path(directory))
    stems = (*Purpose, STEM)
    if not files.directory.is_dir():
        return tuple(str(stem) for stem in stems)
    return tuple(str(stem) for stem in stems if not files.ordinals(stem))
