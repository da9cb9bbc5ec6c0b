"""The verbs of the room: authenticate a request, and everything that the endpoints need, in one value an app."""

import ssl
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from gateway.auth.caller import Caller, ClientCaller, Credentials, PersonCaller
from gateway.auth.compact import LONGEST, read
from gateway.auth.dpop import Proof, ProofReader, access_token_hash
from gateway.auth.errors import NoCredentials, ProofInvalid, TokenInvalid
from gateway.auth.explicit import PATH, PersonRequests
from gateway.auth.keysets import KeySets
from gateway.auth.people import People, PersonIssuer
from gateway.auth.seen import SeenProofs
from gateway.auth.token_endpoint import TokenEndpoint
from gateway.auth.tokens import AccessTokens
from gateway.auth.verifier import Verifier
from gateway.clock import MICROSECONDS, Clock
from gateway.db.store import Store
from gateway.loopback import is_guarded
from gateway.signing.directory import KeyDirectory
from gateway.signing.pseudonyms import PseudonymKeys


@dataclass(slots=True)
class Auth:
    """All that authentication needs. `base_url`, no slash at its end, is issuer, audience and start of `htu`; `tls`
    says whom to trust where key sets are fetched, None: whom the machine does."""

    base_url: str
    store: Store
    keys: KeyDirectory
    pseudonyms: PseudonymKeys
    clock: Clock
    issuers: tuple[PersonIssuer, ...] = ()
    tls: ssl.SSLContext | None = None
    verifier: Verifier = field(default_factory=Verifier)
    tokens: AccessTokens = field(init=False)
    people: People = field(init=False)
    requests: PersonRequests = field(init=False)
    endpoint: TokenEndpoint = field(init=False)
    key_sets: KeySets = field(init=False)
    _proofs: ProofReader = field(init=False)
    _seen: SeenProofs = field(init=False)

    def __post_init__(self) -> None:
        """Raises ValueError for a base URL that cannot be one, or where our own issuer is given out for persons."""
        parts = urlsplit(self.base_url)
        if (
            not is_guarded(parts.scheme, parts.hostname)
            or parts.query
            or parts.fragment
            or self.base_url.endswith("/")
        ):
            raise ValueError("the base URL is https://… (http on loopback only), without a slash at its end")
        if any(issuer.issuer == self.base_url for issuer in self.issuers):
            raise ValueError("the gateway itself cannot be an issuer of persons' tokens")
        self.tokens = AccessTokens(self.base_url, self.keys, self.clock)
        self.key_sets = KeySets(self.clock, self.tls)
        explicit = self.base_url + PATH
        self.people = People(self.issuers, self.key_sets, self.clock, self._pseudonyms_of, not_for=explicit)
        self.requests = PersonRequests(self.people, self.clock, explicit)
        self._proofs = ProofReader(self.base_url, self.verifier)
        self._seen = SeenProofs()
        self.endpoint = TokenEndpoint(self.store, self.clock, self.tokens, self.key_sets, self._proofs, self._seen)

    async def authenticate(self, method: str, path: str, credentials: Credentials) -> Caller:
        """Who calls. `path` is the raw path without its query. Raises a subclass of `Unauthenticated`.

        For a client this says nothing about its status: that is read in the commit, or by `dependencies`.
        """
        scheme, _, text = credentials.authorization.partition(b" ")
        if scheme.lower() == b"bearer":
            return await self._bearer(text)
        if scheme.lower() == b"dpop" and self.issuers and not self.tokens.knows(text) and self._is_a_persons(text):
            return await self._bound_person(method, path, text, credentials.dpop)
        return await self.client(method, path, credentials)

    async def client(self, method: str, path: str, credentials: Credentials) -> ClientCaller:
        """The client that calls: the hot path. Raises a subclass of `Unauthenticated`."""
        scheme, _, text = credentials.authorization.partition(b" ")
        if scheme.lower() != b"dpop" or not 0 < len(text) <= LONGEST:
            raise NoCredentials
        now = self.clock.now()
        token = self.tokens.verify(text, now)
        proof = await self._prove(credentials.dpop, method, path, token.ath, token.jkt, now // MICROSECONDS)
        return ClientCaller(token.client_id, token.agency_id, token.scopes, token.jkt, proof.once)

    async def aclose(self) -> None:
        """Close what fetches key sets, and what verifies."""
        await self.key_sets.aclose()
        await self.verifier.aclose()

    async def _bearer(self, text: bytes) -> PersonCaller:
        token = await self.people.verify(text)
        if token.jkt is not None:
            raise TokenInvalid("the token is bound to a key: send it as DPoP, with a proof")
        return token.person

    async def _bound_person(self, method: str, path: str, text: bytes, dpop: bytes) -> PersonCaller:
        token = await self.people.verify(text)
        if token.jkt is None:
            raise TokenInvalid("the token is not bound to a key: send it as Bearer", scheme="Bearer")
        now = self.clock.now() // MICROSECONDS
        proof = await self._prove(dpop, method, path, access_token_hash(text), token.jkt, now)
        return replace(token.person, proof=proof.once)

    async def _prove(self, dpop: bytes, method: str, path: str, ath: str, jkt: str, now: int) -> Proof:
        proof = await self._proofs.checked(dpop, method, path, now, ath)
        if proof.jkt != jkt:
            raise TokenInvalid("the token is bound to another key than the one that signed the proof")
        if not self._seen.first(proof.once, now):
            raise ProofInvalid("the proof was used before")
        return proof

    def _is_a_persons(self, text: bytes) -> bool:
        try:
            issuer = read(text.decode("ascii")).claims.get("iss")
        except ValueError:
            return False
        return any(issuer == known.issuer for known in self.issuers)

    def _pseudonyms_of(self, issuer: str, subject: str) -> tuple[str, ...]:
        return tuple(digest for _, digest in self.pseudonyms.digest("token-subject", f"{issuer}\0{subject}"))
