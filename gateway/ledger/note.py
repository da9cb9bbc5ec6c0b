"""Signed notes (https://c2sp.org/signed-note): text, a blank line, signature lines. Ed25519 only (type 0x01)."""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from gateway.signing import base64url
from gateway.signing.errors import SignatureError
from gateway.signing.keys import SigningKey

_ED25519 = b"\x01"
_MOST_SIGNATURES = 64


class UnknownSigner(SignatureError):
    """None of the known keys signed. `claimed`: those that the note says did, as `name+id`."""

    def __init__(self, claimed: Sequence[str]) -> None:
        super().__init__("no known key signed this note")
        self.claimed = claimed


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name that it signs under."""

    name: str
    public: bytes

    def __post_init__(self) -> None:
        if not self.name or "+" in self.name or self.name.split() != [self.name]:
            raise ValueError("the name of a key holds neither spaces nor plus")
        if len(self.public) != 32:
            raise ValueError("an Ed25519 public key has 32 bytes")

    @property
    def key_id(self) -> bytes:
        """Four bytes that tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """`name+id+key`, as operators hand it to auditors."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, text: str) -> "Verifier":
        """From `name+id+key`; a ValueError where it is not that, or where the id does not belong to the key."""
        name, _, rest = text.strip().partition("+")
        key_id, _, key = rest.partition("+")
        try:
            data = b64decode(key, validate=True)
        except Base64Error:
            raise ValueError("the key is not base64") from None
        if data[:1] != _ED25519:
            raise ValueError("the key is not an Ed25519 key")
        found = cls(name, data[1:])
        if found.key_id.hex() != key_id:
            raise ValueError("the key id does not belong to the key")
        return found

    @classmethod
    def of_jwks(cls, name: str, jwks: Mapping[str, Any]) -> list["Verifier"]:
        """One for each Ed25519 key of a JWKS."""
        keys = [jwk for jwk in jwks.get("keys", ()) if jwk.get("kty") == "OKP" and jwk.get("crv") == "Ed25519"]
        return [cls(name, base64url.decode(jwk["x"])) for jwk in keys]

    @property
    def jwk(self) -> dict[str, str]:
        """The key as a JWK (RFC 8037, section 2)."""
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(self.public)}

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Is this the key's signature of the text?"""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True


def sign(text: str, name: str, key: SigningKey) -> str:
    """The text (ending in a newline) as a note signed under `name`."""
    verifier = Verifier(name, key.public_bytes())
    signature = b64encode(verifier.key_id + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n"


def open_note(note: str, verifiers: Iterable[Verifier]) -> str:
    """The text of a note; `SignatureError` unless one known key signed it and no known key's signature is wrong, of
    the kind `UnknownSigner` where none of these keys tried."""
    head, blank, tail = note.rpartition("\n\n")
    if not blank or not tail.endswith("\n"):
        raise SignatureError("this is not a signed note")
    text = head + "\n"
    if any(character < " " and character != "\n" for character in note):
        raise SignatureError("a note holds no control characters")
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    lines = tail[:-1].split("\n")
    if len(lines) > _MOST_SIGNATURES:
        raise SignatureError("this note has too many signatures")
    signed = False
    claimed: list[str] = []
    for line in lines:
        name, signature = _signature(line)
        verifier = known.get((name, signature[:4]))
        if verifier is None:
            claimed.append(f"{name}+{signature[:4].hex()}")
            continue
        if not verifier.verifies(text.encode(), signature[4:]):
            raise SignatureError("a signature of a known key does not verify")
        signed = True
    if not signed:
        raise UnknownSigner(claimed)
    return text


def _signature(line: str) -> tuple[str, bytes]:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not parts[1]:
        raise SignatureError("a signature line cannot be read")
    try:
        data = b64decode(parts[2], validate=True)
    except (Base64Error, ValueError):
        raise SignatureError("a signature line cannot be read") from None
    if len(data) < 5:
        raise SignatureError("a signature line cannot be read")
    return parts[1], data
