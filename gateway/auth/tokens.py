"""Our own access tokens: `at+jwt` (RFC 9068), bound to a key by `cnf.jkt` (RFC 9449), five minutes long.

Verified once, then known by their text until they expire: what a token says cannot change. Whether its client may
still act is no part of it, so a kept token opens nothing that the commit would not open.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from gateway.auth.dpop import access_token_hash
from gateway.auth.errors import TokenInvalid
from gateway.auth.kept import Kept
from gateway.clock import MICROSECONDS, Clock
from gateway.signing.directory import KeyDirectory
from gateway.signing.errors import SignatureError
from gateway.signing.jws import verify_jws
from gateway.signing.keys import Purpose

TOKEN_SECONDS = 300
_TYP = "at+jwt"


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a token of ours says. `expires_at` in microseconds; `ath` is what a proof must carry beside it."""

    client_id: str
    agency_id: str
    scopes: frozenset[str]
    jkt: str
    ath: str
    expires_at: int


class AccessTokens:
    """Issues and verifies; `base_url` is both issuer and audience."""

    def __init__(self, base_url: str, keys: KeyDirectory, clock: Clock, *, most: int = 20_000) -> None:
        self.base_url = base_url
        self._keys = keys
        self._clock = clock
        self._kept: Kept[AccessToken] = Kept(most)

    def issue(self, client_id: str, agency_id: str, scopes: Iterable[str], jkt: str) -> str:
        """A token for this client, usable only with the key of this thumbprint."""
        now = self._clock.now() // MICROSECONDS
        claims = {
            "iss": self.base_url,
            "aud": self.base_url,
            "sub": client_id,
            "client_id": client_id,
            "agency": agency_id,
            "scope": " ".join(scopes),
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": self._clock.new_id(),
            "cnf": {"jkt": jkt},
        }
        payload = json.dumps(claims, separators=(",", ":")).encode()
        return self._keys.current(Purpose.TOKEN).sign_jws(_TYP, payload)

    def verify(self, token: bytes, now: int) -> AccessToken:
        """What the token says. `TokenInvalid` unless it is ours, for us and unexpired; `now` in microseconds."""
        found = self._kept.get(token, now)
        if found is None:
            found = self._read(token)
            if found.expires_at <= now:
                raise TokenInvalid("the token has expired")
            self._kept.put(token, found, found.expires_at, now)
        return found

    def knows(self, token: bytes) -> bool:
        """Whether this token was verified before, in its life or past it."""
        return token in self._kept

    def _read(self, token: bytes) -> AccessToken:
        keys = [key.jwk for key in self._keys.live(Purpose.TOKEN)]
        try:
            claims = verify_jws(token.decode("ascii"), _TYP, {"keys": keys})
            if claims["iss"] != self.base_url or claims["aud"] != self.base_url:
                raise TokenInvalid("the token is of another issuer or for another audience")
            return AccessToken(
                client_id=claims["client_id"],
                agency_id=claims["agency"],
                scopes=frozenset(claims["scope"].split()),
                jkt=claims["cnf"]["jkt"],
                ath=access_token_hash(token),
                expires_at=int(claims["exp"]) * MICROSECONDS,
            )
        except (SignatureError, ValueError, KeyError, TypeError, AttributeError):
            raise TokenInvalid("the token is not an access token of this gateway") from None
