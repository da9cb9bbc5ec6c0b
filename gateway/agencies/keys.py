"""The public keys of a client: which are taken, and what each may verify (RFC 7517; RFC 8725, section 3.1)."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from gateway.agencies.errors import KeysNotAllowed
from gateway.loopback import is_guarded

PublicKey = ECKey | RSAKey | OKPKey
MOST_KEYS = 20
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def public_keys(document: Mapping[str, Any] | str | bytes) -> list[PublicKey]:
    """The keys of a JWK set, checked. Raises `KeysNotAllowed` at the first that is private, symmetric or weak."""
    keys = [_public_key(entry) for entry in _entries(document)]
    kids = [key.kid for key in keys if key.kid is not None]
    if len(set(kids)) != len(kids):
        raise KeysNotAllowed("two keys carry the same kid")
    return keys


def usable_keys(document: Mapping[str, Any]) -> list[PublicKey]:
    """The keys of somebody else's set that we can use; the others are passed over (RFC 7517, section 5)."""
    found = []
    for entry in _entries(document):
        with suppress(KeysNotAllowed):
            found.append(_public_key(entry))
    return found


def algorithms(key: PublicKey) -> tuple[str, ...]:
    """The JWS algorithms that this key may verify: never more than one family, whatever a header says."""
    if isinstance(key, ECKey):
        return ("ES256",)
    if isinstance(key, RSAKey):
        return ("PS256",)
    return ("EdDSA", "Ed25519")


def acceptable_uri(uri: str) -> str:
    """A `jwks_uri` that may be fetched: https, or http on loopback. Raises `KeysNotAllowed`."""
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        raise KeysNotAllowed("the jwks_uri cannot be read") from None
    if parts.username is not None or parts.password is not None or parts.fragment or not parts.hostname:
        raise KeysNotAllowed("the jwks_uri must be a plain URL without credentials and fragment")
    if is_guarded(parts.scheme, parts.hostname):
        return uri
    raise KeysNotAllowed("the jwks_uri must be https, or http on loopback")


def _entries(document: Mapping[str, Any] | str | bytes) -> Iterator[dict[str, Any]]:
    if isinstance(document, str | bytes):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            raise KeysNotAllowed("the key set is not JSON") from None
    keys = document.get("keys") if isinstance(document, Mapping) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= MOST_KEYS:
        raise KeysNotAllowed(f"a key set is {{'keys': […]}} with 1 to {MOST_KEYS} keys")
    for entry in keys:
        if not isinstance(entry, dict):
            raise KeysNotAllowed("each key is a JSON object")
        if entry.get("use", "sig") == "sig":
            yield entry


def _public_key(entry: dict[str, Any]) -> PublicKey:
    if _PRIVATE & entry.keys():
        raise KeysNotAllowed("a private or symmetric key was given: register the public part only")
    try:
        key = JWKRegistry.import_key(entry)
        size = key.raw_value.key_size if isinstance(key, RSAKey) else 0
    except (JoseError, ValueError, TypeError, KeyError):
        raise KeysNotAllowed("a key cannot be read as a JWK") from None
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return key
    if isinstance(key, OKPKey) and key.curve_name == "Ed25519":
        return key
    if isinstance(key, RSAKey) and 2048 <= size <= 8192:
        return key
    raise KeysNotAllowed("keys are EC P-256, Ed25519, or RSA of 2048 to 8192 bits")
