"""Requests with credentials made by hand: right in everything that a test does not change."""

import base64
import hashlib
import json
from typing import Any

import httpx

from gateway.clock import MICROSECONDS
from gateway.connector.keys import ClientKey, b64
from gateway.connector.proofs import ASSERTION_TYPE, ProofMaker
from gateway.signing.keys import Purpose
from tests.auth.forging import signed
from tests.world import CONSUMER, World

CASEWORK = f"{CONSUMER}.casework"


class ByHand:
    """One client of a World, as an attacker who holds its key would play it."""

    def __init__(self, world: World, client_id: str = CASEWORK) -> None:
        self.world = world
        self.client_id = client_id
        self.key: ClientKey = world.keys[client_id]
        self.maker = ProofMaker(client_id, self.key, world.base_url, world.clock)

    @property
    def now(self) -> int:
        """Seconds."""
        return self.world.clock.now() // MICROSECONDS

    def ask(self, assertion: str | None = None, **more: str) -> httpx.Response:
        """A token request."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self.maker.assertion() if assertion is None else assertion,
            **more,
        }
        headers = {"DPoP": self.maker.proof("POST", "/oauth/token")}
        return self.world.anyone().post("/oauth/token", data=form, headers=headers)

    def token(self, **more: str) -> str:
        """A token of the gateway's."""
        answer = self.ask(**more)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def headers(self, token: str, proof: str | None = None, path: str = "/v1/exchanges") -> dict[str, str]:
        """Of one POST."""
        return {"Authorization": f"DPoP {token}", "DPoP": proof or self.maker.proof("POST", path, token)}

    def send(self, headers: dict[str, str], path: str = "/v1/exchanges", **more: Any) -> httpx.Response:
        """An exchange, by statute, with these headers."""
        return self.world.anyone().post(path, json=self.world.ask(**more), headers=headers)

    def assertion(self, header: dict[str, Any] | None = None, key: ClientKey | None = None, **changes: Any) -> str:
        """A client assertion with something changed; None takes a claim away."""
        claims = {
            "iss": self.client_id,
            "sub": self.client_id,
            "aud": self.world.base_url,
            "iat": self.now,
            "exp": self.now + 60,
            "jti": self.world.clock.new_id(),
            **changes,
        }
        top = {"alg": "ES256", "typ": "JWT", "kid": self.key.kid, **(header or {})}
        return signed(key or self.key, top, {k: v for k, v in claims.items() if v is not None})

    def proof(
        self, token: str, header: dict[str, Any] | None = None, key: ClientKey | None = None, **changes: Any
    ) -> str:
        """A DPoP proof for an exchange with something changed; None takes a claim away."""
        claims = {
            "jti": self.world.clock.new_id(),
            "htm": "POST",
            "htu": f"{self.world.base_url}/v1/exchanges",
            "iat": self.now,
            "ath": b64(hashlib.sha256(token.encode()).digest()),
            **changes,
        }
        top = {"alg": "ES256", "typ": "dpop+jwt", "jwk": self.key.jwk, **(header or {})}
        return signed(key or self.key, top, {k: v for k, v in claims.items() if v is not None})

    def forged(self, typ: str = "at+jwt", purpose: Purpose = Purpose.TOKEN, **changes: Any) -> str:
        """A token with something changed, and signed by the gateway's own key all the same."""
        claims = claims_of(self.token()) | changes
        payload = json.dumps({k: v for k, v in claims.items() if v is not None}).encode()
        return self.world.gateway.keys.current(purpose).sign_jws(typ, payload)


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT, unverified."""
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return claims
