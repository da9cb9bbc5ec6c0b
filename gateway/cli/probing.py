"""Whether the source behind an adapter is there: asked when a dataset of it is registered, and never a condition."""

import asyncio
import logging
from contextlib import suppress

from gateway.settings import AdapterConfiguration

_SECONDS = 10.0


def told(name: str, one: AdapterConfiguration) -> str | None:
    """What an operator should look at, in a line: the source does not answer, or says what is odd. None where it
    answers, or where its adapter cannot be probed."""
    log = logging.getLogger("adapters")
    log.disabled = True  # what it would log of a source is in the line that comes of this
    try:
        return asyncio.run(_told(name, one))
    finally:
        log.disabled = False


async def _told(name: str, one: AdapterConfiguration) -> str | None:
    from adapters.base import Probes
    from adapters.errors import AdapterError
    from adapters.registry import build

    try:
        adapter = build(one.kind, one.settings)
    except AdapterError as error:
        return f"the source of the adapter {name} was not asked: {error}"
    if not isinstance(adapter, Probes):
        return None
    try:
        async with asyncio.timeout(_SECONDS):
            note = await adapter.probe()
    except AdapterError as error:
        return f"the source of the adapter {name} does not answer as it should: {error}"
    except TimeoutError:
        return f"the source of the adapter {name} does not answer within {_SECONDS:.0f} seconds"
    except Exception as error:  # of a library or a foreign adapter, whose words may hold anything
        return f"the source of the adapter {name} does not answer as it should: {type(error).__name__}"
    finally:
        with suppress(Exception):
            await adapter.aclose()
    return f"the source of the adapter {name} answers, but: {note}" if note else None
