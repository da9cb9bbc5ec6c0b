"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option("--config", "-c", help="The gateway's configuration file.")]
DEFAULT_CONFIG = Path("threekeys.yaml")
AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]
Sandbox = Annotated[Path, typer.Option("--sandbox", help="The folder of a running demo.")]
As = Annotated[
    str, typer.Option("--as", help="A person of the sandbox, by handle, name, or a first name that is theirs alone.")
]
DEFAULT_SANDBOX = Path("var/demo")
