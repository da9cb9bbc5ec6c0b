"""Attacks on the verification of a JWS: every one is refused, whatever the token says about itself."""

import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, EllipticCurvePublicKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from gateway.signing import base64url
from gateway.signing.errors import SignatureError
from gateway.signing.jws import public_keys, verify_jws
from gateway.signing.keys import Purpose, SigningKey, generate

KEY = generate(Purpose.RECEIPT)
OTHER = generate(Purpose.RECEIPT)
JWKS = {"keys": [KEY.jwk, generate(Purpose.CHECKPOINT).jwk]}
TYP = "x+jwt"
PAYLOAD = b'{"outcome":"released"}'


def _token(header: dict[str, object], payload: bytes = PAYLOAD, signature: bytes | None = None) -> str:
    """A token with any header, signed by the true key unless a signature is given."""
    head = base64url.encode(json.dumps(header).encode())
    signed = f"{head}.{base64url.encode(payload)}"
    return f"{signed}.{base64url.encode(KEY.sign(signed.encode()) if signature is None else signature)}"


def _header(**members: object) -> dict[str, object]:
    return {"alg": "ES256", "kid": KEY.kid, "typ": TYP} | members


def _public_pem(key: SigningKey) -> bytes:
    private = load_pem_private_key(key.to_pem(), None)
    public = private.public_key()
    assert isinstance(public, EllipticCurvePublicKey)
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def test_a_true_token_verifies() -> None:
    assert verify_jws(KEY.sign_jws(TYP, PAYLOAD), TYP, JWKS) == {"outcome": "released"}


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", None])
def test_alg_none_is_refused_with_and_without_a_signature(alg: object) -> None:
    for signature in (b"", None):
        with pytest.raises(SignatureError, match="algorithm"):
            verify_jws(_token(_header(alg=alg), signature=signature), TYP, JWKS)


@pytest.mark.parametrize(
    "secret", [_public_pem(KEY), json.dumps(KEY.jwk).encode(), KEY.public_bytes()], ids=["PEM", "JWK", "raw"]
)
def test_hs256_keyed_with_the_public_key_is_refused(secret: bytes) -> None:
    head = base64url.encode(json.dumps(_header(alg="HS256")).encode())
    signed = f"{head}.{base64url.encode(PAYLOAD)}"
    signature = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    with pytest.raises(SignatureError, match="algorithm"):
        verify_jws(f"{signed}.{base64url.encode(signature)}", TYP, JWKS)


def test_an_hmac_under_the_name_of_es256_is_refused() -> None:
    head = base64url.encode(json.dumps(_header()).encode())
    signed = f"{head}.{base64url.encode(PAYLOAD)}"
    signature = hmac.new(_public_pem(KEY), signed.encode(), hashlib.sha512).digest()
    with pytest.raises(SignatureError, match="does not verify"):
        verify_jws(f"{signed}.{base64url.encode(signature)}", TYP, JWKS)


def test_a_tampered_payload_is_refused() -> None:
    head, _, signature = KEY.sign_jws(TYP, PAYLOAD).split(".")
    forged = base64url.encode(b'{"outcome":"refused"}')
    with pytest.raises(SignatureError, match="does not verify"):
        verify_jws(f"{head}.{forged}.{signature}", TYP, JWKS)


def test_every_flipped_bit_of_the_signature_is_refused() -> None:
    signed, _, signature = KEY.sign_jws(TYP, PAYLOAD).rpartition(".")
    raw = base64url.decode(signature)
    for position in range(0, 512, 7):
        flipped = bytearray(raw)
        flipped[position // 8] ^= 1 << position % 8
        with pytest.raises(SignatureError):
            verify_jws(f"{signed}.{base64url.encode(bytes(flipped))}", TYP, JWKS)


def test_the_signature_of_zeroes_is_refused() -> None:
    with pytest.raises(SignatureError, match="does not verify"):
        verify_jws(_token(_header(), signature=bytes(64)), TYP, JWKS)


@pytest.mark.parametrize("typ", ["at+jwt", "JWT", "X+JWT", None])
def test_a_token_of_another_type_is_refused_though_signed(typ: object) -> None:
    with pytest.raises(SignatureError, match="type"):
        verify_jws(_token(_header(typ=typ)), TYP, JWKS)


def test_a_key_that_the_token_brings_along_is_not_used() -> None:
    with pytest.raises(SignatureError, match="no place"):
        verify_jws(_token(_header(jwk=OTHER.jwk)), TYP, JWKS)
    with pytest.raises(SignatureError, match="no place"):
        verify_jws(_token(_header(crit=["b64"], b64=False)), TYP, JWKS)


def test_another_keys_token_is_refused_even_under_our_key_id() -> None:
    with pytest.raises(SignatureError, match="key id"):
        verify_jws(OTHER.sign_jws(TYP, PAYLOAD), TYP, JWKS)
    head = base64url.encode(json.dumps(_header()).encode())
    signed = f"{head}.{base64url.encode(PAYLOAD)}"
    with pytest.raises(SignatureError, match="does not verify"):
        verify_jws(f"{signed}.{base64url.encode(OTHER.sign(signed.encode()))}", TYP, JWKS)


def test_a_key_of_another_kind_under_the_same_id_is_not_used() -> None:
    p384 = generate_private_key(SECP384R1()).public_key().public_numbers()
    x, y = (base64url.encode(n.to_bytes(48, "big")) for n in (p384.x, p384.y))
    wrong = {"kty": "EC", "crv": "P-384", "x": x, "y": y, "kid": KEY.kid}
    with pytest.raises(SignatureError, match="key id"):
        verify_jws(KEY.sign_jws(TYP, PAYLOAD), TYP, {"keys": [wrong]})


@pytest.mark.parametrize("token", ["", "a", "a.b", "a.b.c.d", "..", "e30..", "W10.e30.x", "é.é.é", "e30=.e30.e30"])
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(SignatureError):
        verify_jws(token, TYP, JWKS)


@pytest.mark.parametrize("payload", [b"[]", b"1", b"", b"\xff", b'"x"'])
def test_a_payload_that_is_no_object_is_refused(payload: bytes) -> None:
    with pytest.raises(SignatureError):
        verify_jws(KEY.sign_jws(TYP, payload), TYP, JWKS)


def test_public_keys_are_read_as_jwks_as_jwk_and_as_pem() -> None:
    token = KEY.sign_jws(TYP, PAYLOAD)
    pem = _public_pem(KEY).decode()
    for text in (json.dumps(JWKS), json.dumps(KEY.jwk), pem, pem + _public_pem(OTHER).decode()):
        assert verify_jws(token, TYP, public_keys(text)) == {"outcome": "released"}


def test_a_private_key_is_not_taken_for_a_public_one() -> None:
    with pytest.raises(ValueError, match="private key"):
        public_keys(json.dumps({**KEY.jwk, "d": "x"}))
    with pytest.raises(ValueError, match="private key"):
        public_keys(json.dumps({"keys": [{"kty": "oct", "k": "x"}]}))
    for text in ("[]", "1", "{}", '{"keys": 1}', "-----BEGIN PUBLIC KEY-----\nx\n-----END PUBLIC KEY-----"):
        with pytest.raises(ValueError, match=r".+"):
            public_keys(text)
