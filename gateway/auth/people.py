"""Persons: tokens of configured issuers (OpenID providers), verified by joserfc.

An issuer is trusted for who somebody is: for the account (`sub`), for how sure it is (`acr`, of the levels that its
configuration takes), for the identifiers that its configuration names, and for how long all that holds. Of any other
claim nothing follows. A client's token never passes here, nor a person's there: our own issuer can be configured for
nobody, and types are told apart.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.agencies.keys import PublicKey
from gateway.auth import compact
from gateway.auth.caller import PersonCaller
from gateway.auth.errors import TokenInvalid
from gateway.auth.kept import Kept
from gateway.auth.keysets import KeySets, KeysUnavailable
from gateway.clock import MICROSECONDS, Clock
from schemas.identifiers import InvalidIdentifier, normalise

SKEW = 30
_TYPES = frozenset({"jwt", "at+jwt"})


class NotAccepted(ValueError):
    """Why a person's token is not; no text of it holds anything of the token."""


@dataclass(frozen=True, slots=True)
class PersonIssuer:
    """One trusted issuer.

    `jwks` is a JWK set as JSON text, or empty beside a `jwks_uri`. `audiences`: the token's `aud` must name one.
    `acr_values`: the levels of assurance that are taken. `identifier_claims`: scheme -> claim (`nino` -> …).
    """

    issuer: str
    audiences: frozenset[str]
    acr_values: frozenset[str]
    identifier_claims: Mapping[str, str]
    jwks: str = ""
    jwks_uri: str | None = None

    def __post_init__(self) -> None:
        if not self.issuer or not self.audiences or not self.acr_values or not self.identifier_claims:
            raise ValueError("an issuer of persons needs issuer, audiences, acr values and identifier claims")
        if bool(self.jwks) == (self.jwks_uri is not None):
            raise ValueError(f"the issuer {self.issuer} needs either a key set or a jwks_uri")


