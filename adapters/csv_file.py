"""The CSV adapter: a record out of a file that an agency drops, say every night.

    path: /srv/drop/council_tax.csv
    encoding: iso-8859-1
    delimiter: ";"
    key: {nino: NI_NO, uprn: UPRN}       # which column holds which identifier
    rows: one                            # or `many`: a person's rows; the mapping reads `each: rows`
    complete: {marker: .done}            # council_tax.csv.done, no older than the file; or {stableSeconds: 5}
    mapping: council-tax.yaml            # or written here

The file is read whole into an index by identifier, in a thread, and read again once its time or size has changed and
it is complete; until then the earlier content answers. `asOf` is the file's own time, unless the mapping says better.
A row that cannot be read is skipped and counted; the log tells its line when the file is read, and so does `probe`.
Whoever asks for that very person gets `Permanent`, never "not held". More such rows than `mostBadRows`, or a quote
that never closes: the file is refused.

A missing or incomplete file is `Retriable`, a wrong header `Misconfigured`.
"""

import asyncio
import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, Self

from pydantic import Field, model_validator

from adapters.base import AdapterSettings, Offer, Query, Record
from adapters.csv_drop import Drop, Stamp
from adapters.csv_index import Index, Layout, Row, make_index
from adapters.errors import Permanent, Retriable
from adapters.mapped import Mapped, mapped_offer
from adapters.mapping import RecordMapping

ROWS: Final = "rows"  # what a mapping calls a person's rows
_LOG: Final = logging.getLogger("adapters")
_PATIENCE: Final = 1.0  # seconds to wait for a new drop while the earlier one can answer


class Complete(AdapterSettings):
    """How a whole file is told from one that is still being written."""

    marker: str | None = Field(default=None, pattern=r"^[A-Za-z0-9._-]+$")
    stable_seconds: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_rule(self) -> Self:
        if (self.marker is None) == (self.stable_seconds is None):
            raise ValueError("give either `marker`, the ending of a second file, or `stableSeconds`")
        return self


class CsvSettings(AdapterSettings):
    """See the module."""

    path: Path
    encoding: str = "utf-8"
    delimiter: str = Field(default=",", min_length=1, max_length=1)
    quote: str = Field(default='"', min_length=1, max_length=1)
    columns: tuple[str, ...] | None = None  # where the file has no header line
    key: dict[str, str] = Field(min_length=1)
    rows: Literal["one", "many"] = "one"
    complete: Complete = Complete(marker=".done")
    most_bad_rows: int = Field(default=100, ge=0)
    recheck_seconds: float = Field(default=1.0, ge=0)
    mapping: RecordMapping

    @model_validator(mode="after")
    def _known_encoding(self) -> Self:
        try:
            "".encode(self.encoding)
        except LookupError:
            raise ValueError(f"there is no encoding {self.encoding!r}; try utf-8 or iso-8859-1") from None
        return self


class CsvAdapter:
    """See the module."""

    Settings = CsvSettings

    def __init__(self, settings: CsvSettings) -> None:
        self.settings = settings
        self._many = settings.rows == "many"
        self._mapped = Mapped(settings.mapping)
        needed = self._mapped.sources()
        if self._many:
            needed = (needed - {ROWS}) | self._mapped.row_sources(ROWS)
        self._layout = Layout(
            encoding=settings.encoding,
            delimiter=settings.delimiter,
            quote=settings.quote,
            columns=settings.columns,
            needed=needed | set(settings.key.values()),
            key=settings.key,
            most_bad=settings.most_bad_rows,
        )
        rule = settings.complete
        self._drop = Drop(settings.path, marker=rule.marker, stable_seconds=rule.stable_seconds)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="csv-adapter")
        self._index: Index | None = None
        self._stamp: Stamp | None = None
        self._checked = float("-inf")
        self._looking: asyncio.Future[Index] | None = None

    @classmethod
    def offer(cls, settings: CsvSettings) -> Offer:
        """What its settings say."""
        return mapped_offer(settings.mapping, settings.key)

    async def fetch(self, query: Query) -> Record | None:
        """The person's row, or rows. More than one where `rows: one` is `Permanent`."""
        index = await self._current(query.deadline)
        rows = index.find(query.identifiers)
        if not rows:
            return None
        if len(rows) > 1 and not self._many:
            raise Permanent("the file gives more than one row for one person")
        record = self._mapped(self._source(rows), query.fields)
        if record.as_of is not None:
            return record
        return replace(record, as_of=index.as_of)

    def origin_of(self, path: str) -> str | None:
        """What a field of the record is read from."""
        return self._mapped.origin_of(path)

    async def probe(self) -> str | None:
        """Read the file if it has changed; the note tells the lines of bad rows."""
        self._checked = float("-inf")
        return (await self._current(30.0)).note

    async def aclose(self) -> None:
        """End the reading thread and let the content go."""
        await asyncio.get_running_loop().run_in_executor(None, self._thread.shutdown)
        self._index = None

    def _source(self, rows: list[Row]) -> Mapping[str, Any]:
        """What the mapping reads. A person-wide flag must stand in each of the person's rows, or it counts as set."""
        if not self._many:
            return rows[0]
        source: dict[str, Any] = {**rows[0], ROWS: rows}
        restricted = self.settings.mapping.restricted
        if restricted is not None and restricted.from_ in source:
            column = restricted.from_
            marked = (row[column] for row in rows if self._mapped.is_restricted(row))
            source[column] = next(marked, source[column])
        return source

    async def _current(self, seconds: float) -> Index:
        """The index of the newest whole file. One look at a time, and only who has nothing waits for it."""
        index = self._index
        if index is not None and time.monotonic() - self._checked < self.settings.recheck_seconds:
            return index
        if self._looking is None:
            looking = asyncio.get_running_loop().run_in_executor(self._thread, self._look)
            looking.add_done_callback(self._looked)
            self._looking = looking
        elif index is not None:
            return index  # another call is looking already; what we have is whole
        patience = seconds if index is None else min(seconds, _PATIENCE)
        try:
            # Shielded: a caller who hangs up must not end a reading that others wait for.
            return await asyncio.wait_for(asyncio.shield(self._looking), patience)
        except TimeoutError:
            if index is not None:
                return index
            raise Retriable(f"the file {self._drop.path} is still being read") from None

    def _looked(self, looking: "asyncio.Future[Index]") -> None:
        self._looking = None
        if not looking.cancelled() and looking.exception() is None:
            self._checked = time.monotonic()

    # In the thread.

    def _look(self) -> Index:
        index, known = self._index, self._stamp
        if index is not None and self._drop.stamp() == known:
            return index
        read = self._drop.read()
        if read is None:
            if index is not None:
                return index
            raise Retriable(self._drop.awaits)
        content, found = read
        made = make_index(content, self._layout, found.moment, self._check)
        self._index, self._stamp = made, found
        if made.note is not None:
            _LOG.warning(f"the file {self._drop.path}: {made.note}")
        return made

    def _check(self, row: Row) -> None:
        fault = self._mapped(self._source([row]), None).fault
        if fault is not None:
            raise fault
