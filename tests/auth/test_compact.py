"""Reading and verifying a JWT by itself: the second line behind the choice of the key."""

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.agencies.keys import PublicKey
from gateway.auth.compact import Unreadable, read

RSA = RSAKey.generate_key(2048)
EC = ECKey.generate_key("P-256")
ED = OKPKey.generate_key("Ed25519")


@pytest.mark.parametrize(
    ("key", "alg", "holds"),
    [
        (RSA, "PS256", True),
        (RSA, "RS256", False),
        (RSA, "PS512", False),
        (EC, "ES256", True),
        (ED, "Ed25519", True),
    ],
)
def test_a_right_signature_of_an_algorithm_that_is_not_taken_does_not_verify(
    key: PublicKey, alg: str, holds: bool
) -> None:
    text = jwt.encode({"alg": alg}, {"a": 1}, key, algorithms=[alg])
    assert read(text).verified_by(key) is holds
    assert not any(read(text).verified_by(other) for other in (RSA, EC, ED) if other is not key)


@pytest.mark.parametrize(
    "text", ["", "a.b", "e30.e30", "e30.e30.e30.e30", "W10.e30.", "e30.W10.", "e3.e30.", "e30=.e30."]
)
def test_what_is_no_jwt_is_unreadable(text: str) -> None:
    with pytest.raises(Unreadable):
        read(text)


def test_a_jwt_that_is_too_long_is_not_looked_at() -> None:
    with pytest.raises(Unreadable, match="too long"):
        read("e30.e30." + "A" * 8192)
