"""A signing key: its purpose, its id (RFC 7638) and its two verbs.

ES256 (RFC 7518, section 3.4) for tokens and receipts, which strangers verify with any JOSE library; Ed25519
(RFC 8032) for checkpoints, as C2SP's signed notes want it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from gateway.signing import base64url
from gateway.signing.errors import KeyFileError

Jwk = dict[str, str]
_ES256 = ECDSA(SHA256())
_HAND_OVER = re.compile(rb"^hand-over: ([A-Za-z0-9._-]+)$", re.MULTILINE)
_REQUIRED = {"EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}


class Purpose(StrEnum):
    """What a key may sign."""

    TOKEN = "token"  # noqa: S105 - the name of a purpose, not a password
    RECEIPT = "receipt"
    CHECKPOINT = "checkpoint"


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """The JWK thumbprint, SHA-256, base64url (RFC 7638); a KeyError where a required member is missing."""
    members = {name: jwk[name] for name in _REQUIRED[jwk["kty"]]}
    text = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return base64url.encode(hashlib.sha256(text.encode()).digest())


class SigningKey:
    """One private key. `kid`, `alg` and `jwk` (the public half, with kid, alg and use) are public; so is `hand_over`,
    the word of the key before it that this one follows (`gateway.signing.handover`)."""

    def __init__(
        self,
        purpose: Purpose,
        private: EllipticCurvePrivateKey | Ed25519PrivateKey,
        hand_over: str | None = None,
    ) -> None:
        self.purpose = purpose
        self.hand_over = hand_over
        self._private = private
        self.jwk = _public_jwk(private)
        self.kid = self.jwk["kid"]
        self.alg = self.jwk["alg"]
        self._headers: dict[str, str] = {}

    def sign(self, data: bytes) -> bytes:
        """The signature as JOSE and RFC 8032 write it: 64 bytes."""
        if isinstance(self._private, Ed25519PrivateKey):
            return self._private.sign(data)
        r, s = decode_dss_signature(self._private.sign(data, _ES256))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def sign_jws(self, typ: str, payload: bytes) -> str:
        """A compact JWS (RFC 7515) of the payload, with `alg`, `kid` and `typ` protected."""
        header = self._headers.get(typ)
        if header is None:
            members = {"alg": self.alg, "kid": self.kid, "typ": typ}
            header = base64url.encode(json.dumps(members, separators=(",", ":")).encode())
            self._headers[typ] = header
        signed = f"{header}.{base64url.encode(payload)}"
        return f"{signed}.{base64url.encode(self.sign(signed.encode()))}"

    def public_bytes(self) -> bytes:
        """The raw public key: 32 bytes of Ed25519, or the uncompressed point of P-256."""
        public = self._private.public_key()
        if isinstance(self._private, Ed25519PrivateKey):
            return public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def to_pem(self) -> bytes:
        """PKCS #8, unencrypted: the file's permissions guard it."""
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def generate(purpose: Purpose) -> SigningKey:
    """A new key of the purpose's algorithm."""
    if purpose is Purpose.CHECKPOINT:
        return SigningKey(purpose, Ed25519PrivateKey.generate())
    return SigningKey(purpose, generate_private_key(SECP256R1()))


def from_pem(purpose: Purpose, pem: bytes, name: str) -> SigningKey:
    """Read a key, and the hand-over to it where one stands beside it (`with_hand_over`). `KeyFileError` (naming the
    file `name`) where it is not of the purpose's algorithm."""
    told = _HAND_OVER.search(pem)
    hand_over = told[1].decode("ascii") if told else None
    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"the key file {name} holds no private key in PEM") from None
    if purpose is Purpose.CHECKPOINT:
        if isinstance(private, Ed25519PrivateKey):
            return SigningKey(purpose, private, hand_over)
        raise KeyFileError(f"the key file {name} must hold an Ed25519 key")
    if isinstance(private, EllipticCurvePrivateKey) and isinstance(private.curve, SECP256R1):
        return SigningKey(purpose, private, hand_over)
    raise KeyFileError(f"the key file {name} must hold a P-256 key")


def with_hand_over(pem: bytes, hand_over: str) -> bytes:
    """A key file that says beside its key who handed over to it: text outside of a block is no part of it (RFC 7468,
    section 2). In one file, so that there is never one without the other."""
    return pem + f"hand-over: {hand_over}\n".encode()


def _public_jwk(private: EllipticCurvePrivateKey | Ed25519PrivateKey) -> Jwk:
    if isinstance(private, Ed25519PrivateKey):
        raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        jwk = {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(raw)}
        return {**jwk, "kid": thumbprint(jwk), "alg": "Ed25519", "use": "sig"}
    numbers = private.public_key().public_numbers()
    x, y = (base64url.encode(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
    jwk = {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    return {**jwk, "kid": thumbprint(jwk), "alg": "ES256", "use": "sig"}
