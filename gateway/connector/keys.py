"""A client's signing key: ES256, a JWK or PEM in a file that only its owner can read."""

import base64
import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePrivateNumbers,
    EllipticCurvePublicNumbers,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.connector.errors import KeyUnusable

_ES256 = ECDSA(SHA256())


class ClientKey:
    """A P-256 private key. `jwk` is its public half, `kid` its thumbprint (RFC 7638)."""

    def __init__(self, private: EllipticCurvePrivateKey, kid: str | None = None) -> None:
        self._private = private
        numbers = private.public_key().public_numbers()
        x, y = (b64(number.to_bytes(32, "big")) for number in (numbers.x, numbers.y))
        self.jwk = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
        canonical = json.dumps(self.jwk, separators=(",", ":"), sort_keys=True)
        self.thumbprint = b64(hashlib.sha256(canonical.encode()).digest())
        self.kid = kid or self.thumbprint

    @classmethod
    def generate(cls) -> "ClientKey":
        """A new key."""
        return cls(generate_private_key(SECP256R1()))

    @classmethod
    def load(cls, path: Path | str) -> "ClientKey":
        """From a file, JWK or PEM. Raises `KeyUnusable`: not there, readable by others, or no P-256 private key."""
        path = Path(path)
        try:
            mode = path.stat().st_mode
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise KeyUnusable(f"the key file {path} cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise KeyUnusable(
                f"the key file {path} holds no private P-256 key, as a JWK or PEM: it is no text"
            ) from None
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyUnusable(f"the key file {path} is open to others: chmod 600 it")
        if text.lstrip().startswith("-----BEGIN "):
            return cls(_from_pem(text, path))
        try:
            jwk = json.loads(text)
            if (jwk["kty"], jwk["crv"]) != ("EC", "P-256"):
                raise ValueError("another kind of key")
            d, x, y = (int.from_bytes(_unb64(jwk[name]), "big") for name in ("d", "x", "y"))
            private = EllipticCurvePrivateNumbers(d, EllipticCurvePublicNumbers(x, y, SECP256R1())).private_key()
        except (ValueError, KeyError, TypeError):
            raise KeyUnusable(f"the key file {path} holds no private P-256 key, as a JWK or PEM") from None
        return cls(private, jwk.get("kid"))

    def save(self, path: Path | str) -> None:
        """Write the private key as a JWK, for its owner only (0600). `KeyUnusable` where the file exists already."""
        scalar = self._private.private_numbers().private_value.to_bytes(32, "big")
        document = {**self.jwk, "d": b64(scalar), "kid": self.kid, "alg": "ES256", "use": "sig"}
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as error:
            raise KeyUnusable(f"the key file {path} cannot be made: {error.strerror}") from None
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(document, file)
            file.write("\n")

    def public_jwks(self) -> dict[str, list[dict[str, Any]]]:
        """What the operator registers for the client."""
        return {"keys": [{**self.jwk, "kid": self.kid, "alg": "ES256", "use": "sig"}]}

    def sign(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """A compact JWS by ES256; `alg` is added to the header."""
        return self.sign_under(encoded({"alg": "ES256", **header}), claims)

    def sign_under(self, header: str, claims: dict[str, Any]) -> str:
        """The same with a header that is encoded already."""
        signed = f"{header}.{encoded(claims)}"
        r, s = decode_dss_signature(self._private.sign(signed.encode(), _ES256))
        return f"{signed}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def load_or_generate(path: Path | str) -> ClientKey:
    """The key of this file; a new one, written there, where there is none."""
    if not Path(path).exists():
        ClientKey.generate().save(path)
    return ClientKey.load(path)


def _from_pem(text: str, path: Path) -> EllipticCurvePrivateKey:
    """As openssl writes it: PKCS #8, or SEC 1 with or without the curve's own block before it."""
    begin = text.find("-----BEGIN EC PRIVATE KEY")
    try:
        found = load_pem_private_key(text[max(begin, 0) :].encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it is encrypted
        found = None
    if not isinstance(found, EllipticCurvePrivateKey) or not isinstance(found.curve, SECP256R1):
        raise KeyUnusable(f"the key file {path} holds no private P-256 key that is open, as a JWK or PEM")
    return found


def encoded(members: dict[str, Any]) -> str:
    """JSON in base64url."""
    return b64(json.dumps(members, separators=(",", ":")).encode())


def b64(data: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
