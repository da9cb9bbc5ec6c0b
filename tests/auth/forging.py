"""JWTs as an attacker makes them: any header, any claims, any signature."""

import hashlib
import hmac
import json
from typing import Any

from gateway.connector.keys import ClientKey, b64, encoded


def signed(key: ClientKey, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """By this key, whatever the header says."""
    return key.sign_under(encoded(header), claims)


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """`alg: none`: no signature."""
    return f"{encoded(header)}.{encoded(claims)}."


def hmacked(secret: bytes, header: dict[str, Any], claims: dict[str, Any]) -> str:
    """HS256 under something public: the key confusion of RFC 8725, section 2.1."""
    text = f"{encoded(header)}.{encoded(claims)}"
    return f"{text}.{b64(hmac.digest(secret, text.encode(), hashlib.sha256))}"


def public_texts(key: ClientKey) -> list[bytes]:
    """The texts of a public key that a careless verifier may take for a secret."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    public = key._private.public_key()
    return [
        json.dumps(key.jwk).encode(),
        json.dumps(key.public_jwks()["keys"][0]).encode(),
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    ]
