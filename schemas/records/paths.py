"""Field paths: dotted names into a record type, as agreements, consents and requests write them.

A name selects its subtree; lists are transparent (`categories.code` is the code of every category); there are no
wildcards. Names are those of the wire, camelCase.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Final

from schemas.members import paths_of
from schemas.records.registry import record_model

WHOLE: Final[Mapping[str, Any]] = {}
"""The tree of a field that is kept with all below it."""
Tree = Mapping[str, Any]
"""Permitted fields as nested mappings, `WHOLE` at the leaves."""


class UnknownFields(ValueError):
    """Field paths that the record type has not. `fields` names them; they are names, never values."""

    def __init__(self, record_type: str, fields: Iterable[str]) -> None:
        self.record_type = record_type
        self.fields = tuple(sorted(fields))
        super().__init__(f"{record_type} has no field {', '.join(self.fields)}")


@cache
def field_paths(record_type: str) -> frozenset[str]:
    """Every valid path of a record type, subtrees and leaves. Raises `UnknownRecordType`."""
    return frozenset(paths_of(record_model(record_type)))


def tree_of(fields: Iterable[str]) -> dict[str, Any]:
    """The paths as a tree. Where a name and something below it are both there, the name wins."""
    tree: dict[str, Any] = {}
    for path in sorted(fields):  # a name sorts before all below it
        *above, last = path.split(".")
        node = tree
        for name in above:
            if name in node and not node[name]:
                break  # kept whole already
            node = node.setdefault(name, {})
        else:
            node.setdefault(last, WHOLE)
    return tree
