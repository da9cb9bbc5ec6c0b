"""An adapter that breaks its contract: what it raises and returns is full of the values of whom it was asked about.

The test installs it beside the gateway as a distribution of its own, found by its entry point like anybody's.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import structlog

from adapters.base import AdapterSettings, Query, Record
from adapters.errors import Misconfigured, NotFound, Permanent, Retriable


class CanarySettings(AdapterSettings):
    """`script`: NINO -> {do, record}; `planted`: what it writes into the log, so that the search finds something."""

    script: Path
    planted: str


class CanaryAdapter:
    """See the module."""

    Settings = CanarySettings

    def __init__(self, settings: CanarySettings) -> None:
        self._script: dict[str, Any] = json.loads(settings.script.read_text())
        structlog.get_logger().warning("planted", value=settings.planted)
        print(f"planted {settings.planted}", file=sys.stderr, flush=True)

    async def fetch(self, query: Query) -> Record | None:
        nino = query.identifiers["nino"]
        line = self._script[nino]
        record = line["record"]
        said = f"no good: {json.dumps(record, ensure_ascii=False)} for {nino}"
        match line["do"]:
            case "plugin: releases":
                return Record(record, identifiers={"nino": nino})
            case "plugin: a plain exception":
                raise ValueError(said, record)
            case "plugin: an exception from an exception":
                try:
                    raise KeyError(record["holder"]["familyName"])
                except KeyError as error:
                    error.add_note(said)
                    raise RuntimeError(said) from error
            case "plugin: a group of exceptions":
                raise ExceptionGroup(said, [ValueError(said), LookupError(record["address"]["addressLine1"])])
            case "plugin: permanent":
                raise Permanent(said)
            case "plugin: retriable":
                raise Retriable(said, retry_after=0.01)
            case "plugin: misconfigured":
                raise Misconfigured(said)
            case "plugin: not found":
                raise NotFound(said)
            case "plugin: times out":
                raise TimeoutError(said)
            case "plugin: is cancelled":
                raise asyncio.CancelledError(said)
            case "plugin: returns a text":
                return said  # type: ignore[return-value]  # against the contract: that is what it is for
            case "plugin: data that is no object":
                return Record([said], identifiers={"nino": nino})  # type: ignore[arg-type]  # the same
            case "plugin: identifiers of another form":
                return Record(record, identifiers={"nino": said})
            case "plugin: an identifier that is no text":
                return Record(record, identifiers={"nino": record})
            case "plugin: a member named by a value":
                return Record({**record, record["holder"]["familyName"]: said}, identifiers={"nino": nino})
            case "plugin: a value of the wrong type":
                return Record({**record, "status": said, "holder": said}, identifiers={"nino": nino})
            case "plugin: a name that is an object":
                return Record({**record, "holder": {"familyName": {said: said}}}, identifiers={"nino": nino})
            case other:
                raise AssertionError(other)

    async def aclose(self) -> None: ...
