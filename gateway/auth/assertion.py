"""Client authentication by `private_key_jwt` (RFC 7523, OpenID Connect Core section 9), tightened.

Authlib's defaults take a list as `aud`, no `jti`, any `exp` and every recommended algorithm; here `aud` is the issuer
as one string, `jti` is required and used once, `exp` is at most five minutes away, and the key decides on the
algorithm.
"""

from authlib.oauth2.rfc6749 import InvalidClientError
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion

from gateway.auth.compact import Unverified, seconds
from gateway.auth.once import once_key
from gateway.auth.registered import Registered

METHOD = "private_key_jwt"
FARTHEST = 300
SKEW = 30
_TYPES = frozenset({"jwt", "client-authentication+jwt"})


class PrivateKeyJwt(JWTBearerClientAssertion):  # type: ignore[misc]  # Authlib is untyped
    """Authlib's method with its checks replaced. `assertion` is the one read before, `now` in seconds."""

    CLIENT_AUTH_METHOD = METHOD

    def __init__(self, issuer: str, assertion: Unverified, now: int) -> None:
        super().__init__()
        self.issuer = issuer
        self.assertion = assertion
        self.now = now

    def resolve_client_public_key(self, client: Registered) -> Registered:
        """Authlib hands it on to `process_assertion_claims`; the client knows its key."""
        return client

    def process_assertion_claims(self, assertion: str, client: Registered) -> dict[str, object]:
        """Check signature and claims. Raises Authlib's `InvalidClientError`, whose text says which check failed."""
        if self.assertion.text != assertion or not self.assertion.verified_by(client.key):
            raise _refused(
                "the assertion is not signed by a registered key of its client: check sub, kid and alg, and with the "
                "operator which keys the gateway holds or can fetch"
            )
        check(self.assertion, client.client_id, self.issuer, self.now)
        return self.assertion.claims


def check(assertion: Unverified, client_id: str, issuer: str, now: int) -> None:
    """The claims of RFC 7523, section 3, each as narrow as it goes."""
    claims = assertion.claims
    if assertion.typ not in _TYPES:
        raise _refused("typ of the assertion must be JWT")
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise _refused("iss and sub must both be the client id")
    if claims.get("aud") != issuer:
        raise _refused(f"aud must be the issuer as one string: {issuer}")
    exp, iat, nbf = (seconds(claims, name) for name in ("exp", "iat", "nbf"))
    if exp is None or not now < exp <= now + FARTHEST + SKEW:
        raise _refused(f"exp must be in the future, and at most {FARTHEST} seconds away")
    if ("iat" in claims and (iat is None or not now - FARTHEST - SKEW <= iat <= now + SKEW)) or (
        "nbf" in claims and (nbf is None or nbf > now + SKEW)
    ):
        raise _refused("iat and nbf must not lie in the future, nor iat long ago")
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 8 <= len(jti) <= 256:
        raise _refused("jti is required, of 8 to 256 characters, and used once")


def once(assertion: Unverified) -> bytes:
    """The key of the assertion's one use."""
    claims = assertion.claims
    return once_key(int(claims["exp"]) + SKEW, claims["sub"], claims["jti"])


def _refused(text: str) -> InvalidClientError:
    return InvalidClientError(description=text)
