"""A typing error in a mapping's `from` reads like a source that leaves a field out: nothing is there. So what the
first answers do not hold is told, once a name, to whoever runs the gateway: by the mapping's words, never by a value.
"""

import logging
from collections.abc import Iterator, Mapping
from typing import Any, Final

from adapters.mapping import EachRow, Fields, RecordMapping, Value, WrittenRows
from adapters.reading import ABSENT, Source, getter, wanted

_MOST: Final = 256  # sets of fields that are remembered; agreements use a handful
_LOG: Final = logging.getLogger("adapters")


class Unseen:
    """Looks at the first answer for each set of fields that is asked for; later ones cost a look-up."""

    def __init__(self, mapping: RecordMapping) -> None:
        self._fields = mapping.fields
        self._looked: set[frozenset[str] | None] = set()
        self._known: set[str] = set()

    def look(self, source: Source, fields: frozenset[str] | None) -> None:
        """Log each name that is read for these fields and is not there, if it was never there before."""
        if fields in self._looked:
            return
        whole = True
        absent: list[str] = []
        for name, there in _names(self._fields, "", fields, source, ""):
            if there is None:
                whole = False
            elif name not in self._known:
                self._known.add(name)
                absent += [] if there else [name]
        if whole:
            if len(self._looked) >= _MOST:
                self._looked.clear()
            self._looked.add(fields)
        if absent:
            _LOG.warning(
                f"the mapping reads {', '.join(absent)}, and the first answer of its source that could hold it does "
                "not: mend `from`, unless the source leaves it out at times"
            )


def _names(
    specs: Fields, prefix: str, fields: frozenset[str] | None, source: Source, within: str
) -> Iterator[tuple[str, bool | None]]:
    """Each name that is read, and whether it is there; None where a list without rows cannot tell."""
    for target, spec in specs.items():
        path = prefix + target
        if not wanted(path, fields):
            continue
        if isinstance(spec, Value):
            yield within + spec.from_, getter(spec.from_)(source) is not ABSENT
        elif isinstance(spec, EachRow):
            yield from _of_rows(spec, path, fields, source, within)
        elif isinstance(spec, WrittenRows):
            for row in spec.rows:
                yield from _names(row, path + ".", fields, source, within)


def _of_rows(
    spec: EachRow, path: str, fields: frozenset[str] | None, source: Source, within: str
) -> Iterator[tuple[str, bool | None]]:
    name = within + spec.each
    rows: Any = getter(spec.each)(source)
    yield name, rows is not ABSENT
    found: dict[str, bool | None] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping):
            for inner, there in _names(spec.fields, path + ".", fields, row, f"{name}[]."):
                found[inner] = there or found.get(inner, there)
    yield from found.items()
    if not found:
        yield name, None
