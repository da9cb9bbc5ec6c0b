"""Hand-overs: a signing key says which key follows it, so that whoever pinned the old one can trust the new.

A compact JWS (RFC 7515) by the old key, `typ: threekeys-hand-over+jwt`, over {"purpose": …, "successor": JWK}. It is
made when a key is rotated, kept in the new key's file, and published beside the new key. Why a statement of its own,
and not two signatures under one checkpoint: a signature covers the text of a note and not the other signatures, so
anybody can add theirs (`docs/adr/0016-keys-hand-over.md`).

What is believed: keys that were trusted before, and what these sign. Attacks: `tests/signing/test_handover.py`.
"""

import json
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

from gateway.signing import base64url
from gateway.signing.errors import SignatureError, Unreadable
from gateway.signing.jws import KINDS, key_id, verified
from gateway.signing.keys import Purpose, SigningKey, thumbprint

TYP = "threekeys-hand-over+jwt"
_PUBLIC = ("kty", "crv", "x", "y")
PublicKey = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Followed:
    """The keys that may be trusted: those from before first, then what they handed over to. `faults` says what about
    the hand-overs of these keys must not be believed; nothing is said about those of strangers."""

    keys: tuple[PublicKey, ...]
    faults: tuple[str, ...]


def hand_over(purpose: Purpose, old: SigningKey, new: SigningKey) -> str:
    """The old key's word that the new one follows it."""
    claims = {"purpose": purpose, "successor": _public(new.jwk)}
    return old.sign_jws(TYP, json.dumps(claims, separators=(",", ":")).encode())


def follow(purpose: Purpose, trusted: Sequence[PublicKey], statements: Iterable[str]) -> Followed:
    """Trust what trusted keys hand over to, and what those hand over to, in whatever order the statements come.

    For keys of one purpose: what is said of another gives this one nothing.
    """
    keys = {thumbprint(key): key for key in trusted if _usable(key)}
    said = _by_signer(statements)
    added: list[PublicKey] = []
    faults: list[str] = []
    waiting = deque(keys)
    while waiting:
        signer = waiting.popleft()
        follower = ""
        for statement in said.get(signer, ()):
            try:
                successor = _read(purpose, statement, keys[signer])
            except SignatureError as error:
                faults.append(f"a hand-over between keys must not be believed: {error}")
                continue
            if successor is None:
                continue
            name = thumbprint(successor)
            if follower and name != follower:
                faults.append(f"key {signer} handed over to two keys, {follower} and {name}")
                continue
            follower = name
            if name not in keys:
                keys[name] = successor
                added.append(successor)
                waiting.append(name)
    return Followed((*trusted, *added), tuple(faults))


def _by_signer(statements: Iterable[str]) -> dict[object, list[str]]:
    """By the key that each says it is signed by; what cannot be read is nobody's word."""
    found: dict[object, list[str]] = {}
    for statement in dict.fromkeys(statements):
        with suppress(Unreadable):
            kid = key_id(statement)
            if isinstance(kid, str):
                found.setdefault(kid, []).append(statement)
    return found


def _read(purpose: Purpose, statement: str, signer: PublicKey) -> PublicKey | None:
    """The successor; None where the statement is about keys of another purpose."""
    _, claims = verified(statement, TYP, {"keys": [signer]}, frozenset(KINDS))
    if claims.get("purpose") != purpose:
        return None
    successor = claims.get("successor")
    if not isinstance(successor, dict) or not _usable(successor):
        raise SignatureError("its successor is no public key")
    if successor["crv"] != signer["crv"]:
        raise SignatureError("its successor is a key of another kind")
    return _public(successor)


def _public(jwk: PublicKey) -> dict[str, Any]:
    return {name: jwk[name] for name in _PUBLIC if name in jwk}


def _usable(jwk: PublicKey) -> bool:
    """Is it a whole key of a kind that signs here, and on its curve?"""
    kind = (jwk.get("kty"), jwk.get("crv"))
    coordinates = ("x", "y") if kind == KINDS["ES256"] else ("x",)
    if kind not in KINDS.values() or not all(_is_coordinate(jwk.get(name)) for name in coordinates):
        return False
    try:
        (ECKey if kind == KINDS["ES256"] else OKPKey).import_key(_public(jwk)).raw_value  # noqa: B018 - reads the point
    except (JoseError, ValueError):
        return False
    return True


def _is_coordinate(text: object) -> bool:
    try:
        return isinstance(text, str) and len(base64url.decode(text)) == 32
    except ValueError:
        return False
