"""`client add|update|key|suspend|reactivate|list|show`: an agency's systems, known by their public keys."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import DEFAULT_CONFIG, AsJson, Config
from gateway.cli.shown import card, moment, table, tell
from gateway.cli.storing import commit, read
from gateway.settings import ConfigurationError, load

if TYPE_CHECKING:
    from gateway.agencies.repository import ClientRow
    from gateway.db.connection import Connection

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The client's id.")]


@app.command("add")
def add_client(
    client_id: Name,
    agency_id: Annotated[str, typer.Option("--agency", help="The agency it belongs to.")],
    scope: Annotated[list[str], typer.Option(help="A scope that it may hold; may be repeated.")],
    name: Annotated[str, typer.Option(help="What it is.")] = "",
    jwks: Annotated[Path | None, typer.Option(help="A file with its public keys, a JWK set.")] = None,
    jwks_uri: Annotated[str | None, typer.Option(help="Where it publishes its public keys.")] = None,
    new_key: Annotated[
        Path | None, typer.Option(help="Make a key here (mode 0600) and register its public part.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Register a client by its public keys: exactly one of --jwks, --jwks-uri and --new-key."""
    from gateway.agencies.registration import AddClient
    from gateway.connector.errors import KeyUnusable
    from gateway.connector.keys import ClientKey

    if sum(one is not None for one in (jwks, jwks_uri, new_key)) != 1:
        raise ConfigurationError("give exactly one of --jwks, --jwks-uri and --new-key")
    keys: dict[str, Any] | None = None
    if new_key is not None:
        if new_key.exists():
            raise ConfigurationError(f"{new_key} is there already: a client's key is its own; name a new file")
        key = ClientKey.generate()
        try:
            key.save(new_key)  # first of all: a client whose key could not be kept would be of no use
        except KeyUnusable as error:
            raise ConfigurationError(str(error)) from None
        keys = key.public_jwks()
    elif jwks is not None:
        keys = _key_set(jwks)
    try:
        commit(load(config), AddClient(client_id, agency_id, name or client_id, tuple(scope), keys, jwks_uri))
    except BaseException:
        if new_key is not None:  # it is nobody's key
            new_key.unlink(missing_ok=True)
        raise
    print(f"registered the client {client_id}" + (f"; its key is in {new_key}" if new_key else ""))


@app.command("update")
def update_client(
    client_id: Name,
    jwks: Annotated[
        Path | None, typer.Option(help="A file with the keys that replace those it had, a JWK set.")
    ] = None,
    jwks_uri: Annotated[str | None, typer.Option(help="Where it publishes its public keys from now on.")] = None,
    scope: Annotated[
        list[str] | None, typer.Option(help="A scope that it may hold; may be repeated; they replace those it had.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What it is.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Change a client's keys, scopes or name; what is not given stays.

    A token that is out already lives on until it expires: suspend the client first where that must not be.
    """
    from gateway.agencies.registration import UpdateClient

    if jwks is not None and jwks_uri is not None:
        raise ConfigurationError("give either --jwks or --jwks-uri")
    if jwks is None and jwks_uri is None and not scope and name is None:
        raise ConfigurationError("give what is to change: --jwks, --jwks-uri, --scope or --name")
    keys = None if jwks is None else _key_set(jwks)
    commit(load(config), UpdateClient(client_id, name, tuple(scope) if scope else None, keys, jwks_uri))
    print(f"changed the client {client_id}")


def _key_set(file: Path) -> dict[str, Any]:
    """What the file holds; `public_keys` checks it. Raises `ConfigurationError` where it is no JSON."""
    try:
        keys = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ConfigurationError(f"{file} is not a readable JSON file") from None
    if not isinstance(keys, dict):
        raise ConfigurationError(f"{file} is no JWK set: an object with the member keys")
    return keys


@app.command("key")
def client_key(
    file: Annotated[Path, typer.Argument(help="The key's file, JWK or PEM; made (JWK, 0600) where it is not there.")],
) -> None:
    """Print the public half of a client's key, the JWK set that an operator registers; make the key if need be."""
    from gateway.connector.errors import KeyUnusable
    from gateway.connector.keys import load_or_generate

    there = file.exists()
    try:
        key = load_or_generate(file)
    except KeyUnusable as error:
        raise ConfigurationError(str(error)) from None
    if not there:  # a name that was mistyped would go unseen: what is printed looks like any other's
        print(f"made {file}: a new private key, for its owner alone; no file was there", file=sys.stderr)
    print(json.dumps(key.public_jwks(), indent=1))


@app.command("suspend")
def suspend_client(client_id: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Stop it from now on, whatever tokens it holds."""
    from gateway.agencies.standing import SuspendClient

    commit(load(config), SuspendClient(client_id))
    print(f"suspended the client {client_id}")


@app.command("reactivate")
def reactivate_client(client_id: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Let it act again."""
    from gateway.agencies.standing import ReactivateClient

    commit(load(config), ReactivateClient(client_id))
    print(f"reactivated the client {client_id}")


@app.command("list")
def listing(
    agency_id: Annotated[str | None, typer.Option("--agency", help="Those of one agency only.")] = None,
    as_json: AsJson = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Every client: its standing, its keys (thumbprints, RFC 7638, or where they are published), its scopes."""
    found = read(load(config), _every, agency_id)
    tell(found, as_json, lambda: table(("CLIENT", "STATUS", "KEYS", "SCOPES"), [_row(one) for one in found]))


@app.command()
def show(client_id: Name, as_json: AsJson = False, config: Config = DEFAULT_CONFIG) -> None:
    """All that is registered of one client."""
    found = read(load(config), _one, client_id)
    keys = [f"{key['thumbprint']}  {key['kty']}, kid {key['kid']}" for key in found["keys"]]
    tell(found, as_json, lambda: card({**found, "keys": keys}))


def _row(client: dict[str, Any]) -> tuple[Any, ...]:
    stopped = client["status"] == "active" != client["agencyStatus"]
    status = [client["status"], *(["its agency:", client["agencyStatus"]] if stopped else [])]
    keys = [key["thumbprint"] for key in client["keys"]] or client["jwksUri"]
    return client["id"], status, keys, client["scopes"]


def _every(connection: "Connection", agency_id: str | None) -> list[dict[str, Any]]:
    from gateway.agencies.repository import all_agencies, clients_of, the_agency

    agencies = all_agencies(connection) if agency_id is None else [the_agency(connection, agency_id)]
    return [_told(row, agency.status) for agency in agencies for row in clients_of(connection, agency.id)]


def _one(connection: "Connection", client_id: str) -> dict[str, Any]:
    from gateway.agencies.repository import the_agency, the_client

    row = the_client(connection, client_id)
    return _told(row, the_agency(connection, row.agency_id).status)


def _told(row: "ClientRow", agency_status: str) -> dict[str, Any]:
    from gateway.agencies.keys import public_keys

    keys = public_keys(row.jwks) if row.jwks else []
    return {
        "id": row.id,
        "agency": row.agency_id,
        "name": row.name,
        "status": row.status,
        "agencyStatus": agency_status,
        "scopes": json.loads(row.scopes),
        "keys": [{"thumbprint": key.thumbprint(), "kty": key.key_type, "kid": key.kid} for key in keys],
        "jwksUri": row.jwks_uri,
        "registeredAt": moment(row.created_at),
    }
