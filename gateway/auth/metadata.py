"""What the gateway says about itself: RFC 8414 (authorisation server) and RFC 9728 (protected resource)."""

from typing import Any

from gateway.agencies.scopes import SCOPES
from gateway.auth.assertion import METHOD
from gateway.auth.errors import ALGORITHMS
from gateway.auth.token_endpoint import PATH

AUTHORIZATION_SERVER = "/.well-known/oauth-authorization-server"
PROTECTED_RESOURCE = "/.well-known/oauth-protected-resource"
JWKS = "/.well-known/jwks.json"


def authorization_server(base_url: str) -> dict[str, Any]:
    """RFC 8414, section 2, and RFC 9449, section 5.1. There is no authorisation endpoint, hence no response types."""
    return {
        "issuer": base_url,
        "token_endpoint": base_url + PATH,
        "jwks_uri": base_url + JWKS,
        "scopes_supported": sorted(SCOPES),
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials"],
        "token_endpoint_auth_methods_supported": [METHOD],
        "token_endpoint_auth_signing_alg_values_supported": ["ES256", "PS256", "Ed25519", "EdDSA"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
        "service_documentation": base_url + "/docs",
    }


def protected_resource(base_url: str) -> dict[str, Any]:
    """RFC 9728, section 2."""
    return {
        "resource": base_url,
        "authorization_servers": [base_url],
        "jwks_uri": base_url + JWKS,
        "scopes_supported": sorted(SCOPES),
        "bearer_methods_supported": ["header"],
        "dpop_signing_alg_values_supported": list(ALGORITHMS),
    }
