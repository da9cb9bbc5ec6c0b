"""DPoP proofs (RFC 9449), checked on the hot path with `cryptography` alone.

What is believed: ES256 over a P-256 key and Ed25519 (by its name of RFC 9864 or RFC 8037) over an Ed25519 key, both
from the proof's own `jwk`, which is worth nothing unless the token is bound to its thumbprint. Parsed headers are
kept, bounded, by their text: a client's header is the same in each of its proofs.
"""

import hashlib
from binascii import a2b_base64
from collections import OrderedDict
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jiter import from_json

from gateway.auth.errors import ALGORITHMS, ProofInvalid
from gateway.auth.htu import same_target
from gateway.auth.once import once_key
from gateway.auth.verifier import Signed, Verifier, public_key
from gateway.signing import base64url
from gateway.signing.keys import thumbprint

WINDOW = 60
"""Seconds that a proof's `iat` may lie before or after now."""
LIFE = 2 * WINDOW
"""Seconds for which one proof can be accepted, at most."""

_LONGEST = 4096
_LONGEST_HEADER = 1024
_URL_SAFE = bytes.maketrans(b"-_+/", b"+/!!")
_PRIVATE = frozenset({"d", "k", "p", "q", "dp", "dq", "qi", "oth"})

Key = bytes | Ed25519PublicKey


class Proof(NamedTuple):
    """A proof that holds: the thumbprint of its key, its id and time (seconds), and the key of its one use."""

    jkt: str
    jti: str
    iat: int
    once: bytes


class ProofReader:
    """Checks proofs for one base URL."""

    def __init__(self, base_url: str, verifier: Verifier, *, headers: int = 4096) -> None:
        self._base_url = base_url
        self._verifier = verifier
        self._most = headers
        self._headers: OrderedDict[bytes, tuple[Key, str]] = OrderedDict()

    def check(self, proof: bytes, method: str, path: str, now: int, ath: str | None) -> Proof:
        """The proof, if it is for this request and its signature verifies. Raises `ProofInvalid`. See `read`."""
        found, signed = self.read(proof, method, path, now, ath)
        return _proven(found, signed.holds())

    async def checked(self, proof: bytes, method: str, path: str, now: int, ath: str | None) -> Proof:
        """The same, on the hot path: signatures of many are verified together, elsewhere."""
        found, signed = self.read(proof, method, path, now, ath)
        return _proven(found, await self._verifier.holds(signed))

    def read(self, proof: bytes, method: str, path: str, now: int, ath: str | None) -> tuple[Proof, Signed]:
        """The proof, if it is for this request, and the signature that is to be verified. Raises `ProofInvalid`.

        `path` is the request's raw path without its query, `now` in seconds; `ath` is the hash of the access token,
        None at the token endpoint. Binding to the token and single use are the caller's to check.
        """
        if not proof:
            raise ProofInvalid("a DPoP proof is needed")
        if len(proof) > _LONGEST:
            raise ProofInvalid("the proof is too long")
        try:
            head, payload, signature = proof.split(b".")
            key, jkt = self._known(head)
            claims = _object(_bytes(payload))
            raw_signature = _bytes(signature)
        except ValueError:
            raise ProofInvalid("the proof is not a compact JWS of the right form") from None
        iat, jti = claims.get("iat"), claims.get("jti")
        if not isinstance(iat, int | float) or isinstance(iat, bool) or not now - WINDOW <= iat <= now + WINDOW:
            raise ProofInvalid(f"iat must lie within {WINDOW} seconds of now")
        if not isinstance(jti, str) or not 16 <= len(jti) <= 256:
            raise ProofInvalid("jti must be text of 16 to 256 characters")
        if claims.get("htm") != method:
            raise ProofInvalid("htm is not the method of this request")
        htu = claims.get("htu")
        if htu != self._base_url + path and not same_target(htu, self._base_url + path):
            raise ProofInvalid("htu is not the URL of this request")
        if ath is not None and claims.get("ath") != ath:
            raise ProofInvalid("ath is missing or not the hash of this access token")
        second = int(iat)
        signed = Signed(key, raw_signature, proof[: len(head) + 1 + len(payload)])
        return Proof(jkt, jti, second, once_key(second + WINDOW, jkt, jti)), signed

    def _known(self, head: bytes) -> tuple[Key, str]:
        found = self._headers.get(head)
        if found is None:
            found = self._headers[head] = self._header(head)
            if len(self._headers) > self._most:
                self._headers.popitem(last=False)
        else:
            self._headers.move_to_end(head)
        return found

    def _header(self, head: bytes) -> tuple[Key, str]:
        if len(head) > _LONGEST_HEADER:
            raise ProofInvalid("the header of the proof is too long")
        header = _object(base64url.decode(head.decode("ascii")))
        if header.get("typ") != "dpop+jwt":
            raise ProofInvalid("typ must be dpop+jwt")
        if header.get("alg") not in ALGORITHMS:
            raise ProofInvalid(f"alg must be one of {', '.join(ALGORITHMS)}")
        if "crit" in header:
            raise ProofInvalid("crit is not understood")
        return _key(header["alg"], header.get("jwk"))


def _bytes(segment: bytes) -> bytes:
    """Base64url, quickly. That a last character's spare bits are not looked at is harmless: `jti` names the use."""
    return a2b_base64(segment.translate(_URL_SAFE) + b"=" * (-len(segment) % 4), strict_mode=True)


def _object(data: bytes) -> dict[str, Any]:
    found = from_json(data, catch_duplicate_keys=True, allow_inf_nan=False)
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _key(algorithm: str, jwk: object) -> tuple[Key, str]:
    """The key, and its thumbprint (RFC 7638)."""
    if not isinstance(jwk, dict) or _PRIVATE & jwk.keys():
        raise ProofInvalid("jwk must be a public key, without private members")
    wanted = ("EC", "P-256") if algorithm == "ES256" else ("OKP", "Ed25519")
    if (jwk.get("kty"), jwk.get("crv")) != wanted:
        raise ProofInvalid("jwk is not a key for this alg")
    x = _coordinate(jwk.get("x"))
    if algorithm != "ES256":
        return Ed25519PublicKey.from_public_bytes(x), thumbprint(jwk)
    key = x + _coordinate(jwk.get("y"))
    public_key(key)  # a ValueError where the point is not on the curve
    return key, thumbprint(jwk)


def _proven(proof: Proof, holds: bool) -> Proof:
    if not holds:
        raise ProofInvalid("the signature does not verify")
    return proof


def _coordinate(value: object) -> bytes:
    data = base64url.decode(value) if isinstance(value, str) else b""
    if len(data) != 32:
        raise ProofInvalid("jwk is malformed")
    return data


def access_token_hash(token: bytes) -> str:
    """`ath`: base64url of the SHA-256 of the token (RFC 9449, section 4.2)."""
    return base64url.encode(hashlib.sha256(token).digest())
