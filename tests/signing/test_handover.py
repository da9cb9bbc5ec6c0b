"""Hand-overs: trust follows from key to key, and never to a key that no trusted one vouches for."""

import json
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import pytest

from gateway.signing import base64url
from gateway.signing.directory import KeyDirectory
from gateway.signing.handover import TYP, follow, hand_over
from gateway.signing.keys import Purpose, SigningKey, generate

PURPOSES = [Purpose.RECEIPT, Purpose.CHECKPOINT]


def ids(keys: Any) -> list[str]:
    return [key["x"] for key in keys]


def chain(purpose: Purpose, length: int = 4) -> tuple[list[SigningKey], list[str]]:
    keys = [generate(purpose) for _ in range(length)]
    return keys, [hand_over(purpose, old, new) for old, new in pairwise(keys)]


def signed(key: SigningKey, claims: object, typ: str = TYP) -> str:
    return key.sign_jws(typ, json.dumps(claims).encode())


@pytest.mark.parametrize("purpose", PURPOSES)
def test_trust_follows_the_whole_chain_in_whatever_order_it_is_told(purpose: Purpose) -> None:
    keys, told = chain(purpose)
    for order in permutations(told):
        found = follow(purpose, [keys[0].jwk], order)
        assert ids(found.keys) == ids(key.jwk for key in keys)
        assert not found.faults


@pytest.mark.parametrize("purpose", PURPOSES)
def test_trust_goes_forward_only(purpose: Purpose) -> None:
    keys, told = chain(purpose)
    assert ids(follow(purpose, [keys[2].jwk], told).keys) == ids([keys[2].jwk, keys[3].jwk])


@pytest.mark.parametrize("missing", range(3))
def test_where_one_hand_over_is_missing_nothing_behind_it_is_trusted(missing: int) -> None:
    keys, told = chain(Purpose.CHECKPOINT)
    del told[missing]
    assert ids(follow(Purpose.CHECKPOINT, [keys[0].jwk], told).keys) == ids(key.jwk for key in keys[: missing + 1])


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_hand_over_by_a_stranger_under_the_old_key_s_id_is_a_fault(purpose: Purpose) -> None:
    old, new, stranger = (generate(purpose) for _ in range(3))
    head, payload, _ = hand_over(purpose, old, new).split(".")
    forged = f"{head}.{payload}.{base64url.encode(stranger.sign(f'{head}.{payload}'.encode()))}"
    found = follow(purpose, [old.jwk], [forged])
    assert (ids(found.keys), len(found.faults)) == (ids([old.jwk]), 1)
    _, other, signature = hand_over(purpose, old, stranger).split(".")
    for wrong in (f"{head}.{other}.{head}", f"{head}.{payload}.{signature}", f"{head}.{payload}."):
        assert follow(purpose, [old.jwk], [wrong]).faults


def test_a_stranger_s_hand_over_is_no_word_at_all() -> None:
    old, new, stranger = (generate(Purpose.CHECKPOINT) for _ in range(3))
    found = follow(Purpose.CHECKPOINT, [old.jwk], [hand_over(Purpose.CHECKPOINT, stranger, new)])
    assert (ids(found.keys), found.faults) == (ids([old.jwk]), ())


def test_a_key_that_handed_over_to_two_is_a_fault_and_the_same_word_twice_is_not() -> None:
    old, new, other = (generate(Purpose.CHECKPOINT) for _ in range(3))
    told = hand_over(Purpose.CHECKPOINT, old, new)
    assert not follow(Purpose.CHECKPOINT, [old.jwk], [told, told]).faults
    assert (
        "two keys"
        in follow(Purpose.CHECKPOINT, [old.jwk], [told, hand_over(Purpose.CHECKPOINT, old, other)]).faults[0]
    )


@pytest.mark.parametrize("other", ["token", "checkpoint", "nonsense", None, 5])
def test_what_is_said_of_another_purpose_hands_nothing_over(other: object) -> None:
    old, new = generate(Purpose.RECEIPT), generate(Purpose.RECEIPT)
    found = follow(Purpose.RECEIPT, [old.jwk], [signed(old, {"purpose": other, "successor": dict(new.jwk)})])
    assert (ids(found.keys), found.faults) == (ids([old.jwk]), ())


DEEP = "[" * 1500


