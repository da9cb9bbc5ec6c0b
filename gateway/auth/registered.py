"""A client as Authlib sees it, with the one key that its assertion must be signed by.

Where there is no such client, or none of its keys is the one named, that key is a decoy, whose private half nobody
has: what is then checked, answered and waited for is the same as for a wrong signature, so that the endpoint does not
tell a stranger who is registered.
"""

import json
from dataclasses import dataclass
from functools import cache

from authlib.oauth2.rfc6749 import ClientMixin
from joserfc.jwk import ECKey, OKPKey, RSAKey

from gateway.agencies.keys import PublicKey
from gateway.agencies.repository import ClientRow
from gateway.auth.actor import Actor


@dataclass(frozen=True, slots=True)
class Registered(ClientMixin):  # type: ignore[misc]  # Authlib is untyped
    """Authenticates by `private_key_jwt`, is granted `client_credentials`; has no secret and no redirect."""

    client_id: str
    agency_id: str
    scopes: tuple[str, ...]
    key: PublicKey

    @classmethod
    def of(cls, row: ClientRow, key: PublicKey) -> "Registered":
        """From the stored row."""
        return cls(row.id, row.agency_id, tuple(json.loads(row.scopes)), key)

    @classmethod
    def nobody(cls, client_id: str, algorithm: object) -> "Registered":
        """Stands for a client that is not registered."""
        return cls(client_id, "", (), decoy(algorithm))

    @property
    def actor(self) -> Actor:
        """As intents hold it."""
        return Actor(self.client_id, self.agency_id)

    def get_client_id(self) -> str:
        return self.client_id

    def get_allowed_scope(self, scope: str) -> str:
        return " ".join(name for name in scope.split() if name in self.scopes)

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == "private_key_jwt" and endpoint == "token"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "client_credentials"

    def check_client_secret(self, client_secret: str) -> bool:
        """There are no secrets."""
        return False


def decoy(algorithm: object) -> PublicKey:
    """A key that nothing is signed by, of the kind that verifies this algorithm."""
    return _decoy({"PS256": "RSA", "EdDSA": "OKP", "Ed25519": "OKP"}.get(str(algorithm), "EC"))


@cache
def _decoy(kind: str) -> PublicKey:
    made: PublicKey
    if kind == "RSA":
        made = RSAKey.generate_key(2048, private=True)
    elif kind == "OKP":
        made = OKPKey.generate_key("Ed25519", private=True)
    else:
        made = ECKey.generate_key("P-256", private=True)
    return type(made).import_key(made.as_dict(private=False))
