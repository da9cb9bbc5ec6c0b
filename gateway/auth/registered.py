"""A registered client as Authlib sees it, with the one key that its assertion names."""

import json
from dataclasses import dataclass

from authlib.oauth2.rfc6749 import ClientMixin

from gateway.agencies.keys import PublicKey
from gateway.agencies.repository import ClientRow
from gateway.auth.actor import Actor


@dataclass(frozen=True, slots=True)
class Registered(ClientMixin):  # type: ignore[misc]  # Authlib is untyped
    """Authenticates by `private_key_jwt`, is granted `client_credentials`; has no secret and no redirect."""

    client_id: str
    agency_id: str
    scopes: tuple[str, ...]
    key: PublicKey | None

    @classmethod
    def of(cls, row: ClientRow, key: PublicKey | None) -> "Registered":
        """From the stored row."""
        return cls(row.id, row.agency_id, tuple(json.loads(row.scopes)), key)

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
