"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[Path, typer.Option("--config", "-c", help="The gateway's configuration file.")]
DEFAULT_CONFIG = Path("threekeys.yaml")
Sandbox = Annotated[Path, typer.Option("--sandbox", help="The folder of a running demo.")]
DEFAULT_SANDBOX = Path("var/demo")
