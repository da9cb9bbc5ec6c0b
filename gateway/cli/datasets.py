"""`dataset add|update|set|try|list|show`: what agencies offer, held to what its adapter can serve."""

import sys
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gateway.cli.options import DEFAULT_CONFIG, AsJson, Config
from gateway.cli.shown import card, moment, table, tell
from gateway.cli.storing import commit, read
from gateway.cli.trying import try_dataset
from gateway.settings import ConfigurationError, Settings, load

if TYPE_CHECKING:
    from collections.abc import Collection

    from gateway.catalogue.repository import DatasetRow
    from gateway.db.connection import Connection

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The dataset's id: agency/name/version.")]


@app.command("add")
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
    """Register a dataset: agency/name/version. A line warns where its source does not answer."""
    from gateway.catalogue.registration import AddDataset

    settings = load(config)
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
    left_out = _held_to_its_adapter(settings, adapter, record_type, identifier, confirm or ())
    commit(settings, intent)
    print(f"registered the dataset {dataset_id}")
    _tell_of(settings, adapter, left_out)


def _tell_of(settings: Settings, adapter: str, left_out: list[str]) -> None:
    """What its exchanges will lack, and what stands in their way now: the source may come up later than this."""
    from gateway.cli.probing import told

    if left_out:
        print(f"    its adapter gives no {', '.join(left_out)}")
    in_the_way = told(adapter, settings.adapters[adapter])
    if in_the_way:
        print(f"threekeys: warning: {in_the_way}", file=sys.stderr)


@app.command("update")
def update_dataset(
    dataset_id: Name,
    title: Annotated[str | None, typer.Option(help="What it is from now on, in a few words.")] = None,
    description: Annotated[str | None, typer.Option(help="What it is from now on, in a sentence.")] = None,
    identifier: Annotated[
        list[str] | None, typer.Option(help="A scheme that it takes; may be repeated; they replace those it took.")
    ] = None,
    freshness: Annotated[str | None, typer.Option(help="live, nightly, …")] = None,
    contact: Annotated[str | None, typer.Option(help="Whom to ask for help from now on.")] = None,
    adapter: Annotated[
        str | None, typer.Option(help="Another adapter of the configuration, through which it is asked from now on.")
    ] = None,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Change what is said of a dataset, by which identifiers it is asked or through which adapter; the rest stays.

    Agreements and consents that are in force stay: they are about its fields, and say nothing of identifiers. Its
    record type and what confirms a person cannot be changed: register a new version.
    """
    from gateway.catalogue import repository
    from gateway.catalogue.registration import UpdateDataset, changed

    if title is description is freshness is contact is adapter is None and not identifier:
        raise ConfigurationError(
            "give what is to change: --title, --description, --identifier, --freshness, --contact or --adapter"
        )
    settings = load(config)
    identifiers = tuple(identifier) if identifier else None
    intent = UpdateDataset(dataset_id, title, description, identifiers, freshness, contact, adapter)
    row = changed(read(settings, repository.the, dataset_id), intent)
    left_out: list[str] = []
    if identifiers or adapter is not None:
        schemes = row.identifier_schemes
        left_out = _held_to_its_adapter(settings, row.adapter, row.record_type, schemes, row.confirmations)
    commit(settings, intent)
    print(f"changed the dataset {dataset_id}")
    if adapter is not None:
        _tell_of(settings, adapter, left_out)


@app.command("set")
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
    commit(load(config), SetDatasetStatus(dataset_id, wanted))
    print(f"the dataset {dataset_id} is {status}")


def _held_to_its_adapter(
    settings: Settings, adapter: str, record_type: str, identifiers: "Collection[str]", confirm: "Collection[str]"
) -> list[str]:
    """The fields that its adapter does not give. Raises `ConfigurationError` where it cannot serve the dataset."""
    from adapters.offers import not_given
    from gateway.exchange.offering import held_to

    offer = held_to(settings.adapters, adapter, record_type, identifiers, confirm)
    return [] if offer is None else not_given(offer, record_type)


app.command("try")(try_dataset)


@app.command("list")
def listing(as_json: AsJson = False, config: Config = DEFAULT_CONFIG) -> None:
    """Every dataset: its standing, its adapter, the identifiers that it takes."""
    found = read(load(config), _every)
    columns = ("id", "status", "adapter", "identifiers", "title")
    head = ("DATASET", "STATUS", "ADAPTER", "IDENTIFIERS", "TITLE")
    tell(found, as_json, lambda: table(head, [[one[name] for name in columns] for one in found]))


@app.command()
def show(dataset_id: Name, as_json: AsJson = False, config: Config = DEFAULT_CONFIG) -> None:
    """All that is registered of one dataset, and who may ask for it now."""
    settings = load(config)
    found = read(settings, _one, dataset_id)
    adapter = found["adapter"] + ("" if found["adapter"] in settings.adapters else " (not in the configuration)")
    asking = [f"{one['consumer']}: {', '.join(one['purposes'])}" for one in found["availableTo"]]
    tell(found, as_json, lambda: card({**found, "adapter": adapter, "availableTo": asking}))


def _every(connection: "Connection") -> list[dict[str, Any]]:
    from gateway.catalogue.repository import everything

    return _told(connection, everything(connection))


def _one(connection: "Connection", dataset_id: str) -> dict[str, Any]:
    from gateway.catalogue.repository import the

    return _told(connection, [the(connection, dataset_id)])[0]


def _told(connection: "Connection", rows: "list[DatasetRow]") -> list[dict[str, Any]]:
    """As the catalogue serves them, and what it keeps to the operator."""
    from gateway.agreements.availability import availability
    from gateway.catalogue.service import body
    from gateway.clock import SystemClock

    available = availability(connection, [row.id for row in rows], SystemClock().now())
    return [
        {
            **body(row, available.get(row.id, [])).model_dump(mode="json", by_alias=True),
            "adapter": row.adapter,
            "registeredAt": moment(row.created_at),
        }
        for row in rows
    ]
