"""`agency add|update|suspend|reactivate|list|show`: who takes part, and their standing."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import DEFAULT_CONFIG, AsJson, Config
from gateway.cli.shown import card, moment, table, tell
from gateway.cli.storing import commit, read
from gateway.settings import ConfigurationError, load

if TYPE_CHECKING:
    from gateway.agencies.repository import AgencyRow
    from gateway.db.connection import Connection

app = typer.Typer(no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The agency's id.")]


@app.command("add")
def add_agency(
    agency_id: Name,
    name: Annotated[str, typer.Option(help="Its full name.")],
    contact: Annotated[str, typer.Option(help="Whom to ask for help: the address of a desk.")],
    kind: Annotated[str, typer.Option(help="public, private or charity.")] = "public",
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Register an agency, active at once."""
    from gateway.agencies.registration import AddAgency

    commit(load(config), AddAgency(agency_id, name, kind, contact))
    print(f"registered the agency {agency_id}")


@app.command("update")
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
    commit(load(config), UpdateAgency(agency_id, name, kind, contact))
    print(f"changed the agency {agency_id}")


@app.command("suspend")
def suspend_agency(agency_id: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Stop all its clients, and exchanges of its datasets, from now on."""
    from gateway.agencies.standing import SuspendAgency

    commit(load(config), SuspendAgency(agency_id))
    print(f"suspended the agency {agency_id}")


@app.command("reactivate")
def reactivate_agency(agency_id: Name, config: Config = DEFAULT_CONFIG) -> None:
    """Let it act again."""
    from gateway.agencies.standing import ReactivateAgency

    commit(load(config), ReactivateAgency(agency_id))
    print(f"reactivated the agency {agency_id}")


@app.command("list")
def listing(as_json: AsJson = False, config: Config = DEFAULT_CONFIG) -> None:
    """Every agency, a line each."""
    from gateway.agencies.repository import all_agencies

    found = [_told(row) for row in read(load(config), all_agencies)]
    columns = ("id", "status", "kind", "name", "contact")
    tell(
        found,
        as_json,
        lambda: table([name.upper() for name in columns], [[one[name] for name in columns] for one in found]),
    )


@app.command()
def show(agency_id: Name, as_json: AsJson = False, config: Config = DEFAULT_CONFIG) -> None:
    """All that is registered of one agency, with its clients and datasets."""
    found = read(load(config), _whole, agency_id)
    tell(found, as_json, lambda: card(found))


def _told(row: "AgencyRow") -> dict[str, Any]:
    return {
        **{name: getattr(row, name) for name in ("id", "name", "kind", "status", "contact")},
        "registeredAt": moment(row.created_at),
    }


def _whole(connection: "Connection", agency_id: str) -> dict[str, Any]:
    from gateway.agencies.repository import clients_of, the_agency
    from gateway.catalogue.repository import everything

    return {
        **_told(the_agency(connection, agency_id)),
        "clients": [row.id for row in clients_of(connection, agency_id)],
        "datasets": [row.id for row in everything(connection) if row.provider_id == agency_id],
    }
