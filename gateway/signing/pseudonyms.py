"""Keyed pseudonyms of identifiers: HMAC-SHA-256 (RFC 2104) with keys that never leave their files.

Without a key nobody can try out all NINOs against a stolen database. Pseudonyms remain personal data: they stay out
of logs and ledger leaves.

All live keys are tried when looking up. A new key goes through three phases, by the time that stands in its file, so
that several gateways over one database never make two subjects of one identifier, although none knows what the others
have read already:

1. It is only looked up by, for a lead that is longer than any gateway takes to notice it. Rows get the key before it.
2. From then on rows get both keys, for `SETTLING`, so that a gateway which is in phase 1 still, or in phase 3
   already, meets the other's row.
3. Rows get the new key alone.
"""

import hmac
import secrets
from dataclasses import dataclass
from pathlib import Path

from gateway.clock import MICROSECONDS, Clock, SystemClock, to_iso
from gateway.signing.errors import KeyFileError
from gateway.signing.files import KeyFiles

STEM = "pseudonym"
_BYTES = 32
_WRITES_FROM = "writes-from"
LEAD = 600
"""Seconds from the making of a key until it is written with, unless told otherwise."""
SETTLING = 120
"""Seconds for which rows get the key before it too: far more than gateways' clocks and reading may differ."""


@dataclass(frozen=True, slots=True)
class _Key:
    """`writes_from` in seconds; 0 for the first key of a directory, which nobody had to wait for."""

    id: str
    keyed: hmac.HMAC
    writes_from: int


class PseudonymKeys:
    """The keys of a directory, which may be that of the signing keys.

    `written`: how many of the first digests a new row is made of: 2 while a rotation settles, else 1.
    """

    def __init__(self, directory: Path | str, clock: Clock | None = None) -> None:
        self._files = KeyFiles(Path(directory))
        self._clock = clock or SystemClock()
        self._names: list[str] = []
        self._newest_first: list[_Key] = []
        self._keyed: list[tuple[str, hmac.HMAC]] = []
        self.written = 1

    def ensure(self) -> "PseudonymKeys":
        """Make a first key where there is none; then read them all."""
        self._files.ensure()
        if not self._files.ordinals(STEM):
            self._write(1)
        self.refresh()
        return self

    def refresh(self) -> None:
        """Read files that are new, and see which key is written with by now: to be called every few seconds.

        `KeyFileError` where a file cannot be used or none is there.
        """
        names = [name for _, name in reversed(self._files.ordinals(STEM))]
        if not names:
            raise KeyFileError("there is no pseudonym key: the first `threekeys serve` makes one")
        if names != self._names:
            self._newest_first = [_parse(self._files.read(name), name) for name in names]
            self._names = names
        now = self._clock.now() // MICROSECONDS
        current = self._current(now)
        older = self._newest_first[current:]
        self.written = 2 if len(older) > 1 and now < older[0].writes_from + SETTLING else 1
        self._keyed = [(key.id, key.keyed) for key in (*older, *self._newest_first[:current])]

    def digest(self, scheme: str, value: str) -> list[tuple[str, str]]:
        """(key id, hexadecimal pseudonym) of a normalised identifier: of the key that is written with first."""
        if "\0" in scheme:
            raise ValueError("a scheme's name holds no NUL")
        message = f"identifier\0{scheme}\0{value}".encode()
        return [(key_id, _digest(keyed, message)) for key_id, keyed in self._keyed]

    def rotate(self, lead: int = LEAD) -> str:
        """Make a new key, written with after `lead` seconds; returns its id. Older keys stay for looking up.

        `KeyFileError` while the last one is not settled: two at once could not meet in a row.
        """
        self.refresh()
        now, newest = self._clock.now() // MICROSECONDS, self._newest_first[0]
        settled = newest.writes_from + SETTLING
        if newest.writes_from and now < settled:
            until = to_iso(settled * MICROSECONDS)
            raise KeyFileError(f"the last rotation of the pseudonym key is under way until {until}: wait for that")
        self._write(self._files.ordinals(STEM)[-1][0] + 1, f"{_WRITES_FROM} {now + lead}\n")
        self.refresh()
        return self._newest_first[0].id

    def phases(self) -> list[tuple[str, str]]:
        """(key id, what it is used for now), oldest first."""
        now = self._clock.now() // MICROSECONDS
        current = self._current(now)
        told = []
        for place, key in enumerate(self._newest_first):
            if place < current:
                told.append((key.id, f"looked up by; written with from {to_iso(key.writes_from * MICROSECONDS)}"))
            elif place < current + self.written:
                told.append((key.id, "written with"))
            else:
                told.append((key.id, "looked up by"))
        return told[::-1]

    def _current(self, now: int) -> int:
        """The place of the newest key whose time has come."""
        last = len(self._newest_first) - 1
        return next((n for n, key in enumerate(self._newest_first) if key.writes_from <= now), last)

    def _write(self, ordinal: int, more: str = "") -> None:
        text = secrets.token_hex(_BYTES) + "\n" + more
        self._files.write(f"{STEM}-{ordinal:04d}.key", text.encode())


def _digest(keyed: hmac.HMAC, message: bytes) -> str:
    """HMAC from a prototype that knows the key: unlike `hmac.digest`, short messages do not let go of the GIL."""
    copy = keyed.copy()
    copy.update(message)
    return copy.hexdigest()


def _parse(data: bytes, name: str) -> _Key:
    try:
        first, *rest = data.decode("ascii").split("\n")
        key = bytes.fromhex(first.strip())
        [word, since] = " ".join(rest).split() or [_WRITES_FROM, "0"]
        writes_from = int(since)
    except (UnicodeDecodeError, ValueError):
        key, word, writes_from = b"", "", 0
    if len(key) != _BYTES or word != _WRITES_FROM:
        raise KeyFileError(
            f"the key file {name} must hold {_BYTES} bytes in hexadecimal, and may say `{_WRITES_FROM} SECONDS` below"
        )
    return _Key(_key_id(key), hmac.new(key, digestmod="sha256"), writes_from)


def _key_id(key: bytes) -> str:
    return hmac.digest(key, b"key-id", "sha256")[:6].hex()
