"""What a mapping compiles to: closures that read one value, and the loop that builds an object of them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from adapters.converters import Convert, Unconvertible
from adapters.errors import Permanent

ABSENT: Final = object()
"""The source does not hold this at all; null is what it holds as empty."""

Source = Mapping[str, Any]
Read = Callable[[Source], Any]


class Step(NamedTuple):
    """Where one value goes, and how it is read. `own` tells that it comes from the source and is no constant."""

    parents: tuple[str, ...]
    leaf: str
    read: Read
    own: bool


def wanted(path: str, fields: Iterable[str] | None) -> bool:
    """Whether a field path is asked for: it, an ancestor or a descendant of it. None asks for all."""
    if fields is None:
        return True
    return any(path == f or path.startswith(f + ".") or f.startswith(path + ".") for f in fields)


def step(target: str, read: Read, *, own: bool) -> Step:
    """A step to a dotted target."""
    *parents, leaf = target.split(".")
    return Step(tuple(parents), leaf, read, own)


def build(steps: Sequence[Step], source: Source) -> tuple[dict[str, Any], bool]:
    """The object, and whether the source had anything to say in it."""
    out: dict[str, Any] = {}
    said = False
    for parents, leaf, read, own in steps:
        value = read(source)
        if value is ABSENT:
            continue
        if own and value is not None:
            said = True
        inner = out
        for name in parents:
            inner = inner.setdefault(name, {})
        inner[leaf] = value
    return out, said


def readable(steps: Sequence[Step], source: Source) -> dict[str, Any]:
    """The object without those members that cannot be read."""
    kept = []
    for one in steps:
        try:
            one.read(source)
        except Permanent:
            continue
        kept.append(one)
    return build(kept, source)[0]


def getter(path: str) -> Read:
    """Reads a path from a source: the key as it stands, else step by step along its dots."""
    if "." not in path:
        return lambda source: source.get(path, ABSENT)
    names = path.split(".")

    def get(source: Source) -> Any:
        if path in source:
            return source[path]
        found: Any = source
        for name in names:
            if isinstance(found, Mapping):
                found = found.get(name, ABSENT)
            elif isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            else:
                # Beneath a null there is nothing either: null is not the same as unknown.
                return None if found is None else ABSENT
        return found

    return get


def field_reader(path: str, convert: Convert, *, empty_when: frozenset[str], omit_empty: bool) -> Read:
    """Reads and converts one source field."""
    get = getter(path)
    empty = ABSENT if omit_empty else None

    def read(source: Source) -> Any:
        value = get(source)
        if value is ABSENT:
            return ABSENT
        if value is None or (isinstance(value, str) and (not value or value.isspace())):
            return empty
        if empty_when and str(value).strip() in empty_when:
            return empty
        try:
            return convert(value)
        except Unconvertible as error:
            raise Permanent(f"the source field {path} does not convert: {error}") from None
        except (ValueError, TypeError, ArithmeticError):
            raise Permanent(f"the source field {path} does not convert") from None

    return read


def rows_reader(path: str, steps: Sequence[Step], *, may_be_absent: bool) -> Read:
    """Reads a list of the source, one object for each of its rows."""
    get = getter(path)

    def read(source: Source) -> Any:
        rows = get(source)
        if rows is None:
            return rows
        if rows is ABSENT:
            if may_be_absent:
                return rows
            raise Permanent(
                f"the source holds no {path}, which the mapping reads each row of; where it leaves an empty list "
                "out, say whenAbsent: omit"
            )
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise Permanent(f"the source field {path} is not a list of objects")
        return [build(steps, row)[0] for row in rows]

    return read


def written_reader(rows: Sequence[Sequence[Step]]) -> Read:
    """Reads rows that the mapping writes out; those of which the source says nothing are left out."""

    def read(source: Source) -> Any:
        made = (build(steps, source) for steps in rows)
        return [row for row, said in made if said]

    return read
