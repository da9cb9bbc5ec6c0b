"""POST /oauth/token: read the client, let Authlib's core decide, then use up assertion and proof in one commit."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidClientError, InvalidRequestError
from authlib.oauth2.rfc7523.client import ASSERTION_TYPE

from gateway.agencies.repository import find_client
from gateway.auth import assertion as assertions
from gateway.auth import compact
from gateway.auth.actor import Actor
from gateway.auth.caller import Credentials
from gateway.auth.dpop import Proof, ProofReader
from gateway.auth.errors import ProofInvalid
from gateway.auth.form import parse_form
from gateway.auth.keysets import KeySets, KeysUnavailable
from gateway.auth.once import Assertions, Proofs
from gateway.auth.registered import Registered, decoy
from gateway.auth.seen import SeenProofs
from gateway.auth.server import Answer, TokenRequest, TokenServer, answer
from gateway.auth.tokens import AccessTokens
from gateway.clock import MICROSECONDS, Clock
from gateway.db.intent import Lock, Transaction
from gateway.db.store import Store
from gateway.telemetry.log import logger

PATH = "/oauth/token"


class Admission(Enum):
    """How the commit of a token request ended."""

    ADMITTED = ""
    SUSPENDED = "the client or its agency is suspended"
    ASSERTION_REPLAYED = "the jti of the assertion was used before"
    PROOF_REPLAYED = "the jti of the DPoP proof was used before"


@dataclass(frozen=True, slots=True)
class AdmitTokenRequest:
    """Use up an assertion and a proof, if client and agency may act."""

    by: Actor
    assertion: bytes
    proof: bytes

    def locks(self) -> Sequence[Lock]:
        return self.by.locks()

    def apply(self, tx: Transaction) -> Admission:
        if not self.by.is_active(tx):
            return Admission.SUSPENDED
        if not tx.batch(Assertions).claim(tx, self.assertion):
            return Admission.ASSERTION_REPLAYED
        if not tx.batch(Proofs).claim(tx, self.proof):
            return Admission.PROOF_REPLAYED
        return Admission.ADMITTED


@dataclass(frozen=True, slots=True)
class TokenEndpoint:
    """The verb of the endpoint."""

    store: Store
    clock: Clock
    tokens: AccessTokens
    key_sets: KeySets
    proofs: ProofReader
    seen: SeenProofs

    async def grant(self, content_type: str, query: str, body: bytes, credentials: Credentials) -> Answer:
        """A token, or an error of RFC 6749, section 5.2. Raises `Unavailable` where nothing can be committed."""
        issuer = self.tokens.base_url
        try:
            form = parse_form(content_type, query, body)
            if credentials.authorization or "client_secret" in form:
                raise InvalidClientError(description="the only way to authenticate a client is private_key_jwt")
            assertion = _assertion(form)
            registered = None if assertion is None else await self._registered(assertion)
        except OAuth2Error as error:
            status, members, _ = error()
            return answer(status, members, issuer)

        now = self.clock.now() // MICROSECONDS
        request = TokenRequest(issuer + PATH, form, lambda: self._check_proof(credentials.dpop, now))
        method = None if assertion is None else assertions.PrivateKeyJwt(issuer, assertion, now)
        decided: Answer = TokenServer(self.tokens, registered, method).create_token_response(request)
        if decided.status != 200:
            return decided
        assert assertion is not None
        assert registered is not None
        assert request.proof is not None
        admission = await self.store.commit(
            AdmitTokenRequest(registered.actor, assertions.once(assertion), request.proof.once)
        )
        if admission is Admission.ADMITTED:
            return decided
        code = "invalid_dpop_proof" if admission is Admission.PROOF_REPLAYED else "invalid_client"
        return answer(400, {"error": code, "error_description": admission.value}, issuer)

    async def _registered(self, assertion: compact.Unverified) -> Registered | None:
        """Who the assertion says that it is of; None where it says nothing that could be a client's id."""
        client_id, header = assertion.claims.get("sub"), assertion.header
        if not isinstance(client_id, str):
            return None
        unstorable = "\0" in client_id  # PostgreSQL cannot look U+0000 up
        row = None if unstorable else await self.store.read(find_client, client_id)
        algorithm = header.get("alg")
        if row is None:
            return Registered.nobody(client_id, algorithm)
        try:
            key = await self.key_sets.find(row.jwks, row.jwks_uri, header.get("kid"), algorithm)
        except KeysUnavailable:  # the operator is told, the caller not: it would say who is registered
            logger("auth").warning("key set unavailable", client=row.id)
            key = None
        return Registered.of(row, key or decoy(algorithm))

    def _check_proof(self, dpop: bytes, now: int) -> Proof:
        try:
            proof = self.proofs.check(dpop, "POST", PATH, now, None)
            if not self.seen.first(proof.once, now):
                raise ProofInvalid(Admission.PROOF_REPLAYED.value)
        except ProofInvalid as error:
            raise OAuth2Error(error="invalid_dpop_proof", description=error.detail) from None
        return proof


def _assertion(form: dict[str, str]) -> compact.Unverified | None:
    text, kind = form.get("client_assertion"), form.get("client_assertion_type")
    if text is None and kind is None:
        return None
    if text is None or kind != ASSERTION_TYPE:
        raise InvalidRequestError(
            f"client_assertion and client_assertion_type go together; the type is {ASSERTION_TYPE}"
        )
    try:
        return compact.read(text)
    except compact.Unreadable as error:
        raise InvalidClientError(description=str(error)) from None
