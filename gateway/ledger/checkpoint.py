"""Checkpoints (https://c2sp.org/tlog-checkpoint): a signed note that names a tree's size and root."""

import re
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.ledger.merkle import HASH
from gateway.ledger.note import Verifier, open_note, sign
from gateway.signing.errors import SignatureError
from gateway.signing.keys import SigningKey

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of the log called `origin` once it had `size` entries."""

    origin: str
    size: int
    root: bytes

    def signed(self, key: SigningKey) -> str:
        """As a note signed under the log's own name. One of a log's checkpoints must never contradict another."""
        text = f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"
        return sign(text, self.origin, key)

    @classmethod
    def open(cls, note: str, origin: str, verifiers: Iterable[Verifier]) -> "Checkpoint":
        """Read a note that one of the keys signed; `SignatureError` where it is not one of this log's."""
        text = open_note(note, [verifier for verifier in verifiers if verifier.name == origin])
        lines = text.split("\n")
        if len(lines) < 4 or not all(lines[:-1]):
            raise SignatureError("this is not a checkpoint")
        if lines[0] != origin:
            raise SignatureError("this is a checkpoint of another log")
        try:
            root = b64decode(lines[2], validate=True)
        except (Base64Error, ValueError):
            root = b""
        if not _SIZE.fullmatch(lines[1]) or len(root) != HASH:
            raise SignatureError("this is not a checkpoint")
        return cls(origin, int(lines[1]), root)


def is_checkpoint(text: str) -> bool:
    """Does it look like a checkpoint of some log, whoever signed it? To tell a wrong file from a bad one."""
    lines = text.split("\n")
    return len(lines) > 4 and bool(_SIZE.fullmatch(lines[1])) and "\n\n— " in text
