"""The endpoints of OAuth, which answer as RFC 6749 says and never as problem+json."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gateway.auth import metadata
from gateway.auth.caller import Credentials
from gateway.auth.errors import NoCredentials
from gateway.auth.form import LARGEST
from gateway.auth.service import Auth
from gateway.auth.token_endpoint import PATH
from gateway.errors import Unavailable
from gateway.web.declared import answer

_FORM = {
    "type": "object",
    "required": ["grant_type", "client_assertion_type", "client_assertion"],
    "properties": {
        "grant_type": {"const": "client_credentials"},
        "client_assertion_type": {"const": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
        "client_assertion": {"type": "string", "description": "a JWT of RFC 7523, by a registered key"},
        "client_id": {"type": "string"},
        "scope": {"type": "string", "description": "separated by spaces; all that the client holds where absent"},
        "resource": {"type": "string"},
    },
}
_DPOP = {"name": "DPoP", "in": "header", "required": True, "schema": {"type": "string"}, "description": "RFC 9449"}
_BODY = {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": _FORM}}}
_GRANTED = {
    "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFUzI1NiJ9.eyJzY29wZSI6ImV4Y2hhbmdlczp3cml0ZSJ9.c2lnbmF0dXJl",
    "token_type": "DPoP",
    "expires_in": 300,
    "scope": "exchanges:write",
}
_KEY = {
    "kty": "EC",
    "crv": "P-256",
    "use": "sig",
    "alg": "ES256",
    "kid": "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U",
    "purpose": "receipt",
    "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}
_REFUSED = {"error": "invalid_client", "error_description": "the assertion was used before"}
_INVALID = {"error": "invalid_request", "error_description": "grant_type is missing"}
_ERRORS = (
    answer(400, "What RFC 6749, section 5.2, and RFC 9449, section 5, call an error", invalid_request=_INVALID)
    | answer(401, "The client is not authenticated", invalid_client=_REFUSED)
    | answer(503, "The gateway cannot do it now", unavailable={"error": "temporarily_unavailable"})
)
_KEPT = {"Cache-Control": "public, max-age=300"}


def router(auth: Auth) -> APIRouter:
    """Token endpoint, both metadata documents and the JWKS."""
    routes = APIRouter(tags=["oauth"])

    @routes.post(
        PATH,
        summary="Get an access token",
        openapi_extra={"requestBody": _BODY, "parameters": [_DPOP]},
        responses=answer(200, "The token: send it as `Authorization: DPoP …`", granted=_GRANTED) | _ERRORS,
    )
    async def token(request: Request) -> JSONResponse:
        """Client credentials by `private_key_jwt`, with a DPoP proof; the token is bound to the proof's key."""
        try:
            credentials = Credentials.of(request.scope["headers"])
        except NoCredentials as error:
            return _error(400, "invalid_request", error.detail)
        kinds = request.headers.getlist("content-type")
        packed = any(one.lower() != "identity" for one in request.headers.getlist("content-encoding"))
        if len(kinds) > 1 or packed:
            return _error(400, "invalid_request", "send one Content-Type, and no Content-Encoding")
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST:
                return _error(400, "invalid_request", "the body is too large")
        try:
            answer = await auth.endpoint.grant("".join(kinds), request.url.query, body, credentials)
        except Unavailable as error:
            return _error(error.status, "temporarily_unavailable", error.title, error.headers)
        return JSONResponse(answer.body, answer.status, answer.headers)

    @routes.get(
        metadata.AUTHORIZATION_SERVER,
        responses=answer(200, "The metadata", example=metadata.authorization_server("http://127.0.0.1:8400")),
        summary="Metadata of the authorisation server (RFC 8414)",
    )
    async def authorization_server() -> JSONResponse:
        """Where tokens are got, by which methods and algorithms, and which scopes there are."""
        return JSONResponse(metadata.authorization_server(auth.base_url), headers=_KEPT)

    @routes.get(
        metadata.PROTECTED_RESOURCE,
        responses=answer(200, "The metadata", example=metadata.protected_resource("http://127.0.0.1:8400")),
        summary="Metadata of the protected resource (RFC 9728)",
    )
    async def protected_resource() -> JSONResponse:
        """Which authorisation server this API trusts, and how tokens are sent."""
        return JSONResponse(metadata.protected_resource(auth.base_url), headers=_KEPT)

    @routes.get(
        metadata.JWKS,
        responses=answer(200, "The keys, those of receipts among them", example={"keys": [_KEY]}),
        summary="The gateway's public keys (RFC 7517)",
    )
    async def jwks() -> JSONResponse:
        """With these anybody checks tokens and receipts; new ones are here before anything is signed by them.

        `purpose` says what a key may sign: `token`, `receipt` or `checkpoint`. Where one follows another, `handOver`
        is the older one's signed word that it does (docs/ledger.md)."""
        return JSONResponse(auth.keys.jwks(), headers=_KEPT, media_type="application/jwk-set+json")

    return routes


def _error(status: int, code: str, description: str | None, headers: dict[str, str] | None = None) -> JSONResponse:
    body: dict[str, Any] = {"error": code}
    if description:
        body["error_description"] = description
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})})
