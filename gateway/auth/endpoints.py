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
_KEPT = {"Cache-Control": "public, max-age=300"}


def router(auth: Auth) -> APIRouter:
    """Token endpoint, both metadata documents and the JWKS."""
    routes = APIRouter(tags=["oauth"])

    @routes.post(
        PATH,
        summary="Get an access token",
        openapi_extra={"requestBody": _BODY, "parameters": [_DPOP]},
        responses={400: {"description": "RFC 6749, section 5.2"}, 401: {"description": "invalid_client"}},
    )
    async def token(request: Request) -> JSONResponse:
        """Client credentials by `private_key_jwt`, with a DPoP proof; the token is bound to the proof's key."""
        try:
            credentials = Credentials.of(request.scope["headers"])
        except NoCredentials as error:
            return _error(400, "invalid_request", error.detail)
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > LARGEST:
                return _error(400, "invalid_request", "the body is too large")
        try:
            answer = await auth.endpoint.grant(
                request.headers.get("content-type", ""), request.url.query, body, credentials
            )
        except Unavailable as error:
            return _error(error.status, "temporarily_unavailable", error.title, error.headers)
        return JSONResponse(answer.body, answer.status, answer.headers)

    @routes.get(metadata.AUTHORIZATION_SERVER, summary="Metadata of the authorisation server (RFC 8414)")
    async def authorization_server() -> JSONResponse:
        return JSONResponse(metadata.authorization_server(auth.base_url), headers=_KEPT)

    @routes.get(metadata.PROTECTED_RESOURCE, summary="Metadata of the protected resource (RFC 9728)")
    async def protected_resource() -> JSONResponse:
        return JSONResponse(metadata.protected_resource(auth.base_url), headers=_KEPT)

    @routes.get(metadata.JWKS, summary="The gateway's public keys (RFC 7517)")
    async def jwks() -> JSONResponse:
        return JSONResponse(auth.keys.jwks(), headers=_KEPT, media_type="application/jwk-set+json")

    return routes


def _error(status: int, code: str, description: str | None, headers: dict[str, str] | None = None) -> JSONResponse:
    body: dict[str, Any] = {"error": code}
    if description:
        body["error_description"] = description
    return JSONResponse(body, status, {"Cache-Control": "no-store", **(headers or {})})
