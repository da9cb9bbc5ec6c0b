"""The rows of a CSV text by identifier, and which of them cannot be read."""

import csv
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Final

from adapters.converters import Convert, Unconvertible, scheme_converter
from adapters.errors import Misconfigured, Permanent
from schemas.identifiers import SCHEMES

Row = dict[str, str]
Key = tuple[str, str]  # scheme, normalised value

_SURROGATE: Final = re.compile("[\udc80-\udcff]")
_BREATH: Final = 64  # rows between two chances for the event loop's thread to run


@dataclass(frozen=True, slots=True)
class Layout:
    """How the text is written, and what is needed of it."""

    encoding: str
    delimiter: str
    quote: str
    columns: tuple[str, ...] | None
    needed: frozenset[str]
    key: Mapping[str, str]
    most_bad: int


class Index:
    """Rows by identifier. `bad` holds the line numbers of rows that cannot be read, `total` counts all; `why` tells
    of the first of them, by its column and never by a value."""

    def __init__(self, layout: Layout, as_of: datetime) -> None:
        self.layout = layout
        self.as_of = as_of
        self.total = 0
        self.bad: list[int] = []
        self.why = ""
        self._normalise: dict[str, Convert] = {scheme: scheme_converter(scheme) for scheme in layout.key}
        self._rows: dict[Key, list[Row]] = {}
        self._broken: set[Key] = set()

    def find(self, identifiers: Mapping[str, str]) -> list[Row]:
        """The rows that carry these identifiers, and none that contradicts one.

        Raises `Permanent` where the person's row is one that cannot be read.
        """
        asked = [(scheme, identifiers[scheme]) for scheme in self.layout.key if scheme in identifiers]
        if not asked:
            raise Misconfigured(f"the file's key has {', '.join(self.layout.key)}, and was asked with none of them")
        if not self._broken.isdisjoint(asked):
            raise Permanent(f"the file's row for this person cannot be read: {self.note}")
        found: dict[int, Row] = {}
        for key in asked:
            for row in self._rows.get(key, ()):
                if all(self._agrees(row, other) for other in asked):
                    found[id(row)] = row
        return list(found.values())

    @property
    def note(self) -> str | None:
        """How many rows cannot be read whole, and where; None where all can."""
        if not self.bad:
            return None
        lines = ", ".join(str(line) for line in self.bad[:20])
        more = f" and {len(self.bad) - 20} more" if len(self.bad) > 20 else ""
        return f"{len(self.bad)} of {self.total} rows cannot be read whole, on line {lines}{more}; {self.first}"

    @property
    def first(self) -> str:
        """The first row that cannot be read, and why."""
        return f"line {self.bad[0]}: {self.why}"

    def add(self, line: int, row: Row, lines: Sequence[str], check: Callable[[Row], object]) -> None:
        """Index a row under its identifiers; where one cannot be read, or there is none, the row is rejected.

        A row with a value that does not convert counts as bad and stays: whoever asks for the rest of it gets that.
        """
        keys = []
        why = f"the row has nothing in {' or '.join(self.layout.key.values())}"
        try:
            for scheme, column in self.layout.key.items():
                cell = row[column].strip()
                if cell:
                    keys.append((scheme, self._normalise[scheme](cell)))
        except Unconvertible as error:
            keys, why = [], f"the column {column} is no {scheme}: {error}"
        if not keys:
            self.reject(line, lines, why)
            return
        self.total += 1
        for key in keys:
            self._rows.setdefault(key, []).append(row)
        try:
            check(row)
        except Permanent as error:
            self.why = self.why or str(error)
            self.bad.append(line)

    def reject(self, line: int, lines: Sequence[str], why: str) -> None:
        """Count bad lines (a stray quote spoils several), and remember every identifier that may stand in them.

        Rather one refusal too many than "not held" about a person whose row we could not read.
        """
        self.why = self.why or why
        self.total += len(lines)
        self.bad.extend(range(line, line + len(lines)))
        cells = "".join(lines).replace(self.layout.quote, "").replace("\n", self.layout.delimiter)
        for cell in cells.split(self.layout.delimiter):
            for scheme in self.layout.key:
                if scheme in SCHEMES:  # of another scheme any text would be one
                    with suppress(Unconvertible):
                        self._broken.add((scheme, self._normalise[scheme](cell)))

    def _agrees(self, row: Row, key: Key) -> bool:
        scheme, value = key
        cell = row[self.layout.key[scheme]].strip()
        return not cell or self._normalise[scheme](cell) == value


