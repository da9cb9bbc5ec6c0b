"""Who a request's caller is: an agency's client, or a person."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.auth.actor import Actor
from gateway.auth.errors import NoCredentials


@dataclass(frozen=True, slots=True)
class ClientCaller:
    """An agency's client. `proof` is what this request may use once (see `gateway.auth.once`)."""

    client_id: str
    agency_id: str
    scopes: frozenset[str]
    jkt: str
    proof: bytes

    @property
    def id(self) -> str:
        """One name for the caller, of either kind: what idempotency keys and rates count by."""
        return f"client:{self.client_id}"

    @property
    def actor(self) -> Actor:
        """As intents hold it."""
        return Actor(self.client_id, self.agency_id)


@dataclass(frozen=True, slots=True)
class PersonCaller:
    """A person, by a trusted issuer's token. `identifiers` are normalised, by scheme; never log or show them.

    `subject_hashes`: the account's pseudonyms under all live keys, as of now, the current one first.
    """

    issuer: str
    subject_hashes: tuple[str, ...]
    acr: str
    identifiers: Mapping[str, str] = field(repr=False)
    proof: bytes | None = None

    @property
    def id(self) -> str:
        """One name for the caller, of either kind; a pseudonym."""
        return self.ids[0]

    @property
    def ids(self) -> tuple[str, ...]:
        """All names that rows may know this caller by: a key of pseudonyms may have been rotated meanwhile."""
        return tuple(f"person:{one}" for one in self.subject_hashes)


Caller = ClientCaller | PersonCaller


@dataclass(frozen=True, slots=True)
class Credentials:
    """The two header fields that a caller proves itself by, as they came."""

    authorization: bytes
    dpop: bytes

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> "Credentials":
        """From the headers of an ASGI scope. A field that is sent twice, be it empty, is refused (RFC 9449, section
        4.3)."""
        authorization = dpop = None
        for name, value in headers:
            if name == b"authorization":
                if authorization is not None:
                    raise NoCredentials("send one Authorization header")
                authorization = value
            elif name == b"dpop":
                if dpop is not None:
                    raise NoCredentials("send one DPoP header")
                dpop = value
        return cls(authorization or b"", dpop or b"")
