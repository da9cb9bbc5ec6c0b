"""`person request --as PERSON --client CLIENT`: what a person of the sandbox gives an agency that they turn to."""

from typing import Annotated

import typer

from gateway.cli.options import DEFAULT_SANDBOX, As, Sandbox

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """So that a group of one command is a group all the same."""


@app.command()
def request(
    person: As,
    client: Annotated[str, typer.Option(help="The client that the person turns to; no other can show it.")],
    sandbox: Sandbox = DEFAULT_SANDBOX,
) -> None:
    """Print a token by which a person of the sandbox asks this client for an exchange: `explicitRequest.personToken`.

    It opens one exchange, within ten minutes, about that person; nobody signs in by it.
    """
    from gateway.sandbox.person import explicit_request

    print(explicit_request(sandbox, person, client))
