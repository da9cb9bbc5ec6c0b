"""A stand-in for a national sign-in: gives a token for any of the sandbox's people to whoever asks.

Unsafe by design, as its name says: it checks nobody. It refuses to be made outside sandbox mode, to listen anywhere
but on loopback, and to serve browsers, other hosts or other machines.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from gateway.auth.explicit import PATH
from gateway.auth.people import PersonIssuer
from gateway.clock import MICROSECONDS, Clock
from gateway.connector.loopback import turned_away
from gateway.loopback import is_loopback
from gateway.signing.keys import Purpose, SigningKey, generate

ACR = "urn:threekeys:sandbox:acr:verified"
CLAIMS = {"nino": "nino", "nhs-number": "nhs_number"}
"""Scheme -> claim, as `PersonIssuer.identifier_claims` wants it."""
TOKEN_SECONDS = 600
_LARGEST = 4096

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class UnsafeSandboxIdentity:
    """An ASGI app. `people`: name -> identifiers by scheme. `issuer` is its own URL on loopback, without a slash at
    its end; `audience` the gateway's base URL. Raises ValueError outside sandbox mode or off loopback."""

    def __init__(
        self,
        issuer: str,
        audience: str,
        people: Mapping[str, Mapping[str, str]],
        clock: Clock,
        *,
        sandbox: bool,
        key: SigningKey | None = None,
    ) -> None:
        if not sandbox:
            raise ValueError("UnsafeSandboxIdentity runs in sandbox mode only")
        parts = urlsplit(issuer)
        if parts.scheme != "http" or not is_loopback(parts.hostname or ""):
            raise ValueError("UnsafeSandboxIdentity runs on loopback only: http://127.0.0.1:PORT")
        self.issuer = issuer
        self.audience = audience
        self._people = people
        self._clock = clock
        self._key = key or generate(Purpose.TOKEN)

    def as_configured(self) -> PersonIssuer:
        """What a gateway must be told to trust it."""
        return PersonIssuer(
            issuer=self.issuer,
            audiences=frozenset({self.audience}),
            acr_values=frozenset({ACR}),
            identifier_claims=CLAIMS,
            jwks_uri=f"{self.issuer}/jwks.json",
        )

    def jwks(self) -> dict[str, Any]:
        """Its public key."""
        return {"keys": [dict(self._key.jwk)]}

    def token(self, name: str, client: str | None = None) -> str:
        """A token for one of the people. Raises KeyError where there is nobody of that name.

        With a `client` it does not sign the person in: it says that the person asks that client for an exchange, and
        is for the client to show.
        """
        identifiers = self._people[name]
        now = self._clock.now() // MICROSECONDS
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": hashlib.sha256(f"{self.issuer} {name}".encode()).hexdigest()[:32],
            "aud": self.audience if client is None else self.audience + PATH,
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "acr": ACR,
            "jti": self._clock.new_id(),
        }
        if client is not None:
            claims["azp"] = client
        claims |= {claim: identifiers[scheme] for scheme, claim in CLAIMS.items() if scheme in identifiers}
        return self._key.sign_jws("JWT", json.dumps(claims).encode())

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """`GET /jwks.json`, `GET /.well-known/openid-configuration`, `POST /token {"person": name}`; with a
        `client` beside, the person's explicit request for that client to show."""
        if scope["type"] != "http":
            raise RuntimeError("HTTP only")  # uvicorn takes this as: no lifespan
        peer = scope["client"][0] if scope.get("client") else None
        turned = turned_away(scope["headers"], peer)
        if turned is not None:
            return await _answer(send, turned.status, {"error": turned.code, "error_description": turned.title})
        match (scope["method"], scope["path"]):
            case ("GET", "/jwks.json"):
                await _answer(send, 200, self.jwks())
            case ("GET", "/.well-known/openid-configuration"):
                await _answer(send, 200, self._configuration())
            case ("POST", "/token"):
                await _answer(send, *await self._grant(receive))
            case _:
                await _answer(send, 404, {"error": "not_found"})

    def _configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "jwks_uri": f"{self.issuer}/jwks.json",
            "token_endpoint": f"{self.issuer}/token",
            "id_token_signing_alg_values_supported": ["ES256"],
            "acr_values_supported": [ACR],
        }

    async def _grant(self, receive: Receive) -> tuple[int, dict[str, Any]]:
        body = b""
        more = True
        while more and len(body) <= _LARGEST:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        try:
            asked = json.loads(body)
            client = asked.get("client")
            if client is not None and not isinstance(client, str):
                raise TypeError
            token = self.token(asked["person"], client)
        except (ValueError, KeyError, TypeError, AttributeError):
            return 400, {"error": "invalid_request", "error_description": 'send {"person": "a name of the sandbox"}'}
        return 200, {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS}


async def _answer(send: Send, status: int, members: Mapping[str, Any]) -> None:
    body = json.dumps(members).encode()
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