def make_index(content: bytes, layout: Layout, as_of: datetime, check: Callable[[Row], object]) -> Index:
    """The index of a file's content. `check` gets each row and raises `Permanent` where it does not convert.

    Raises `Misconfigured` for a wrong header or encoding, `Permanent` where the file as a whole cannot be trusted.
    """
    index = Index(layout, as_of)
    lines = _Lines(_decoded(content, layout.encoding))
    reader = csv.reader(lines, delimiter=layout.delimiter, quotechar=layout.quote, strict=True)
    header = _header(reader, layout)
    while True:
        if index.total % _BREATH == 0:
            time.sleep(0)  # lets go of the interpreter's lock
        line = lines.next_record()
        try:
            cells = next(reader)
        except StopIteration:
            return index
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise Permanent(f"a quote that opens on line {line} of the file never closes") from None
            index.reject(line, lines.taken, "a quote stands within a cell, or something behind one that closes")
        else:
            if not cells:
                continue  # an empty line
            why = _unreadable(cells, header, layout, len(lines.taken))
            if why is not None:
                index.reject(line, lines.taken, why)
            else:
                index.add(line, dict(zip(header, cells, strict=True)), lines.taken, check)
        if len(index.bad) > layout.most_bad:
            raise Permanent(
                f"more than {layout.most_bad} rows of the file cannot be read, the last on line {line}; {index.first}"
            )


def _unreadable(cells: list[str], header: list[str], layout: Layout, lines: int) -> str | None:
    """Why a row has no cell for each column; None where it has."""
    if len(cells) != len(header):
        quoted = f"; a quote in it goes on over {lines} lines" if lines > 1 else ""
        return f"the row has {len(cells)} cells, and there are {len(header)} columns{quoted}"
    if not _SURROGATE.search("".join(cells)):
        return None
    at = next(number for number, cell in enumerate(cells) if _SURROGATE.search(cell))
    column = header[at] if header[at] in layout.needed else f"number {at + 1}"  # an unknown name may be anything
    return f"the column {column} holds bytes that are not {layout.encoding}; mend `encoding`, or the file"


class _Lines(Iterator[str]):
    """The lines of a text; `taken` holds those of the record that is being read."""

    def __init__(self, text: str) -> None:
        self._lines = StringIO(text, newline="")
        self._number = 0
        self.taken: list[str] = []

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        self.taken.append(line)
        return line

    def next_record(self) -> int:
        """Forget the lines of the record before; the number of the line that comes next."""
        self.taken.clear()
        return self._number + 1


def _decoded(content: bytes, encoding: str) -> str:
    # A byte that does not decode spoils its row and not the file: it becomes a lone surrogate.
    name = "utf-8-sig" if encoding.lower().replace("_", "-") in ("utf-8", "utf8") else encoding
    try:
        return content.decode(name, "surrogateescape")
    except UnicodeDecodeError:
        raise Misconfigured(f"the file is not {encoding}; mend `encoding`") from None


def _header(reader: Iterator[list[str]], layout: Layout) -> list[str]:
    if layout.columns is not None:
        header = list(layout.columns)
    else:
        try:
            header = [name.strip() for name in next(reader)]
        except (StopIteration, csv.Error):
            raise Misconfigured("the file has no header line that can be read") from None
    twice = {name for name in header if header.count(name) > 1}
    if twice:
        raise Misconfigured(f"the file's header has {', '.join(sorted(twice))} twice")
    missing = layout.needed - set(header)
    if missing:
        raise Misconfigured(
            f"the file's header lacks {', '.join(sorted(missing))}, which the mapping or the key reads;"
            " check `delimiter` and `encoding` too"
        )
    return header
