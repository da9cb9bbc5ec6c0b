"""How what is registered is shown: a table, a card of one thing, or JSON for programs."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any

Cell = str | Sequence[str]


def tell(found: Any, as_json: bool, lines: Callable[[], Iterable[str]]) -> None:
    """Print it as JSON, or in lines for people; that there is nothing is said on standard error."""
    if as_json:
        print(json.dumps(found, indent=1, ensure_ascii=False))
    elif found:
        print("\n".join(lines()))
    else:
        print("there are none", file=sys.stderr)


def table(head: Sequence[Cell], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    """A line a thing, with more below it where a cell holds a list; as wide as what stands in it."""
    cells = [[_lines(cell) for cell in row] for row in (head, *rows)]
    widths = [max(len(line) for column in each for line in column or [""]) for each in zip(*cells, strict=True)]
    for row in cells:
        for lines in zip_longest(*row, fillvalue=""):
            yield "  ".join(line.ljust(width) for line, width in zip(lines, widths, strict=True)).rstrip()


def card(thing: Mapping[str, Any]) -> Iterator[str]:
    """One thing: a member a line, named in words; nothing said is a dash."""
    first, *rest = ((_words(name), _value(value)) for name, value in thing.items())
    return table(first, rest)


def moment(microseconds: int) -> str:
    """RFC 3339, UTC."""
    from gateway.clock import to_iso

    return to_iso(microseconds)


def _lines(cell: Cell) -> list[str]:
    return [cell] if isinstance(cell, str) else list(cell)


def _value(value: Any) -> Cell:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [str(one) for one in value] or "-"
    return "-" if value in (None, "") else str(value)


def _words(name: str) -> str:
    """`showToSubject` as it is said."""
    return re.sub(r"[A-Z]", lambda found: f" {found[0].lower()}", name)
