"""Where the demo keeps its things, and on which ports it listens."""

import random
import socket
from dataclasses import dataclass
from pathlib import Path

from gateway.settings import ConfigurationError

_USES = ("gateway", "connector", "identity", "benefits", "primary-care")
LAST = 65_535 - len(_USES) + 1
"""The last port from which five in a row can be had."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The demo's folder and ports: five in a row from `port`."""

    folder: Path
    port: int

    @property
    def base_url(self) -> str:
        """The gateway."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def connector_url(self) -> str:
        """The local connector: plain HTTP for curl."""
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def issuer(self) -> str:
        """The sandbox's stand-in for a national sign-in."""
        return f"http://127.0.0.1:{self.port + 2}"

    def port_of(self, what: str) -> int:
        """The port of one of the five."""
        return self.port + _USES.index(what)

    @property
    def configuration(self) -> Path:
        """The gateway's configuration."""
        return self.folder / "threekeys.yaml"

    @property
    def description(self) -> Path:
        """What `--describe` prints."""
        return self.folder / "describe.json"

    @property
    def seed(self) -> Path:
        """The people, as the agencies' systems are filled."""
        return self.folder / "people.json"

    @property
    def postgres(self) -> Path:
        """Where the folder of the demo's PostgreSQL is written down, while there is one."""
        return self.folder / "postgres.folder"

    @property
    def clients(self) -> Path:
        """The clients' key files."""
        return self.folder / "clients"

    @property
    def drop(self) -> Path:
        """Where the council drops its files."""
        return self.folder / "council-drop"

    def key_file(self, client_id: str) -> Path:
        """A client's key."""
        return self.clients / f"{client_id}.jwk"


def free_base() -> int:
    """A port from which five in a row are free, below those that outgoing connections are given meanwhile."""
    for _ in range(200):
        base = random.randrange(10_000, 32_000)
        if not taken(base):
            return base
    raise ConfigurationError("no five free ports in a row were found")


def taken(base: int) -> list[int]:
    """Which of the five ports are in use."""
    busy = []
    for port in range(base, base + len(_USES)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                busy.append(port)
    return busy
