"""Verifying a compact JWS offline, with public keys alone.

What is believed: ES256 only (of hand-overs Ed25519 too), a `typ` that is exactly the one expected, a key found by
`kid` among the keys given that are of the algorithm's kind. Never believed: the token's own `alg`, `jwk`, `jku`,
`x5c` or `crit`. Attacks: `tests/signing/test_jws.py`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
)
from jiter import from_json
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from gateway.signing import base64url
from gateway.signing.errors import SignatureError, UnknownKey, Unreadable
from gateway.signing.keys import thumbprint

Jwks = Mapping[str, Sequence[Mapping[str, Any]]]
KINDS = {"ES256": ("EC", "P-256"), "Ed25519": ("OKP", "Ed25519")}
"""The key type and curve of each algorithm (RFC 7518, section 3.4; RFC 9864)."""
_ES256 = frozenset({"ES256"})
_HEADER = frozenset({"alg", "kid", "typ"})


def verify_jws(token: str, typ: str, jwks: Jwks) -> dict[str, Any]:
    """The claims of a token signed by one of these keys; `SignatureError` where it is not, or says not `typ`."""
    return verified(token, typ, jwks)[1]


def verified(token: str, typ: str, jwks: Jwks, algorithms: frozenset[str] = _ES256) -> tuple[str, dict[str, Any]]:
    """The thumbprint of the key that signed, and the claims. `UnknownKey` where none of these has its key id."""
    header = _header(token)
    alg = header.get("alg")
    if not isinstance(alg, str) or alg not in algorithms:
        raise SignatureError(f"the algorithm is not {' or '.join(sorted(algorithms))}")
    if header.get("typ") != typ:
        raise SignatureError(f"the type is not {typ}")
    if set(header) - _HEADER:
        raise SignatureError("the header holds members that have no place in it")
    signer, key = _find(jwks, header.get("kid"), alg)
    try:
        payload = jws.deserialize_compact(token, key, algorithms=[alg]).payload
        claims = _read(payload)
    except (JoseError, ValueError):
        raise SignatureError("the signature does not verify") from None
    if not isinstance(claims, dict):
        raise SignatureError("the payload is not a JSON object")
    return signer, claims


def public_keys(text: str) -> dict[str, list[dict[str, Any]]]:
    """A JWKS from what an auditor holds: a JWKS, one JWK, or public keys in PEM. A ValueError says what is wrong."""
    if "-----BEGIN" in text:
        blocks = [block + "-----END PUBLIC KEY-----" for block in text.split("-----END PUBLIC KEY-----")[:-1]]
        return {"keys": [_from_pem(block) for block in blocks]}
    document = _read(text.encode())
    keys = document.get("keys", [document]) if isinstance(document, dict) else None
    if not isinstance(keys, list) or not all(isinstance(key, dict) and "kty" in key for key in keys):
        raise ValueError("expected a JWKS, a JWK or public keys in PEM")
    if any("d" in key or key["kty"] == "oct" for key in keys):
        raise ValueError("this holds a private key; only public keys belong here")
    return {"keys": [dict(key) for key in keys]}


def key_id(token: str) -> object:
    """Which key a token says that it is signed by: the token's word. Raises `Unreadable`."""
    return _header(token).get("kid")


def _header(token: str) -> dict[str, Any]:
    parts = token.split(".")
    if len(parts) != 3:
        raise Unreadable("this is not a compact JWS")
    try:
        header = _read(base64url.decode(parts[0]))
    except ValueError:
        raise Unreadable("the header cannot be read") from None
    if not isinstance(header, dict):
        raise Unreadable("the header cannot be read")
    return header


def _read(text: bytes) -> Any:
    """JSON that has one meaning, and is nested no deeper than anybody means it; else a ValueError."""
    return from_json(text, catch_duplicate_keys=True, allow_inf_nan=False)


def _find(jwks: Jwks, kid: object, alg: str) -> tuple[str, ECKey | OKPKey]:
    """(thumbprint, key)"""
    for jwk in jwks.get("keys", ()):
        if (jwk.get("kty"), jwk.get("crv")) != KINDS[alg] or jwk.get("alg", alg) != alg:
            continue
        try:
            signer = thumbprint(jwk)
            if kid in (jwk.get("kid"), signer):
                members = {name: jwk[name] for name in ("kty", "crv", "x", "y") if name in jwk}
                return signer, ECKey.import_key(members) if alg == "ES256" else OKPKey.import_key(members)
        except (JoseError, KeyError, ValueError):
            continue
    raise UnknownKey(kid)


def _from_pem(block: str) -> dict[str, str]:
    public = load_pem_public_key(block.strip().encode())
    if isinstance(public, Ed25519PublicKey):
        raw = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(raw)}
    if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        numbers = public.public_numbers()
        x, y = (base64url.encode(n.to_bytes(32, "big")) for n in (numbers.x, numbers.y))
        return {"kty": "EC", "crv": "P-256", "x": x, "y": y}
    raise ValueError("expected a P-256 or an Ed25519 public key")
