"""The adapter contract: one required method.

An adapter fetches one record from an agency's own system. It is a class with

* `Settings`: a Pydantic model of its configuration (secrets as `Secret`: `env:NAME` or `file:/path`),
* `async fetch(query) -> Record | None`: the record, or None where the source holds none,
* `async aclose()`: free what it holds.

It is constructed as `Class(settings)` inside a running event loop, once a dataset that the configuration names.
Timeouts, retries, circuit breaking, metrics and the ledger stay on the gateway's side: raise what
`adapters.errors` names and return quickly. The gateway never hands in a session, a request or an ORM object.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Protocol, runtime_checkable

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from adapters.errors import Misconfigured


class AdapterSettings(BaseModel):
    """Base of an adapter's settings: unknown keys are refused, names are camelCase or snake_case."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
    )


@dataclass(frozen=True, slots=True)
class Query:
    """What the gateway asks for.

    identifiers   scheme -> normalised value, of the schemes that the dataset takes (`nino`, `nhs-number`, …)
    fields        dotted field paths of the record type that are wanted (permitted fields and confirmations)
    exchange_id   send it along, so that the source can trace its read
    deadline      seconds left when the query was made
    """

    identifiers: Mapping[str, str]
    fields: frozenset[str]
    exchange_id: str
    deadline: float


@dataclass(frozen=True, slots=True)
class Record:
    """One record in the shared shape.

    data          JSON-ready members of the record type, camelCase; leave out what the source does not know
    restricted    the source marks this person's record as one never to be released (witness protection…)
    as_of         when the source last knew this to be true; None where it is live
    identifiers   the identifiers that the source's own record carries, for the gateway's check that it is
                  the right person (scheme -> normalised value)
    fault         what was wrong with the rest, where a field that was asked for cannot be read: `data` holds what
                  could. Raised instead, it would tell of a record before anybody knows that it may be told of
                  (restricted, another person's, not confirmed); the gateway raises it once that is known
    """

    data: Mapping[str, Any]
    restricted: bool = False
    as_of: datetime | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)
    fault: Exception | None = None


@runtime_checkable
class Adapter(Protocol):
    """What the gateway calls."""

    Settings: ClassVar[type[BaseModel]]

    async def fetch(self, query: Query) -> Record | None:
        """Fetch one record. Raises `adapters.errors.*`; returns None where the source holds none."""

    async def aclose(self) -> None:
        """Free connections and files; called once, after the last `fetch` has returned."""


@runtime_checkable
class Probes(Protocol):
    """Optional: an adapter that can tell cheaply whether its source answers."""

    async def probe(self) -> str | None:
        """Return where the source answers; raise `adapters.errors.*` where it does not.

        The answer is a note for operators (what was odd, without a value of anybody's record), or None.
        """


@dataclass(frozen=True, slots=True)
class Offer:
    """What an adapter with these settings can be asked for.

    identifiers   the schemes by which it finds a record
    carried       the schemes that its records carry (`Record.identifiers`): without one nothing is ever released
    fields        dotted paths of the record type that its records may hold, lists and objects down to their members
    constants     (path, value) of each value that stands in the settings and goes into records as it is
    """

    identifiers: frozenset[str]
    carried: frozenset[str]
    fields: frozenset[str]
    constants: tuple[tuple[str, Any], ...] = ()


@runtime_checkable
class Offers(Protocol):
    """Optional: an adapter whose settings say what it can be asked for, so that a dataset is held to it."""

    @classmethod
    def offer(cls, settings: Any) -> Offer:
        """What it offers with these settings, an instance of its `Settings`. Reads nothing but them."""


def _is_reference(text: str) -> str:
    if not text.startswith(("env:", "file:")):
        raise ValueError("a secret is given as env:NAME or file:/path, never as its value")
    return text


Secret = Annotated[str, AfterValidator(_is_reference)]
"""The type of a setting that holds a reference to a secret; `secret(reference)` reads it."""


def secret(reference: str) -> str:
    """Resolve a secret reference: `env:NAME` or `file:/path`. Anything else is `Misconfigured`."""
    kind, _, rest = reference.partition(":")
    if kind == "env":
        if rest in os.environ:
            return os.environ[rest]
        raise Misconfigured(f"the environment variable {rest} is not set")
    if kind == "file":
        try:
            return Path(rest).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise Misconfigured(f"the secret file {rest} cannot be read: {error.strerror}") from None
    raise Misconfigured("a secret is given as env:NAME or file:/path, never as its value")
