"""A person's explicit request by their own token, which the calling agency holds and shows.

Since somebody else holds it, it is made out for this one thing: its `aud` is the gateway's `/explicit-requests` and
nothing beside, so that it never signs the person in; its `azp` (or `client_id`, RFC 9068) is the client that shows
it; it is ten minutes old at most; and it opens one exchange, which its `once` sees to in the commit. A token for the
gateway itself is refused: a person must never hand one to an agency, and none that did shall get on by it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.auth import compact
from gateway.auth.caller import Caller, ClientCaller
from gateway.auth.errors import PersonTokenRefused
from gateway.auth.keysets import KeysUnavailable
from gateway.auth.once import once_key
from gateway.auth.people import NotAccepted, People, PersonIssuer, named
from gateway.clock import MICROSECONDS, Clock
from gateway.errors import Unavailable

PATH = "/explicit-requests"
"""After the base URL: the audience of such a token. Nothing is served there."""
OLDEST = 600
"""Seconds."""


@dataclass(frozen=True, slots=True)
class PersonRequest:
    """A verified one. `identifiers` are normalised, by scheme; never log or show them. Times in microseconds."""

    issuer: str
    requested_at: int
    identifiers: Mapping[str, str] = field(repr=False)
    once: bytes


class PersonRequests:
    """Verifies them; `audience` is what their `aud` must be."""

    def __init__(self, people: People, clock: Clock, audience: str) -> None:
        self._people = people
        self._clock = clock
        self._audience = audience

    async def verify(self, token: str, caller: Caller) -> PersonRequest:
        """What the person asked of this caller. Raises `PersonTokenRefused`, and `Unavailable` while the issuer's
        keys cannot be fetched. Nothing is kept: a token is shown once."""
        try:
            if not isinstance(caller, ClientCaller):
                raise NotAccepted("it is for an agency's client to show; a person asks by signing in")
            claims, issuer = await self._people.read(token.encode("ascii", "replace"))
            return self._read(claims, issuer, caller)
        except NotAccepted as error:
            raise PersonTokenRefused(str(error)) from None
        except KeysUnavailable:
            raise Unavailable(
                "the keys of the person's issuer cannot be fetched now", headers={"Retry-After": "5"}
            ) from None

    def _read(self, claims: dict[str, Any], issuer: PersonIssuer, caller: ClientCaller) -> PersonRequest:
        now = self._clock.now() // MICROSECONDS
        if claims.get("aud") not in (self._audience, [self._audience]) or named(claims) & issuer.audiences:
            raise NotAccepted(f"its aud must be {self._audience} and nothing else")
        found, _ = self._people.person(claims, issuer, now)
        holders = [claims[name] for name in ("azp", "client_id") if name in claims]
        if not holders or any(holder != caller.client_id for holder in holders):
            raise NotAccepted("its azp (or client_id) must be the client that shows it")
        if found.jkt is not None and found.jkt != caller.jkt:
            raise NotAccepted("it is bound to another key than the client's")
        iat = compact.seconds(claims, "iat")
        assert iat is not None  # or the person would not have been taken
        if iat < now - OLDEST:
            raise NotAccepted(f"it is older than {OLDEST // 60} minutes; the person has to ask again")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 8 <= len(jti) <= 256:
            raise NotAccepted("jti is required, of 8 to 256 characters")
        return PersonRequest(
            issuer=issuer.issuer,
            requested_at=int(iat * MICROSECONDS),
            identifiers=found.person.identifiers,
            once=once_key(int(iat) + OLDEST + 1, "explicit-request", issuer.issuer, jti),
        )
