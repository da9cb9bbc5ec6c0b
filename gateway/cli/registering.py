"""`agency|client|dataset add`, and their standing: what an operator registers."""

import asyncio
import json
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config
from gateway.settings import ConfigurationError, Settings, load

if TYPE_CHECKING:
    from gateway.catalogue.registration import AddDataset
    from gateway.db.intent import Intent

agency = typer.Typer(no_args_is_help=True)
client = typer.Typer(no_args_is_help=True)
dataset = typer.Typer(no_args_is_help=True)
GROUPS = (
    ("agency", agency, "Register agencies; change, suspend and reactivate them."),
    ("client", client, "Register an agency's clients by their public keys; change, suspend and reactivate them."),
    ("dataset", dataset, "Register what an agency offers; withdraw it and offer it again."),
)
Name = Annotated[str, typer.Argument(help="The id.")]


@agency.command("add")
def add_agency(
    agency_id: Name,
    name: Annotated[str, typer.Option(help="Its full name.")],
    contact: Annotated[str, typer.Option(help="Whom to ask for help: the address of a desk.")],
    kind: Annotated[str, typer.Option(help="public, private or charity.")] = "public",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Register an agency, active at once."""
    from gateway.agencies.registration import AddAgency

    _commit(config, AddAgency(agency_id, name, kind, contact))
    print(f"registered the agency {agency_id}")


@agency.command("update")
def update_agency(
    agency_id: Name,
    name: Annotated[str | None, typer.Option(help="Its full name from now on.")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to ask for help from now on.")] = None,
    kind: Annotated[str | None, typer.Option(help="public, private or charity.")] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Change what is registered of an agency; what is not given stays."""
    from gateway.agencies.registration import UpdateAgency

    if name is None and contact is None and kind is None:
        raise ConfigurationError("give what is to change: --name, --contact or --kind")
    _commit(config, UpdateAgency(agency_id, name, kind, contact))
    print(f"changed the agency {agency_id}")


@agency.command("suspend")
def suspend_agency(agency_id: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Stop all its clients, and exchanges of its datasets, from now on."""
    from gateway.agencies.standing import SuspendAgency

    _commit(config, SuspendAgency(agency_id))
    print(f"suspended the agency {agency_id}")


@agency.command("reactivate")
def reactivate_agency(agency_id: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Let it act again."""
    from gateway.agencies.standing import ReactivateAgency

    _commit(config, ReactivateAgency(agency_id))
    print(f"reactivated the agency {agency_id}")


@client.command("add")
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
        _commit(config, AddClient(client_id, agency_id, name or client_id, tuple(scope), keys, jwks_uri))
    except BaseException:
        if new_key is not None:  # it is nobody's key
            new_key.unlink(missing_ok=True)
        raise
    print(f"registered the client {client_id}" + (f"; its key is in {new_key}" if new_key else ""))


@client.command("update")
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
    _commit(config, UpdateClient(client_id, name, tuple(scope) if scope else None, keys, jwks_uri))
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


@client.command("key")
def client_key(
    file: Annotated[Path, typer.Argument(help="The key's file, JWK or PEM; made (JWK, 0600) where it is not there.")],
) -> None:
    """Print the public half of a client's key, the JWK set that an operator registers; make the key if need be."""
    from gateway.connector.errors import KeyUnusable
    from gateway.connector.keys import load_or_generate

    try:
        key = load_or_generate(file)
    except KeyUnusable as error:
        raise ConfigurationError(str(error)) from None
    print(json.dumps(key.public_jwks(), indent=1))


@client.command("suspend")
def suspend_client(client_id: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Stop it from now on, whatever tokens it holds."""
    from gateway.agencies.standing import SuspendClient

    _commit(config, SuspendClient(client_id))
    print(f"suspended the client {client_id}")


@client.command("reactivate")
def reactivate_client(client_id: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Let it act again."""
    from gateway.agencies.standing import ReactivateClient

    _commit(config, ReactivateClient(client_id))
    print(f"reactivated the client {client_id}")


@dataset.command("add")
def add_dataset(
    dataset_id: Name,
    record_type: Annotated[str, typer.Option(help="Its record type, such as driving-licence/v1.")],
    adapter: Annotated[str, typer.Option(help="The adapter's name in the configuration.")],
    identifier: Annotated[list[str], typer.Option(help="A scheme that it takes; may be repeated.")],
    title: Annotated[str, typer.Option(help="What it is, in a few words.")],
    description: Annotated[str, typer.Option(help="What it is, in a sentence.")] = "",
    confirm: Annotated[list[str] | None, typer.Option(help="What must confirm the person; may be repeated.")] = None,
    freshness: Annotated[str, typer.Option(help="live, nightly, …")] = "live",
    contact: Annotated[str, typer.Option(help="Whom to ask for help.")] = "",
    show_to_subject: Annotated[bool, typer.Option(help="Whether people may see their own record here.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Register a dataset: agency/name/version."""
    from gateway.catalogue.registration import AddDataset

    settings = load(config)
    if adapter not in settings.adapters:
        known = ", ".join(settings.adapters) or "none"
        raise ConfigurationError(f"{config}: the configuration names no adapter {adapter!r}; it names {known}")
    intent = AddDataset(
        dataset_id,
        record_type,
        adapter,
        title,
        description or title,
        tuple(identifier),
        tuple(confirm or ()),
        show_to_subject=show_to_subject,
        freshness=freshness,
        contact=contact,
    )
    left_out = _held_to_its_adapter(settings, intent)
    _run(settings, intent)
    print(f"registered the dataset {dataset_id}")
    if left_out:
        print(f"    its adapter gives no {', '.join(left_out)}")


@dataset.command("set")
def set_dataset(
    dataset_id: Name,
    status: Annotated[str, typer.Argument(help="offered or withdrawn.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Withdraw a dataset, or offer it again."""
    from gateway.catalogue.registration import SetDatasetStatus

    if status not in ("offered", "withdrawn"):
        raise ConfigurationError("the status is offered or withdrawn")
    wanted: Literal["offered", "withdrawn"] = "offered" if status == "offered" else "withdrawn"
    _commit(config, SetDatasetStatus(dataset_id, wanted))
    print(f"the dataset {dataset_id} is {status}")


def _held_to_its_adapter(settings: Settings, dataset: "AddDataset") -> list[str]:
    """The fields that its adapter does not give, as far as its settings tell.

    Raises `ConfigurationError` where the settings are wrong, or say that the adapter cannot serve the dataset.
    """
    from adapters.errors import Misconfigured
    from adapters.offers import mismatches, not_given
    from adapters.registry import offer_of

    one = settings.adapters[dataset.adapter]
    try:
        offer = offer_of(one.kind, one.settings)
    except Misconfigured as error:
        raise ConfigurationError(f"adapters.{dataset.adapter}: {error}") from None
    if offer is None:
        return []
    faults = mismatches(offer, dataset.record_type, dataset.identifiers, dataset.confirm)
    if faults:
        raise ConfigurationError("\n".join(f"the adapter {dataset.adapter}: {fault}" for fault in faults))
    return not_given(offer, dataset.record_type)


def _commit(config: Path, intent: "Intent[Any]") -> None:
    _run(load(config), intent)


def _run(settings: Settings, intent: "Intent[Any]") -> None:
    from gateway.clock import SystemClock
    from gateway.db.open import open_store
    from gateway.errors import Unavailable

    async def run() -> None:
        store = open_store(settings.database, SystemClock(), busy_timeout=settings.busy_timeout)
        try:
            await store.commit(intent)
        finally:
            await store.aclose()

    work: Coroutine[Any, Any, None] = run()
    try:
        asyncio.run(work)
    except Unavailable:
        from gateway.db.migrating import check

        check(settings.database)
        raise
