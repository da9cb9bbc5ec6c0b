"""Recomputing the whole log offline, from an export and public keys, and naming the first bad entry.

What is believed: the checkpoint keys that the auditor pins, those that these hand over to, and the checkpoints that
the auditor kept from before. What a key from before the pinned ones signed is compared, and counts for nothing by
itself: the log that it tells of is what a later checkpoint by a trusted key covers. Without pinned keys those of the
export's own header are used, which shows that the file is whole, not whose it is; the report says so.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.merkle import Frontier
from gateway.ledger.note import UnknownSigner, Verifier
from gateway.ledger.reading import Export, Problem, bad_entry, read_export
from gateway.signing.errors import SignatureError
from gateway.signing.handover import follow
from gateway.signing.keys import Purpose


@dataclass(frozen=True, slots=True)
class Report:
    """What was found. `pinned`: the keys came from the auditor. `older`: checkpoints by keys from before those, not
    counted. `signer`: the key of the last checkpoint, `name+id+key`, and `handed_over` whether it is trusted by a
    hand-over only. `unopened` are the entries whose openings are not there, and `forgotten` how many openings went by
    the word of `person-forgotten` events. `problem` is the first in the order of the log."""

    origin: str
    entries: int
    openings: int
    checkpoints: int
    root: str
    pinned: bool
    older: int
    signer: str
    handed_over: bool
    unopened: Sequence[int]
    forgotten: int
    problem: Problem | None

    @property
    def ok(self) -> bool:
        return self.problem is None

    @property
    def accounted(self) -> bool:
        """Whether just as many openings are missing as went with people who were forgotten. Always of an export that
        was made without any: nothing in it can be compared."""
        return not self.openings or len(self.unopened) == self.forgotten


def verify_export(path: Path | str, *, keys: Sequence[str] = (), remembered: Sequence[str] = ()) -> Report:
    """Check a file. `keys`: pinned `name+id+key`; `remembered`: notes seen earlier, which the log must still contain.

    `ExportUnreadable` where it is no export; OSError where it cannot be opened; ValueError for a bad pinned key.
    """
    with Path(path).open(encoding="utf-8", errors="replace", newline="\n") as file:
        return verify_lines(file, keys=keys, remembered=remembered)


def verify_lines(lines: Iterable[str], *, keys: Sequence[str] = (), remembered: Sequence[str] = ()) -> Report:
    """The same, over the lines of an export."""
    pinned = [Verifier.parse(key) for key in keys]
    export = read_export(lines)
    trusted, faults = _trusted(export, pinned)
    signed = _opened([*export.notes, *remembered], export, trusted)
    problems = [*signed.problems, *map(Problem, faults)]
    if export.problem is not None:
        problems.append(export.problem)
    everything = sorted([*signed.checkpoints, *signed.older], key=lambda checkpoint: checkpoint.size)
    problems += _against(export, everything) or _uncovered(export, everything, problems)
    problems += export.faults  # last: an entry that is missing is told by its number, rather than as a wrong count
    frontier = Frontier()
    for leaf in export.leaves:
        frontier.append(leaf)
    return Report(
        origin=export.origin,
        entries=len(export.leaves),
        openings=export.openings,
        checkpoints=len(signed.checkpoints),
        root=frontier.root().hex(),
        pinned=bool(pinned),
        older=len(signed.older),
        signer=str(signed.signer or ""),
        handed_over=bool(pinned) and signed.signer is not None and signed.signer not in pinned,
        unopened=export.unopened,
        forgotten=export.forgotten,
        problem=min(problems, key=lambda problem: problem.position, default=None),
    )


def _trusted(export: Export, pinned: Sequence[Verifier]) -> tuple[list[Verifier], tuple[str, ...]]:
    """The keys that may sign for this log, and what is wrong with the hand-overs between them."""
    if not pinned:
        return export.keys, ()
    ours = [key.jwk for key in pinned if key.name == export.origin]
    followed = follow(Purpose.CHECKPOINT, ours, export.hand_overs)
    return Verifier.of_jwks(export.origin, {"keys": followed.keys}), followed.faults


@dataclass(slots=True)
class _Signed:
    """Checkpoints by trusted keys, and by keys from before them; `signer` is the trusted key of the last."""

    checkpoints: list[Checkpoint] = field(default_factory=list)
    older: list[Checkpoint] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    signer: Verifier | None = None
    size: int = -1


def _opened(notes: Sequence[str], export: Export, trusted: Sequence[Verifier]) -> _Signed:
    found = _Signed()
    strange: list[tuple[str, UnknownSigner]] = []
    last = ""
    for note in notes:
        try:
            checkpoint = Checkpoint.open(note, export.origin, trusted)
        except UnknownSigner as error:
            strange.append((note, error))
        except SignatureError as error:
            found.problems.append(Problem(str(error), checkpoint=_claimed_size(note)))
        else:
            found.checkpoints.append(checkpoint)
            if checkpoint.size > found.size:
                found.size, last = checkpoint.size, note
    found.signer = _signer(last, export.origin, trusted)
    for note, unknown in strange:
        try:
            checkpoint = Checkpoint.open(note, export.origin, export.keys)
            if checkpoint.size > found.size:
                raise unknown
        except SignatureError:
            by = " and ".join(unknown.claimed)
            reason = f"{unknown}: {by} did, and none of the keys given is that key or vouches for it"
            found.problems.append(Problem(reason, checkpoint=_claimed_size(note)))
        else:
            found.older.append(checkpoint)
    return found


def _signer(note: str, origin: str, keys: Sequence[Verifier]) -> Verifier | None:
    """Which of these keys, the newest of them, signed a note that some of them did."""
    for key in reversed(keys):
        with suppress(SignatureError):
            Checkpoint.open(note, origin, [key])
            return key
    return None


def _claimed_size(note: str) -> int:
    """The size that an unbelieved note claims, only to say which one it is; 0 where it claims none."""
    lines = note.split("\n", 2)
    return int(lines[1][:18]) if len(lines) == 3 and lines[1].isascii() and lines[1].isdigit() else 0


def _against(export: Export, checkpoints: Sequence[Checkpoint]) -> list[Problem]:
    """What the signed roots say about the entries, and the entries about the roots."""
    held = len(export.leaves)
    within = [checkpoint for checkpoint in checkpoints if checkpoint.size <= held]
    ours, stored = _roots(export, {checkpoint.size for checkpoint in within})
    agreed = [checkpoint.size for checkpoint in within if ours[checkpoint.size] == checkpoint.root]
    last = max(agreed, default=0)
    problems = [
        Problem("it signs another history than the checkpoints after it: the log was forked", checkpoint=c.size)
        for c in within
        if c.size <= last and ours[c.size] != c.root
    ]
    broken = next((c for c in within if c.size > last), None)
    if broken is not None:
        problems.append(_located(export, last, broken, stored.get(broken.size) == broken.root))
    elif export.problem is None:
        beyond = next((c for c in checkpoints if c.size > held), None)
        if beyond is not None:
            problems.append(bad_entry(held, f"it is missing: a signed checkpoint covers {beyond.size} entries"))
    problems += [
        bad_entry(n, "the log's tile holds another hash for it; the entry is what was signed")
        for n in range(last)
        if export.tiles.get(n, export.leaves[n]) != export.leaves[n]
    ][:1]
    return problems


def _uncovered(export: Export, checkpoints: Sequence[Checkpoint], problems: Sequence[Problem]) -> list[Problem]:
    """Entries after the last checkpoint, unless a worse problem is known already that may be the cause."""
    last = max((checkpoint.size for checkpoint in checkpoints), default=0)
    if problems or (checkpoints and last >= len(export.leaves)):
        return []
    return [bad_entry(last, "no signed checkpoint covers it")]


def _roots(export: Export, sizes: set[int]) -> tuple[dict[int, bytes], dict[int, bytes]]:
    """The roots at these sizes, recomputed from the entries, and from the log's own tiles where these are there."""
    ours, stored = Frontier(), Frontier()
    from_entries = {0: ours.root()}
    from_tiles: dict[int, bytes] = {}
    for n, leaf in enumerate(export.leaves):
        ours.append(leaf)
        tile = export.tiles.get(n)
        if tile is not None and stored.size == n:
            stored.append(tile)
        if n + 1 in sizes:
            from_entries[n + 1] = ours.root()
            if stored.size == n + 1:
                from_tiles[n + 1] = stored.root()
    return from_entries, from_tiles


def _located(export: Export, agreed: int, broken: Checkpoint, tiles_agree: bool) -> Problem:
    """The first entry that is not what was signed, between the last root that agrees and the first that does not."""
    if tiles_agree:
        for n in range(agreed, broken.size):
            if export.tiles[n] != export.leaves[n]:
                return bad_entry(n, "it is not the entry that was signed")
    reason = "one of them is not what was signed, or the checkpoint belongs to a fork"
    return Problem(reason, agreed, broken.size - 1)
