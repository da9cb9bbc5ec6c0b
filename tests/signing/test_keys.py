"""A signing key: its id, and signatures that other libraries accept."""

import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.signing import base64url
from gateway.signing.keys import Purpose, from_pem, generate, thumbprint


def test_the_key_id_is_the_thumbprint_of_rfc_7638() -> None:
    for purpose in (Purpose.TOKEN, Purpose.RECEIPT):
        key = generate(purpose)
        assert key.kid == ECKey.import_key({n: key.jwk[n] for n in ("kty", "crv", "x", "y")}).thumbprint()


def test_the_thumbprint_of_an_ed25519_key_is_that_of_rfc_8037() -> None:
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(jwk) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_jws_verifies_with_a_library_and_carries_alg_kid_and_typ() -> None:
    key = generate(Purpose.RECEIPT)
    for n in range(200):  # signatures of r or s with leading zeroes are among so many
        payload = json.dumps({"n": n}).encode()
        token = key.sign_jws("threekeys-receipt+jwt", payload)
        found = jws.deserialize_compact(token, ECKey.import_key(dict(key.jwk)), algorithms=["ES256"])
        assert found.payload == payload
        assert found.protected == {"alg": "ES256", "kid": key.kid, "typ": "threekeys-receipt+jwt"}


def test_a_checkpoint_key_signs_as_rfc_8032_says() -> None:
    key = generate(Purpose.CHECKPOINT)
    Ed25519PublicKey.from_public_bytes(key.public_bytes()).verify(key.sign(b"note\n"), b"note\n")
    assert base64url.decode(key.jwk["x"]) == key.public_bytes()


def test_a_key_written_and_read_again_is_the_same_key() -> None:
    for purpose in Purpose:
        key = generate(purpose)
        assert from_pem(purpose, key.to_pem(), "file").jwk == key.jwk
