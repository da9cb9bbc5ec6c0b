"""Intents that register agencies and clients, and change what is registered. Each returns the row as it stands."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.agencies import repository
from gateway.agencies.entering import enter_agency, enter_client
from gateway.agencies.errors import AlreadyRegistered, KeysNotAllowed, RegistrationInvalid
from gateway.agencies.keys import acceptable_uri, public_keys
from gateway.agencies.repository import AgencyRow, ClientRow
from gateway.agencies.scopes import allowed
from gateway.agencies.tables import agency, client
from gateway.db.intent import AGENCY, CLIENT, Lock, Transaction

KINDS = ("public", "private", "charity")
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*")


@dataclass(frozen=True, slots=True)
class AddAgency:
    """Register an agency; it is active at once. `contact` is whom to ask for help: an address of a desk."""

    id: str
    name: str
    kind: str
    contact: str

    def __post_init__(self) -> None:
        _check_id(self.id)
        _check_agency(self.name, self.kind, self.contact)

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> AgencyRow:
        row = AgencyRow(self.id, self.name, self.kind, "active", self.contact, tx.now)
        if not repository.insert_agency(tx, row):
            raise AlreadyRegistered(f"the agency {self.id} is registered already")
        enter_agency(tx, row, "agency-registered")
        return row


@dataclass(frozen=True, slots=True)
class UpdateAgency:
    """Change an agency's name, kind or contact; what is None stays."""

    id: str
    name: str | None = None
    kind: str | None = None
    contact: str | None = None

    def locks(self) -> Sequence[Lock]:
        return (Lock(AGENCY, self.id, agency),)

    def apply(self, tx: Transaction) -> AgencyRow:
        row = repository.the_agency(tx, self.id)
        row = row._replace(
            name=row.name if self.name is None else self.name,
            kind=row.kind if self.kind is None else self.kind,
            contact=row.contact if self.contact is None else self.contact,
        )
        _check_agency(row.name, row.kind, row.contact)
        enter_agency(tx, row, "agency-changed")
        return repository.write_agency(tx, row)


@dataclass(frozen=True, slots=True)
class AddClient:
    """Register a client of an agency: its scopes, and its public keys inline (`jwks`) or by `jwks_uri`."""

    id: str
    agency_id: str
    name: str
    scopes: tuple[str, ...]
    jwks: Mapping[str, Any] | None = field(default=None, hash=False)
    jwks_uri: str | None = None

    def __post_init__(self) -> None:
        _check_id(self.id)
        _check_text("name", self.name)
        allowed(self.scopes)
        _keys(self.jwks, self.jwks_uri)

    def locks(self) -> Sequence[Lock]:
        return (Lock(AGENCY, self.agency_id, agency, share=True),)

    def apply(self, tx: Transaction) -> ClientRow:
        repository.the_agency(tx, self.agency_id)
        jwks, uri = _keys(self.jwks, self.jwks_uri)
        scopes = json.dumps(allowed(self.scopes))
        row = ClientRow(self.id, self.agency_id, self.name, "active", scopes, jwks, uri, tx.now)
        if not repository.insert_client(tx, row):
            raise AlreadyRegistered(f"the client {self.id} is registered already")
        enter_client(tx, row, "client-registered")
        return row


@dataclass(frozen=True, slots=True)
class UpdateClient:
    """Change a client's name, scopes or keys; what is None stays. A key set replaces the one before it.

    Scopes of a token that is out already hold until it expires; to stop a client at once, suspend it.
    """

    id: str
    name: str | None = None
    scopes: tuple[str, ...] | None = None
    jwks: Mapping[str, Any] | None = field(default=None, hash=False)
    jwks_uri: str | None = None

    def locks(self) -> Sequence[Lock]:
        return (Lock(CLIENT, self.id, client),)

    def apply(self, tx: Transaction) -> ClientRow:
        row = repository.the_client(tx, self.id)
        if self.name is not None:
            _check_text("name", self.name)
            row = row._replace(name=self.name)
        if self.scopes is not None:
            row = row._replace(scopes=json.dumps(allowed(self.scopes)))
        if self.jwks is not None or self.jwks_uri is not None:
            jwks, uri = _keys(self.jwks, self.jwks_uri)
            row = row._replace(jwks=jwks, jwks_uri=uri)
        enter_client(tx, row, "client-changed")
        return repository.write_client(tx, row)


def _keys(jwks: Mapping[str, Any] | None, uri: str | None) -> tuple[str, str | None]:
    """The two columns: exactly one of them says where the keys are."""
    if (jwks is None) == (uri is None):
        raise KeysNotAllowed("give either the key set or a jwks_uri")
    if uri is not None:
        return "", acceptable_uri(uri)
    assert jwks is not None
    keys = public_keys(jwks)
    if not keys:
        raise KeysNotAllowed("there is no signing key in the set")
    return json.dumps(
        {"keys": [{**key.as_dict(private=False), "kid": key.kid or key.thumbprint()} for key in keys]}
    ), None


def _check_id(value: str) -> None:
    if len(value) > 100 or _SLUG.fullmatch(value) is None:
        raise RegistrationInvalid("an id is 1 to 100 of a-z, 0-9, '-' and '.', such as sandbox.licensing")


def _check_agency(name: str, kind: str, contact: str) -> None:
    _check_text("name", name)
    _check_text("contact", contact)
    if kind not in KINDS:
        raise RegistrationInvalid(f"the kind of an agency is one of: {', '.join(KINDS)}")


def _check_text(what: str, value: str) -> None:
    if not 0 < len(value.strip()) <= 200 or not value.isprintable():
        raise RegistrationInvalid(f"the {what} is 1 to 200 printable characters")
