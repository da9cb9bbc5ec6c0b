"""Hand-overs: a signing key says which key follows it, so that whoever pinned the old one can trust the new.

A compact JWS (RFC 7515) by the old key, `typ: threekeys-hand-over+jwt`, over {"purpose": …, "successor": JWK}. It is
made when a key is rotated, kept in the new key's file, and published beside the new key. Why a statement of its own,
and not two signatures under one checkpoint: a signature covers the text of a note and not the other signatures, so
anybody can add theirs (`docs/adr/0016-keys-hand-over.md`).

What is believed: keys that were trusted before, and what these sign. Attacks: `tests/signing/test_handover.py`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.signing import base64url
from gateway.signing.errors import SignatureError, UnknownKey
from gateway.signing.jws import KINDS, verified
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


def follow(trusted: Sequence[PublicKey], statements: Iterable[str]) -> Followed:
    """Trust what trusted keys hand over to, and what those hand over to, in whatever order the statements come."""
    keys = {thumbprint(key): key for key in trusted if _usable(key)}
    added: list[PublicKey] = []
    successors: dict[str, str] = {}
    faults: list[str] = []
    waiting = list(dict.fromkeys(statements))
    while True:
        unknown: list[str] = []
        for statement in waiting:
            try:
                signer, successor = _read(statement, keys)
            except UnknownKey:
                unknown.append(statement)
            except SignatureError as error:
                faults.append(f"a hand-over between keys must not be believed: {error}")
            else:
                follower = thumbprint(successor)
                if successors.setdefault(signer, follower) != follower:
                    faults.append(f"key {signer} handed over to two keys, {successors[signer]} and {follower}")
                elif follower not in keys:
                    keys[follower] = successor
                    added.append(successor)
        if len(unknown) == len(waiting):
            return Followed((*trusted, *added), tuple(faults))
        waiting = unknown


def _read(statement: str, keys: Mapping[str, PublicKey]) -> tuple[str, PublicKey]:
    """(id of the signer, its successor)."""
    signer, claims = verified(statement, TYP, {"keys": list(keys.values())}, frozenset(KINDS))
    successor = claims.get("successor")
    if not isinstance(successor, dict) or not _usable(successor):
        raise SignatureError("its successor is no public key")
    if successor["crv"] != keys[signer]["crv"]:
        raise SignatureError("its successor is a key of another kind")
    return signer, _public(successor)


def _public(jwk: PublicKey) -> dict[str, Any]:
    return {name: jwk[name] for name in _PUBLIC if name in jwk}


def _usable(jwk: PublicKey) -> bool:
    """Is it a whole key of a kind that signs here?"""
    kind = (jwk.get("kty"), jwk.get("crv"))
    coordinates = ("x", "y") if kind == KINDS["ES256"] else ("x",)
    return kind in KINDS.values() and all(_is_coordinate(jwk.get(name)) for name in coordinates)


def _is_coordinate(text: object) -> bool:
    try:
        return isinstance(text, str) and len(base64url.decode(text)) == 32
    except ValueError:
        return False