@pytest.mark.parametrize("alg", [["ES256"], {}, None, 7, "none", "HS256", "ES384"])
def test_a_header_of_any_shape_is_a_fault_and_a_stranger_s_is_nothing(alg: object) -> None:
    old, new = generate(Purpose.RECEIPT), generate(Purpose.RECEIPT)
    _, payload, signature = hand_over(Purpose.RECEIPT, old, new).split(".")
    for kid, faults in ((old.kid, 1), ("stranger", 0)):
        header = base64url.encode(json.dumps({"alg": alg, "kid": kid, "typ": TYP}).encode())
        assert len(follow(Purpose.RECEIPT, [old.jwk], [f"{header}.{payload}.{signature}"]).faults) == faults
    for header in (base64url.encode(DEEP.encode()), "", "é"):
        assert follow(Purpose.RECEIPT, [old.jwk], [f"{header}.{payload}.{signature}"]).faults == ()


def test_a_chain_of_many_keys_told_backwards_is_followed_at_once() -> None:
    keys, told = chain(Purpose.CHECKPOINT, 200)
    assert ids(follow(Purpose.CHECKPOINT, [keys[0].jwk], told[::-1]).keys) == ids(key.jwk for key in keys)


def test_keys_that_hand_over_in_a_ring_end() -> None:
    keys, told = chain(Purpose.CHECKPOINT, 3)
    found = follow(Purpose.CHECKPOINT, [keys[0].jwk], [*told, hand_over(Purpose.CHECKPOINT, keys[2], keys[0])])
    assert ids(found.keys) == ids(key.jwk for key in keys)


ED25519 = {"kty": "OKP", "crv": "Ed25519"}
NO_KEYS = [
    *(None, "x", {}, ED25519, {"kty": "oct", "k": "eA"}),
    *({**ED25519, "x": "eA"}, {**ED25519, "x": 7}, {**ED25519, "x": "é" * 43}),
    generate(Purpose.RECEIPT).jwk,
]
OFF_THE_CURVE = {"kty": "EC", "crv": "P-256", "x": base64url.encode(b"1" * 32), "y": base64url.encode(b"2" * 32)}


@pytest.mark.parametrize("successor", NO_KEYS)
def test_a_successor_that_is_no_key_of_the_same_kind_is_a_fault(successor: object) -> None:
    old = generate(Purpose.CHECKPOINT)
    found = follow(Purpose.CHECKPOINT, [old.jwk], [signed(old, {"purpose": "checkpoint", "successor": successor})])
    assert (ids(found.keys), len(found.faults)) == (ids([old.jwk]), 1)


def test_a_successor_off_the_curve_is_a_fault() -> None:
    old = generate(Purpose.RECEIPT)
    claims = {"purpose": "receipt", "successor": OFF_THE_CURVE}
    found = follow(Purpose.RECEIPT, [old.jwk], [signed(old, claims)])
    assert (ids(found.keys), len(found.faults)) == (ids([old.jwk]), 1)


def test_what_a_key_signed_for_another_end_hands_nothing_over() -> None:
    old, new = generate(Purpose.RECEIPT), generate(Purpose.RECEIPT)
    found = follow(
        Purpose.CHECKPOINT, [old.jwk], [signed(old, {"successor": dict(new.jwk)}, "threekeys-receipt+jwt")]
    )
    assert (len(found.keys), len(found.faults)) == (1, 1)


@pytest.mark.parametrize("purpose", list(Purpose))
def test_a_rotation_publishes_the_old_key_s_word_beside_the_new(tmp_path: Path, purpose: Purpose) -> None:
    keys = KeyDirectory(tmp_path).ensure()
    first = keys.current(purpose)
    newest = [keys.rotate(purpose), keys.rotate(purpose)][-1]
    for read in (keys, KeyDirectory(tmp_path).ensure()):
        told = [jwk["handOver"] for jwk in read.jwks()["keys"] if "handOver" in jwk]
        assert len(told) == 2
        assert ids(follow(purpose, [first.jwk], told).keys)[-1] == newest.jwk["x"]
        assert read.live(purpose)[-1].to_pem() == newest.to_pem()
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())


def test_a_rotation_without_a_hand_over_publishes_none(tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path).ensure()
    keys.rotate(Purpose.CHECKPOINT, vouched=False)
    assert not [jwk for jwk in keys.jwks()["keys"] if "handOver" in jwk]
