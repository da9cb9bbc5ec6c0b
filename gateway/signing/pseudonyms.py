"""Keyed pseudonyms of identifiers: HMAC-SHA-256 (RFC 2104) with keys that never leave their files.

Without a key nobody can try out all NINOs against a stolen database. A rotated key is used for new rows at once, and
all live keys are tried when looking up. Pseudonyms remain personal data: they stay out of logs and ledger leaves.
"""

import hmac
import secrets
from pathlib import Path

from gateway.signing.errors import KeyFileError
from gateway.signing.files import KeyFiles

_STEM = "pseudonym"
_BYTES = 32


class PseudonymKeys:
    """The keys of a directory, which may be that of the signing keys."""

    def __init__(self, directory: Path | str) -> None:
        self._files = KeyFiles(Path(directory))
        self._keyed: list[tuple[str, hmac.HMAC]] = []

    def ensure(self) -> "PseudonymKeys":
        """Make a first key where there is none; then read them all."""
        self._files.ensure()
        if not self._files.ordinals(_STEM):
            self._write(1)
        self.refresh()
        return self

    def refresh(self) -> None:
        """Read the files again. `KeyFileError` where one cannot be used or none is there."""
        keys = [_parse(self._files.read(name), name) for _, name in reversed(self._files.ordinals(_STEM))]
        if not keys:
            raise KeyFileError("there is no pseudonym key: run `PseudonymKeys.ensure` once")
        self._keyed = [(_key_id(key), hmac.new(key, digestmod="sha256")) for key in keys]

    def digest(self, scheme: str, value: str) -> list[tuple[str, str]]:
        """(key id, hexadecimal pseudonym) of a normalised identifier: the current key first, then all other live."""
        if "\0" in scheme:
            raise ValueError("a scheme's name holds no NUL")
        message = f"identifier\0{scheme}\0{value}".encode()
        return [(key_id, _digest(keyed, message)) for key_id, keyed in self._keyed]

    def rotate(self) -> str:
        """Make a new current key; returns its id. Older keys stay for looking up."""
        ordinals = self._files.ordinals(_STEM)
        self._write(ordinals[-1][0] + 1 if ordinals else 1)
        self.refresh()
        return self._keyed[0][0]

    def _write(self, ordinal: int) -> None:
        self._files.write(f"{_STEM}-{ordinal:04d}.key", secrets.token_hex(_BYTES).encode() + b"\n")


def _digest(keyed: hmac.HMAC, message: bytes) -> str:
    """HMAC from a prototype that knows the key: unlike `hmac.digest`, short messages do not let go of the GIL."""
    copy = keyed.copy()
    copy.update(message)
    return copy.hexdigest()


def _parse(data: bytes, name: str) -> bytes:
    try:
        key = bytes.fromhex(data.decode("ascii").strip())
    except (UnicodeDecodeError, ValueError):
        key = b""
    if len(key) != _BYTES:
        raise KeyFileError(f"the key file {name} must hold {_BYTES} bytes in hexadecimal")
    return key


def _key_id(key: bytes) -> str:
    return hmac.digest(key, b"key-id", "sha256")[:6].hex()
