"""`serve`, `demo`, `connect`, `migrate`, `init`.

What a command needs is imported when it runs, here and beside: so each starts as fast as it can.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.calling import CaFile, Client, Gateway, Key
from gateway.cli.options import DEFAULT_CONFIG, DEFAULT_SANDBOX, Config
from gateway.settings import ConfigurationError, load

if TYPE_CHECKING:
    from gateway.connector.local import LocalConnector


def add(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (demo, init, migrate, serve, connect, openapi):
        app.command()(command)


def demo(
    port: Annotated[int, typer.Option(help="The first of five ports in a row; 0: any free ones.")] = 8400,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget what an earlier demo kept.")] = False,
    database: Annotated[str | None, typer.Option(help="postgresql://… for the gateway, instead of SQLite.")] = None,
    describe: Annotated[
        bool, typer.Option("--describe", help="Print what a demo consists of, and how it stands now, as JSON.")
    ] = False,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its things.")] = DEFAULT_SANDBOX,
) -> None:
    """Start a gateway beside four sandbox agencies, each with a real system, and show what to try."""
    if describe:
        from gateway.sandbox.describing import describe as describe_demo

        print(json.dumps(asyncio.run(describe_demo(folder)), indent=1, ensure_ascii=False))
        return
    from gateway.sandbox import demo as sandbox

    asyncio.run(sandbox.run(folder, port, fresh=fresh, database=database, say=lambda text: print(text, flush=True)))


def init(
    folder: Annotated[Path | None, typer.Argument(help="The folder where to write threekeys.yaml.")] = None,
    config: Annotated[Path | None, typer.Option("--config", "-c", help="The file to write, by any name.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where the gateway will listen, on loopback.")] = 8400,
) -> None:
    """Write a commented configuration."""
    if folder is not None and config is not None:
        raise ConfigurationError("give either a folder or --config")
    target = config or (folder or Path()) / DEFAULT_CONFIG
    if target.exists():
        raise ConfigurationError(f"{target} is there already; nothing was written")
    target.parent.mkdir(parents=True, exist_ok=True)
    template = Path(__file__).parent / "threekeys.yaml"
    target.write_text(template.read_text(encoding="utf-8").replace("8400", str(port)), encoding="utf-8")
    print(f"wrote {target}; edit it, then run: threekeys migrate -c {target}")


def migrate(config: Config = DEFAULT_CONFIG) -> None:
    """Bring the database to the newest schema."""
    settings = load(config)

    from sqlalchemy.exc import DBAPIError

    from gateway.db.migrating import migrate as migrate_database
    from gateway.db.migrating import said

    try:
        migrate_database(settings.database)
    except DBAPIError as error:
        raise ConfigurationError(f"the database could not be migrated: {said(error)}") from None
    print("the database has the newest schema")


def serve(
    config: Config = DEFAULT_CONFIG,
    stop_with_stdin: Annotated[bool, typer.Option("--stop-with-stdin", hidden=True)] = False,
) -> None:
    """Serve until SIGTERM, SIGINT or SIGHUP; then drain, so that in-flight exchanges finish."""
    settings = load(config)  # first: what is wrong with it is told at once

    from gateway.serve import serve as serve_gateway

    def forked() -> None:
        if stop_with_stdin:
            threading.Thread(target=_stop_with_stdin, daemon=True).start()

    serve_gateway(settings, lambda: print(f"ready {settings.base_url}", flush=True), forked)


def connect(
    gateway: Gateway,
    client: Client,
    key: Key,
    port: Annotated[int, typer.Option(min=1, max=65_535, help="Where to listen, on loopback.")] = 8401,
    host: Annotated[str, typer.Option(help="A loopback address.")] = "127.0.0.1",
    ca_file: CaFile = None,
) -> None:
    """The local connector: plain HTTP on loopback in, signed requests to the gateway out.

    It gets a first token at its start, and ends where the gateway refuses the client, is not trusted or is no
    gateway. Where the gateway is merely down it says so and serves: it asks again with each request.
    """
    from gateway.connector.errors import ConnectorError
    from gateway.connector.local import LocalConnector, server
    from gateway.web.listening import listen

    try:
        connector = LocalConnector(gateway, {client: key}, ca_file=ca_file)
        serving = server(connector, host)
    except ConnectorError as error:
        raise ConfigurationError(str(error)) from None
    with listen(host, port) as bound:
        bound.listen()
        _first_tokens(connector, client)
        print(f"ready http://{host}:{port}", flush=True)
        serving.run(sockets=[bound])


def _first_tokens(connector: "LocalConnector", client: str) -> None:
    """Tell what stands in the way of the client; raises `ConfigurationError` where somebody has to mend it."""
    from gateway.connector.errors import ConnectorError, NotAGateway, TokenRefused, Unreachable

    try:
        asyncio.run(connector.first_tokens())
    except TokenRefused as error:
        if not error.passing:
            raise ConfigurationError(
                f"{client} gets {error}. Check --client, --key, that --gateway is the gateway's base URL, and with"
                " the operator what is registered for it"
            ) from None
        _warn(str(error))
    except NotAGateway as error:
        raise ConfigurationError(f"{error}. Check --gateway: it is the gateway's base URL") from None
    except Unreachable as error:
        _warn(str(error))
    except ConnectorError as error:
        raise ConfigurationError(str(error)) from None


def _warn(why: str) -> None:
    print(f"threekeys: {why}; it is asked again with each request", file=sys.stderr, flush=True)


def openapi() -> None:
    """Print the OpenAPI document of this version."""
    from gateway.app import openapi_document

    print(openapi_document(), end="")


def _stop_with_stdin() -> None:
    """End when whoever started this process is gone."""
    while os.read(sys.stdin.fileno(), 1024):  # unbuffered: a buffer's lock would be held while Python ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)
