"""The authorisation server: Authlib's core without a framework, made for one token request.

Client and key were read before, since Authlib's core is synchronous; what it decides is committed after.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import (
    AuthorizationServer,
    ClientCredentialsGrant,
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Request,
    UnsupportedGrantTypeError,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload

from gateway.agencies.scopes import SCOPES
from gateway.auth.assertion import METHOD, PrivateKeyJwt
from gateway.auth.dpop import Proof
from gateway.auth.registered import Registered
from gateway.auth.tokens import TOKEN_SECONDS, AccessTokens

CheckProof = Callable[[], Proof]
_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the endpoint sends: status, headers, and the members of the JSON body."""

    status: int
    body: Mapping[str, Any]
    headers: Mapping[str, str]


class TokenRequest(OAuth2Request):  # type: ignore[misc]  # Authlib is untyped
    """A parsed token request. `check_proof` checks the DPoP proof that came with it; `proof` is the one that held."""

    def __init__(self, uri: str, form: dict[str, str], check_proof: CheckProof) -> None:
        super().__init__("POST", uri)
        self.payload = BasicOAuth2Payload(form)
        self.check_proof = check_proof
        self.proof: Proof | None = None

    @property
    def form(self) -> dict[str, str]:
        """Where Authlib's client authentication looks."""
        form: dict[str, str] = self.payload.data
        return form


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]  # Authlib is untyped
    """RFC 6749, section 4.4, with `private_key_jwt` and a DPoP proof or not at all."""

    TOKEN_ENDPOINT_AUTH_METHODS = (METHOD,)

    def validate_token_request(self) -> None:
        """Client, scopes, resource, and last the proof, which this uses up."""
        super().validate_token_request()
        form = self.request.form
        if form.get("client_id", self.client.client_id) != self.client.client_id:
            raise InvalidRequestError("client_id is not the client of the assertion")
        wanted = form.get("scope", "").split()
        if not set(wanted) <= set(self.client.scopes):
            raise InvalidScopeError("the client does not hold a scope that it asks for")
        if form.get("resource", self.server.issuer) != self.server.issuer:
            raise OAuth2Error(error="invalid_target", description="the only resource is the issuer itself")
        self.request.proof = self.request.check_proof()


class TokenServer(AuthorizationServer):  # type: ignore[misc]  # Authlib is untyped
    """Decides one request of one client; `client` is None where nobody of that id is registered."""

    def __init__(self, tokens: AccessTokens, client: Registered | None, method: PrivateKeyJwt | None) -> None:
        super().__init__(scopes_supported=sorted(SCOPES))
        self.issuer = tokens.base_url
        self._tokens = tokens
        self._client = client
        self._request: TokenRequest | None = None
        self.register_grant(ClientCredentials)
        self.register_token_generator("default", self._token)
        self.register_client_auth_method(METHOD, method or _nobody)

    def query_client(self, client_id: str) -> Registered | None:
        return self._client if self._client is not None and self._client.client_id == client_id else None

    def create_oauth2_request(self, request: TokenRequest) -> TokenRequest:
        self._request = request
        return request

    def get_token_grant(self, request: TokenRequest) -> ClientCredentials:
        """Authlib's own refusal would repeat the caller's text; this one does not."""
        if request.payload.grant_type is None:
            raise UnsupportedGrant(error="invalid_request", description="grant_type is missing")
        try:
            grant: ClientCredentials = super().get_token_grant(request)
        except UnsupportedGrantTypeError:
            raise UnsupportedGrant(description="the only grant_type is client_credentials") from None
        return grant

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def save_token(self, token: Mapping[str, Any], request: TokenRequest) -> None:
        """Tokens are not kept: they say all of themselves."""

    def handle_response(self, status: int, body: Mapping[str, Any], headers: object) -> Answer:
        return answer(status, body, self.issuer)

    def _token(self, *, client: Registered, scope: str | None, **_: object) -> dict[str, Any]:
        assert self._request is not None
        assert self._request.proof is not None
        scopes = tuple(sorted(set((scope or "").split()))) or client.scopes
        text = self._tokens.issue(client.client_id, client.agency_id, scopes, self._request.proof.jkt)
        return {
            "access_token": text,
            "token_type": "DPoP",
            "expires_in": TOKEN_SECONDS,
            "scope": " ".join(scopes),
        }


class UnsupportedGrant(UnsupportedGrantTypeError):  # type: ignore[misc]  # Authlib is untyped
    """The refusal of a grant type, without what was sent."""

    def __init__(self, *, description: str, error: str = "unsupported_grant_type") -> None:
        OAuth2Error.__init__(self, description=description, error=error)

    def get_error_description(self) -> str:
        description: str = self.description
        return description


def answer(status: int, body: Mapping[str, Any], issuer: str) -> Answer:
    """Never cached. A client that is not authenticated gets 401 and the one method that is taken."""
    headers = dict(_HEADERS)
    if body.get("error") == "invalid_client":
        status = 401
        headers["WWW-Authenticate"] = f'{METHOD} realm="{issuer}"'
    return Answer(status, body, headers)


def _nobody(query_client: object, request: TokenRequest) -> None:
    """Without an assertion nobody is authenticated."""
