"""The root of the command, and how its errors are told: one line each, no traceback."""

import sys
from typing import Annotated

import typer

from gateway.cli import (
    agencies,
    agreed,
    agreements,
    clients,
    consents,
    datasets,
    keys,
    ledger,
    persons,
    running,
    verifying,
)
from gateway.errors import GatewayError
from gateway.settings import ConfigurationError

app = typer.Typer(
    name="threekeys",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(f"threekeys {version('threekeys')}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and end.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Consented record exchange between agencies: law, agreement and person turn together."""


running.add(app)
app.add_typer(
    consents.app, name="consent", help="Stand in for a person of the sandbox: list, grant, decline, revoke."
)
app.add_typer(persons.app, name="person", help="Forget a person; ask an agency as a person of the sandbox.")
agreements.app.command("all")(agreed.everything)
app.add_typer(ledger.app, name="ledger", help="Export the ledger, and recompute it offline.")
app.add_typer(
    agreements.app, name="agreement", help="Draft and accept data-sharing agreements; suspend, resume and end them."
)
app.add_typer(agencies.app, name="agency", help="Register agencies; list, change, suspend and reactivate them.")
app.add_typer(
    clients.app,
    name="client",
    help="Register an agency's clients by their public keys; list, change, suspend and reactivate them.",
)
app.add_typer(
    datasets.app, name="dataset", help="Register what an agency offers; list, change, withdraw it and offer it again."
)
app.add_typer(keys.app, name="keys", help="The gateway's own keys: list and rotate them.")
app.command("verify")(verifying.verify)


def main() -> None:
    """Run; faults that have a name end with status 1 and one line on standard error."""
    try:
        app(standalone_mode=True)
    except ConfigurationError as error:
        _fail(str(error))
    except UnicodeDecodeError:
        _fail("a file is not text in UTF-8")
    except RecursionError:
        _fail("what was given is nested too deeply")
    except OSError as error:
        said = error.strerror or str(error) or "the system refused what was asked of it, and does not say why"
        _fail(f"{error.filename}: {said}" if error.filename else said)
    except GatewayError as error:
        faults = [f"{fault['pointer']}: {fault['detail']}" for fault in error.members.get("errors", [])]
        _fail("; ".join([error.detail or error.title, *faults]))


def _fail(text: str) -> None:
    print(f"threekeys: {text}", file=sys.stderr)
    sys.exit(1)
