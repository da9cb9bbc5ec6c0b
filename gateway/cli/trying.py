"""`dataset try`: one read through a dataset's adapter, before any agreement, to see what its mapping makes of it.

It is no exchange: nobody has agreed to it, and no key is asked for. So it is for the operator, who holds the
adapter's credentials anyway, and for people who do not exist; it stands in the ledger before anything is read, and
tells no value unless asked to.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import DEFAULT_CONFIG, Config
from gateway.cli.shown import table
from gateway.cli.storing import commit, read
from gateway.errors import SourceFault
from gateway.settings import AdapterConfiguration, ConfigurationError, load

if TYPE_CHECKING:
    from adapters.base import Query, Record
    from gateway.catalogue.repository import DatasetRow
    from gateway.exchange.minimise import Minimised
    from gateway.exchange.sources import Source


def try_dataset(
    dataset_id: Annotated[str, typer.Argument(help="The dataset's id: agency/name/version.")],
    identifier: Annotated[
        list[str], typer.Option(help="Whom to look for, as scheme=value, such as nino=ZZ010203A; may be repeated.")
    ],
    show: Annotated[bool, typer.Option("--show", help="Print the record too, on standard output.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Read one record through the dataset's adapter, for a person who does not exist, and say whether it fits."""
    from gateway.catalogue import repository
    from gateway.catalogue.registration import TryDataset
    from gateway.exchange.offering import held_to

    settings = load(config)
    row = read(settings, repository.the, dataset_id)
    held_to(settings.adapters, row.adapter, row.record_type, row.identifier_schemes, row.confirmations)
    identifiers = dict(_identifier(row, one) for one in identifier)
    print(
        "threekeys: this reads a record outside of any exchange, and the ledger says so: use a person who does not"
        " exist",
        file=sys.stderr,
    )
    exchange_id = commit(settings, TryDataset(row.id))
    asyncio.run(_try(row, settings.adapters[row.adapter], identifiers, exchange_id, show=show))


def _identifier(row: "DatasetRow", given: str) -> tuple[str, str]:
    from schemas.identifiers import InvalidIdentifier, normalise

    scheme, _, value = given.partition("=")
    if scheme not in row.identifier_schemes:
        takes = ", ".join(f"{one}=…" for one in row.identifier_schemes)
        raise ConfigurationError(f"--identifier names none by which the dataset is asked; it takes {takes}")
    try:
        return scheme, normalise(scheme, value)
    except InvalidIdentifier as error:
        raise ConfigurationError(f"what --identifier gives is no {scheme}: {error.reason}") from None


async def _try(
    row: "DatasetRow", one: AdapterConfiguration, identifiers: Mapping[str, str], exchange_id: str, *, show: bool
) -> None:
    from adapters.base import Query
    from adapters.errors import Misconfigured
    from adapters.registry import build
    from gateway.clock import SystemClock
    from gateway.exchange.sources import Source
    from schemas.records import field_paths

    try:
        adapter = build(one.kind, one.settings)
    except Misconfigured as error:
        raise ConfigurationError(f"adapters.{row.adapter}: {error}") from None
    source = Source(row.adapter, adapter, SystemClock(), deadline=one.deadline, retries=one.retries)
    fields = frozenset(path for path in field_paths(row.record_type) if "." not in path)
    try:
        await _tell(row, source, Query(identifiers, fields, exchange_id, one.deadline), show=show)
    finally:
        with suppress(Exception):
            await adapter.aclose()


async def _tell(row: "DatasetRow", source: "Source", query: "Query", *, show: bool) -> None:
    """As an exchange takes a record: whose it is, whether it is restricted, and only then what is in it."""
    from gateway.exchange.errors import SourceMalformed, SourceWrongPerson
    from gateway.telemetry.log import where

    record: Record | None = None
    try:
        record = await source.fetch(query)
        try:
            found = _minimised(row, record, query, source)
        except SourceFault:
            raise
        except Exception as error:  # of a record that is none: an adapter may hand in anything
            record = None
            raise SourceMalformed().seen_as(**where(error)) from None
    except SourceFault as fault:
        if record is not None and not isinstance(fault, SourceWrongPerson):
            _print(row, source, record.data, record.data if show else None)
        raise ConfigurationError("\n".join(_said(row, fault))) from None
    if found.found == "miss":
        print(f"the adapter {row.adapter} finds nobody by this {' and '.join(query.identifiers)}")
    elif found.found == "restricted":
        print("the record is marked as restricted: no exchange ever tells of it, and nor does this")
    elif found.found == "mismatch":
        print("the record carries one of these identifiers and not another: an exchange is told that there is none")
    else:
        print(f"the adapter {row.adapter} gives a record that fits {row.record_type}")
        _print(row, source, found.record, found.record if show else None)


def _minimised(row: "DatasetRow", record: "Record | None", query: "Query", source: "Source") -> "Minimised":
    from gateway.exchange.asking import Ask
    from gateway.exchange.minimise import minimise
    from gateway.policy import Asked

    asked = Asked(dataset=row.id, purpose="", fields=query.fields, consumer="")
    ask = Ask(asked, "", "", "", row, query.identifiers, known_as=(), confirm={}, proof=None)
    return minimise(ask, record, query.fields, source.origin_of)


def _print(row: "DatasetRow", source: "Source", data: Any, shown: Any) -> None:
    """The fields that came, with the source's names of them, and those that did not; `shown` whole, if anything."""
    from gateway.catalogue.registration import confirmation_path
    from schemas.records import field_paths

    known = field_paths(row.record_type)
    came = {path for path in _paths(data) if path in known}  # another name may be anything, and personal
    leaves = sorted(path for path in came if not any(other.startswith(f"{path}.") for other in came))
    if leaves:
        print("\n".join(table(("FIELD", "READ FROM"), [(path, source.origin_of(path) or "-") for path in leaves])))
    absent = sorted(path for path in known - came if path.rpartition(".")[0] in {"", *came})
    if absent:
        print(f"it holds no {', '.join(absent)}")
    for name in row.confirmations:
        path = confirmation_path(row.record_type, name)
        if path is not None and path not in came:
            print(f"without {path} nobody can be confirmed by {name}, and every exchange is refused")
    if shown is not None:
        print(json.dumps(shown, indent=1, ensure_ascii=False, default=str))


def _paths(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield f"{prefix}{name}"
            yield from _paths(inner, f"{prefix}{name}.")
    elif isinstance(value, list):
        for item in value:
            yield from _paths(item, prefix)


def _said(row: "DatasetRow", fault: SourceFault) -> Iterator[str]:
    """What the log would say of it: never a value."""
    yield f"{fault.code}: {fault.title}"
    seen = fault.seen
    for one in seen.get("errors", ()):
        origin = f", read from {one['sourceField']}" if "sourceField" in one else ""
        yield f"    {one['pointer'] or 'the record'}{origin}: {one['detail']}"
    if "said" in seen:
        yield f"    {seen['said']}"
    elif "error" in seen:  # of a foreign adapter, whose words may hold anything
        yield f"    {seen['error']} at {' < '.join(reversed(seen.get('frames', [])[-3:]))}"