@dataclass(frozen=True, slots=True)
class PersonToken:
    """A verified token: whose it is, the thumbprint of the key that it is bound to, if it is, and the account."""

    person: PersonCaller
    jkt: str | None
    account: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A token that was verified, and the key that did: it is good for as long as its issuer stands by that key."""

    token: PersonToken
    issuer: PersonIssuer
    header: Mapping[str, Any]
    key: PublicKey


class People:
    """Verifies persons' tokens. `pseudonyms(issuer, sub)` are the hashes by which the gateway knows the account now.

    A token that also names the audience `not_for` never signs a person in: an agency holds it.
    """

    def __init__(
        self,
        issuers: tuple[PersonIssuer, ...],
        key_sets: KeySets,
        clock: Clock,
        pseudonyms: Callable[[str, str], tuple[str, ...]],
        *,
        not_for: str = "",
        most: int = 5_000,
    ) -> None:
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._key_sets = key_sets
        self._clock = clock
        self._pseudonyms = pseudonyms
        self._not_for = not_for
        self._kept: Kept[_Kept] = Kept(most)

    async def verify(self, token: bytes) -> PersonToken:
        """Who the token says it is. Raises `TokenInvalid`; no text of it holds anything of the token."""
        try:
            found = await self._verified(token)
        except NotAccepted as error:
            raise _invalid(str(error)) from None
        except KeysUnavailable:
            raise _invalid("the keys of its issuer cannot be fetched now") from None
        # A token may be kept for longer than it takes to rotate a key.
        hashes = self._pseudonyms(found.person.issuer, found.account)
        return replace(found, person=replace(found.person, subject_hashes=hashes))

    async def _verified(self, token: bytes) -> PersonToken:
        now = self._clock.now()
        kept = self._kept.get(token, now)
        if kept is not None and await self._find(kept.issuer, kept.header) is kept.key:
            return kept.token
        # Not seen yet, or its issuer's keys were read anew: one that was withdrawn vouches for nobody any more.
        jwt, issuer, key = await self._signed(token)
        audiences = named(jwt.claims)
        if self._not_for in audiences or not audiences & issuer.audiences:
            raise NotAccepted("its audience is another")
        found, expires_at = self.person(jwt.claims, issuer, now // MICROSECONDS)
        self._kept.put(token, _Kept(found, issuer, jwt.header, key), expires_at, now)
        return found

    async def read(self, token: bytes) -> tuple[dict[str, Any], PersonIssuer]:
        """What a trusted issuer signed, and which one; for whom, and whether it is still good, is not looked at.

        Raises `NotAccepted` and `KeysUnavailable`.
        """
        jwt, issuer, _ = await self._signed(token)
        return jwt.claims, issuer

    async def _find(self, issuer: PersonIssuer, header: Mapping[str, Any]) -> PublicKey | None:
        return await self._key_sets.find(issuer.jwks, issuer.jwks_uri, header.get("kid"), header.get("alg"))

    async def _signed(self, token: bytes) -> tuple[compact.Unverified, PersonIssuer, PublicKey]:
        try:
            jwt = compact.read(token.decode("ascii"))
        except ValueError:
            raise NotAccepted("it cannot be read") from None
        name = jwt.claims.get("iss")
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise NotAccepted("its issuer is not trusted here")
        if jwt.typ not in _TYPES:
            raise NotAccepted("its typ is not that of a person's token")
        key = await self._find(issuer, jwt.header)
        if key is None or not jwt.verified_by(key):
            raise NotAccepted("its signature does not verify with a key of its issuer")
        return jwt, issuer, key

    def person(self, claims: dict[str, Any], issuer: PersonIssuer, now: int) -> tuple[PersonToken, int]:
        """Who it says it is, and until when (microseconds). Raises `NotAccepted`. `now` in seconds."""
        exp, iat, nbf = (compact.seconds(claims, name) for name in ("exp", "iat", "nbf"))
        if exp is None or exp <= now:
            raise NotAccepted("it has expired, or does not say when")
        if iat is None or iat > now + SKEW or ("nbf" in claims and (nbf is None or nbf > now + SKEW)):
            raise NotAccepted("it is not valid yet, or does not say since when")
        acr, sub = claims.get("acr"), claims.get("sub")
        if not isinstance(acr, str) or acr not in issuer.acr_values:
            raise NotAccepted("its level of assurance (acr) is not enough")
        if not isinstance(sub, str) or not sub:
            raise NotAccepted("it names no subject")
        person = PersonCaller(
            issuer=issuer.issuer,
            subject_hashes=self._pseudonyms(issuer.issuer, sub),
            acr=acr,
            identifiers=_identifiers(claims, issuer.identifier_claims),
        )
        return PersonToken(person, _bound_to(claims), sub), int(exp * MICROSECONDS)


def named(claims: dict[str, Any]) -> frozenset[str]:
    """The audiences that a token names (RFC 7519, section 4.1.3: one string, or a list)."""
    audience = claims.get("aud")
    every = audience if isinstance(audience, list) else [audience]
    return frozenset(one for one in every if isinstance(one, str))


def _identifiers(claims: dict[str, Any], wanted: Mapping[str, str]) -> dict[str, str]:
    found = {}
    for scheme, claim in wanted.items():
        value = claims.get(claim)
        if value is None:
            continue
        try:
            found[scheme] = normalise(scheme, value)
        except InvalidIdentifier:
            raise NotAccepted(f"its claim for {scheme} is no valid identifier") from None
    if not found:
        raise NotAccepted("it carries none of the identifiers that are needed")
    return found


def _bound_to(claims: dict[str, Any]) -> str | None:
    confirmation = claims.get("cnf")
    if confirmation is None:
        return None
    jkt = confirmation.get("jkt") if isinstance(confirmation, dict) else None
    if not isinstance(jkt, str):
        raise NotAccepted("it is bound to a key in a way that is not known here")
    return jkt


def _invalid(why: str) -> TokenInvalid:
    return TokenInvalid(f"the person's token is not accepted: {why}", scheme="Bearer")
