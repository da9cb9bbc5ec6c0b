"""What a client signs: DPoP proofs (RFC 9449) and client assertions (RFC 7523)."""

import hashlib
import secrets

from gateway.clock import MICROSECONDS, Clock
from gateway.connector.keys import ClientKey, b64, encoded

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 60


class ProofMaker:
    """Signs for one client and one gateway. The proofs' header is encoded once."""

    def __init__(self, client_id: str, key: ClientKey, base_url: str, clock: Clock) -> None:
        self.client_id = client_id
        self.base_url = base_url
        self._key = key
        self._clock = clock
        self._header = encoded({"alg": "ES256", "typ": "dpop+jwt", "jwk": key.jwk})

    def proof(self, method: str, path: str, token: str | None = None) -> str:
        """A fresh proof for one request; `path` is the raw path without its query."""
        claims: dict[str, object] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": self.base_url + path,
            "iat": self._clock.now() // MICROSECONDS,
        }
        if token is not None:
            claims["ath"] = b64(hashlib.sha256(token.encode()).digest())
        return self._key.sign_under(self._header, claims)

    def assertion(self) -> str:
        """A fresh client assertion for the token endpoint; its audience is the issuer, which is the base URL."""
        now = self._clock.now() // MICROSECONDS
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.base_url,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": secrets.token_urlsafe(16),
        }
        return self._key.sign({"typ": "JWT", "kid": self._key.kid}, claims)
