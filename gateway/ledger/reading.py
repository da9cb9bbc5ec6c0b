"""Reading an export line by line, as suspicious as can be: the first entry that is not what it says is kept."""

from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from jiter import from_json

from gateway.ledger.canonical import canonical
from gateway.ledger.entry import commit_to
from gateway.ledger.export import VERSION
from gateway.ledger.merkle import HASH, leaf_hash
from gateway.ledger.note import Verifier
from gateway.ledger.tiles import WIDTH, TilePath

_HEADER = frozenset({"threekeysLedgerExport", "origin", "size", "keys", "handOvers"})
_TILE = frozenset({"tile", "hashes"})
_ENTRY = frozenset({"seq", "id", "commitment", "salt", "event"})
_CHECKPOINT = frozenset({"checkpoint"})


class ExportUnreadable(ValueError):
    """The file is not an export of a ledger at all; the message says why."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: entries `first` to `last` (one, unless nothing in the file can tell which), or the
    checkpoint of size `checkpoint`."""

    reason: str
    first: int | None = None
    last: int | None = None
    checkpoint: int | None = None

    @property
    def position(self) -> float:
        """Where it stands in the log; a checkpoint stands after its last entry."""
        if self.checkpoint is not None:
            return self.checkpoint - 0.5
        return float("inf") if self.first is None else float(self.first)

    def __str__(self) -> str:
        if self.checkpoint is not None:
            return f"checkpoint of size {self.checkpoint}: {self.reason}"
        if self.first is None:
            return self.reason
        if self.last in (None, self.first):
            return f"entry {self.first}: {self.reason}"
        return f"entries {self.first} to {self.last}: {self.reason}"


def bad_entry(seq: int, reason: str) -> Problem:
    """A problem of exactly one entry."""
    return Problem(reason, seq, seq)


@dataclass(slots=True)
class Export:
    """What a file says. `leaves` are the hashes of the entries up to the first that contradicts itself (`problem`);
    `tiles` the hashes that the log itself kept of them, by entry number. `unopened` are the entries without an
    opening, `forgotten` how many went by the word of the events that tell of it. `faults` are what is wrong with
    lines that are no entry's."""

    origin: str
    keys: list[Verifier]
    hand_overs: list[str]
    size: Any
    leaves: list[bytes] = field(default_factory=list)
    tiles: dict[int, bytes] = field(default_factory=dict)
    unopened: list[int] = field(default_factory=list)
    forgotten: int = 0
    notes: list[str] = field(default_factory=list)
    openings: int = 0
    problem: Problem | None = None
    faults: list[Problem] = field(default_factory=list)
    expected: int = 0
    later: set[int] = field(default_factory=set)
    found: int | None = None


def read_export(lines: Iterable[str]) -> Export:
    """Read all lines. `ExportUnreadable` where there is no header."""
    rows = iter(lines)
    export = _header(next(rows, ""))
    for number, row in enumerate(rows, 2):
        if row.strip():
            _line(export, row, number)
    if export.found is not None:
        export.problem = bad_entry(export.expected, _order(export))
    size, held = export.size, len(export.leaves)
    if type(size) is not int or size != held:
        said = type(size) is int and abs(size) < 10**18
        told = f"it says that there are {size}" if said else "it does not say how many"
        export.faults.append(Problem(f"line 1: {told} entries, and the file holds {held}"))
    return export


def _header(row: str) -> Export:
    try:
        header = _parse(row)
        if header["threekeysLedgerExport"] != VERSION:
            raise ExportUnreadable("this is an export of another version")
        keys = [Verifier.parse(key) for key in header["keys"]]
        hand_overs = [str(told) for told in header.get("handOvers", ())]
        export = Export(str(header["origin"]), keys, hand_overs, header.get("size"))
        _check_members(export, header, _HEADER, 1)
        return export
    except ExportUnreadable:
        raise
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ExportUnreadable("the first line is not the header of a ledger's export") from None


def _line(export: Export, row: str, number: int) -> None:
    try:
        line = _parse(row)
        if "checkpoint" in line:
            export.notes.append(str(line["checkpoint"]))
            _check_members(export, line, _CHECKPOINT, number)
        elif "tile" in line:
            _tile(export, line)
            _check_members(export, line, _TILE, number)
        elif export.problem is None and export.found is None:
            _entry(export, line, number)
        else:
            export.later.add(int(line["seq"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        if export.problem is None and export.found is None:
            export.problem = bad_entry(export.expected, "its line cannot be read")


def _check_members(export: Export, line: Mapping[str, Any], known: frozenset[str], number: int) -> None:
    """What nobody signed must not look as if it were. The name is not told: it may be of somebody."""
    if not known.issuperset(line):
        export.faults.append(Problem(f"line {number}: it has a member that no line of its kind has"))


def _tile(export: Export, line: Mapping[str, Any]) -> None:
    path = TilePath.parse(line["tile"])
    try:
        hashes = b64decode(line["hashes"], validate=True)
    except Base64Error:
        hashes = b""
    if path.level == 0 and len(hashes) == path.width * HASH:
        first = path.index * WIDTH
        export.tiles.update((first + n, hashes[n * HASH : (n + 1) * HASH]) for n in range(path.width))


def _entry(export: Export, line: Mapping[str, Any], number: int) -> None:
    seq = line["seq"]
    if type(seq) is not int:
        raise TypeError
    if seq != export.expected:
        export.found = seq
        export.later.add(seq)
        return
    if not _ENTRY.issuperset(line):
        export.problem = bad_entry(seq, f"its line, line {number}, has a member that no entry has")
        return
    commitment = bytes.fromhex(line["commitment"])
    if len(commitment) != HASH:
        raise ValueError
    if "event" in line or "salt" in line:
        reason = _contradiction(line, commitment)
        if reason is not None:
            export.problem = bad_entry(seq, reason)
            return
        export.openings += 1
        export.forgotten += _forgotten(line["event"])
    else:
        export.unopened.append(seq)
    export.leaves.append(leaf_hash(commitment))
    export.expected += 1


def _forgotten(event: Mapping[str, Any]) -> int:
    openings = event.get("openings") if event.get("kind") == "person-forgotten" else 0
    return openings if type(openings) is int else 0


def _contradiction(line: Mapping[str, Any], commitment: bytes) -> str | None:
    try:
        if commit_to(bytes.fromhex(line["salt"]), canonical(line["event"])) != commitment:
            return "its event or salt is not what the commitment commits to"
    except (ValueError, TypeError, KeyError):
        return "its event or salt is not what the commitment commits to"
    if line["event"].get("id") != line["id"]:
        return "its id is not that of its event"
    return None


def _order(export: Export) -> str:
    if export.expected in export.later:
        return "it is out of its order"
    return f"it is missing: {export.found} stands in its place"


def _parse(row: str) -> dict[str, Any]:
    line = from_json(row.encode(), catch_duplicate_keys=True, allow_inf_nan=False)
    if not isinstance(line, dict):
        raise TypeError
    return line
