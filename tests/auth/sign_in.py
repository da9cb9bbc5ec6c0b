"""A trusted issuer of persons' tokens whose key the tests hold."""

import json
from typing import Any

from gateway.auth.people import PersonIssuer
from gateway.connector.keys import ClientKey

ISSUER = "https://sign-in.example"
KEY = ClientKey.generate()


def trusted(**changes: Any) -> PersonIssuer:
    settings: dict[str, Any] = {
        "issuer": ISSUER,
        "audiences": frozenset({"threekeys"}),
        "acr_values": frozenset({"P2"}),
        "identifier_claims": {"nino": "nino", "nhs-number": "nhs_number"},
        "jwks": json.dumps(KEY.public_jwks()),
    }
    return PersonIssuer(**{**settings, **changes})
