"""Tampering with an export in every way that we know of: the first bad entry is named each time."""

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger.canonical import canonical
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.entry import commit_to
from gateway.ledger.merkle import Frontier, leaf_hash
from gateway.ledger.note import Verifier
from gateway.ledger.reading import ExportUnreadable, Problem
from gateway.ledger.verify import Report, verify_export, verify_lines
from gateway.signing.directory import KeyDirectory
from gateway.signing.keys import Purpose, SigningKey, generate
from tests.ledger.log import ORIGIN, opened

SIZES = [3, 4, 9, 12]
SIZE = SIZES[-1]
Line = dict[str, Any]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], SigningKey]:
    """An export of 12 entries with a checkpoint at 3, 4, 9 and 12, and the key that signed them."""
    folder = tmp_path_factory.mktemp("ledger")

    async def body() -> list[str]:
        async with opened(f"sqlite:///{folder / 'gateway.db'}", folder / "keys") as log:
            for start, end in zip([0, *SIZES], SIZES, strict=False):
                await log.append(*(f"event {n}" for n in range(start, end)))
                await log.sequencer.number()
            return await log.exported()

    lines = asyncio.run(body())
    return lines, KeyDirectory(folder / "keys").ensure().current(Purpose.CHECKPOINT)


@pytest.fixture
def lines(log: tuple[list[str], SigningKey]) -> list[Line]:
    return [json.loads(line) for line in log[0]]


@pytest.fixture
def key(log: tuple[list[str], SigningKey]) -> SigningKey:
    return log[1]


def _check(lines: list[Line], **trusted: Any) -> Report:
    return verify_lines([json.dumps(line) for line in lines], **trusted)


def _problem(lines: list[Line], **trusted: Any) -> Problem:
    problem = _check(lines, **trusted).problem
    assert problem is not None, "tampering was not noticed"
    return problem


def _entry(lines: list[Line], seq: int) -> Line:
    return next(line for line in lines if line.get("seq") == seq)


def _commitments(lines: list[Line]) -> list[str]:
    return [line["commitment"] for line in lines if "seq" in line]


def _rewrite(line: Line, name: str) -> None:
    """Change an event and everything beside it that a forger without the key can make fit."""
    line["event"]["name"] = name
    line["commitment"] = commit_to(bytes.fromhex(line["salt"]), canonical(line["event"])).hex()


def _retile(lines: list[Line]) -> None:
    hashes = b"".join(leaf_hash(bytes.fromhex(text)) for text in _commitments(lines))
    next(line for line in lines if "tile" in line)["hashes"] = b64encode(hashes).decode()


def _root(lines: list[Line], size: int) -> bytes:
    frontier = Frontier()
    for text in _commitments(lines)[:size]:
        frontier.append(leaf_hash(bytes.fromhex(text)))
    return frontier.root()


def test_an_untouched_export_verifies(log: tuple[list[str], SigningKey], tmp_path: Path) -> None:
    path = tmp_path / "export.jsonl"
    path.write_text("".join(log[0]))
    report = verify_export(path)
    assert report.ok
    assert (report.origin, report.entries, report.openings, report.checkpoints) == (ORIGIN, SIZE, SIZE, 4)
    assert not report.pinned
    pinned = verify_export(path, keys=[str(Verifier(ORIGIN, log[1].public_bytes()))])
    assert pinned.ok
    assert pinned.pinned


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_changed_event_is_named_at_each_position(lines: list[Line], seq: int) -> None:
    _entry(lines, seq)["event"]["name"] = "another"
    problem = _problem(lines)
    assert (problem.first, problem.last) == (seq, seq)
    assert "event" in problem.reason


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_changed_event_with_its_commitment_made_to_fit_is_named(lines: list[Line], seq: int) -> None:
    _rewrite(_entry(lines, seq), "another")
    problem = _problem(lines)
    assert (problem.first, problem.last) == (seq, seq)
    assert problem.reason == "it is not the entry that was signed"


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_changed_commitment_without_an_opening_is_named(lines: list[Line], seq: int) -> None:
    entry = _entry(lines, seq)
    del entry["salt"], entry["event"]
    assert _check(lines).ok
    entry["commitment"] = "00" * 32
    problem = _problem(lines)
    assert (problem.first, problem.last) == (seq, seq)


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_forger_who_makes_the_tile_fit_too_is_caught_by_the_signed_root(lines: list[Line], seq: int) -> None:
    _rewrite(_entry(lines, seq), "another")
    _retile(lines)
    problem = _problem(lines)
    assert problem.first is not None
    assert problem.last is not None
    assert problem.first <= seq <= problem.last
    assert (problem.first, problem.last + 1) in zip([0, *SIZES], SIZES, strict=False)


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_missing_entry_is_named(lines: list[Line], seq: int) -> None:
    lines.remove(_entry(lines, seq))
    problem = _problem(lines)
    assert problem.first == seq
    assert "missing" in problem.reason


@pytest.mark.parametrize("seq", range(SIZE - 1))
def test_two_entries_in_each_others_place_are_named(lines: list[Line], seq: int) -> None:
    one, other = lines.index(_entry(lines, seq)), lines.index(_entry(lines, seq + 1))
    lines[one], lines[other] = lines[other], lines[one]
    problem = _problem(lines)
    assert (problem.first, problem.reason) == (seq, "it is out of its order")


@pytest.mark.parametrize("seq", range(SIZE - 1))
def test_two_entries_that_exchange_their_numbers_too_are_named(lines: list[Line], seq: int) -> None:
    one, other = _entry(lines, seq), _entry(lines, seq + 1)
    at, to = lines.index(one), lines.index(other)
    one["seq"], other["seq"] = seq + 1, seq
    lines[at], lines[to] = other, one
    assert _problem(lines).first == seq


@pytest.mark.parametrize("keep", range(SIZE))
def test_a_truncated_log_is_noticed_by_its_own_checkpoints(lines: list[Line], keep: int) -> None:
    left = [line for line in lines if line.get("seq", -1) < keep]
    problem = _problem(left)
    assert (problem.first, "missing" in problem.reason) == (keep, True)


@pytest.mark.parametrize("keep", SIZES[:-1])
def test_a_log_cut_back_to_an_older_checkpoint_is_noticed_by_whoever_kept_a_newer(
    lines: list[Line], keep: int
) -> None:
    kept = [line["checkpoint"] for line in lines if "checkpoint" in line]
    left = [line for line in lines if line.get("seq", -1) < keep and _size(line.get("checkpoint", "\n0")) <= keep]
    assert str(_problem(left)) == f"line 1: it says that there are {SIZE} entries, and the file holds {keep}"
    left[0]["size"] = keep
    assert _check(left).ok, "by itself it is a whole log"
    problem = _problem(left, remembered=kept[-1:])
    assert (problem.first, "missing" in problem.reason) == (keep, True)


def _size(note: str) -> int:
    return int(note.split("\n")[1])


def test_an_entry_added_by_somebody_without_the_key_is_named(lines: list[Line]) -> None:
    lines.append({"seq": SIZE, "id": "x", "commitment": "11" * 32})
    problem = _problem(lines)
    assert (problem.first, problem.reason) == (SIZE, "no signed checkpoint covers it")


def test_an_export_without_checkpoints_proves_nothing(lines: list[Line]) -> None:
    problem = _problem([line for line in lines if "checkpoint" not in line])
    assert (problem.first, problem.reason) == (0, "no signed checkpoint covers it")


@pytest.mark.parametrize("which", range(4))
def test_a_checkpoint_with_a_wrong_signature_is_named(lines: list[Line], which: int) -> None:
    line = [line for line in lines if "checkpoint" in line][which]
    text, _, signature = line["checkpoint"].rpartition(" ")
    line["checkpoint"] = f"{text} {signature[:40]}{'A' if signature[40] != 'A' else 'B'}{signature[41:]}"
    problem = _problem(lines)
    assert (problem.checkpoint, problem.reason) == (SIZES[which], "a signature of a known key does not verify")


@pytest.mark.parametrize("which", range(4))
def test_a_forked_checkpoint_signed_with_the_true_key_is_named(
    lines: list[Line], key: SigningKey, which: int
) -> None:
    """The operator signs two histories and shows each to another auditor; the two compare notes."""
    fork = Checkpoint(ORIGIN, SIZES[which], bytes(32)).signed(key)
    for trusted, given in (([fork], lines), ([], [*lines, {"checkpoint": fork}])):
        problem = _problem(given, remembered=trusted)
        assert problem.checkpoint == SIZES[which]
        assert "forked" in problem.reason


@pytest.mark.parametrize("seq", range(SIZE))
def test_a_rewritten_history_signed_with_the_true_key_is_caught_by_a_remembered_checkpoint(
    lines: list[Line], key: SigningKey, seq: int
) -> None:
    kept = [line["checkpoint"] for line in lines if "checkpoint" in line]
    _rewrite(_entry(lines, seq), "another")
    _retile(lines)
    for line in lines:
        if "checkpoint" in line:
            size = _size(line["checkpoint"])
            line["checkpoint"] = Checkpoint(ORIGIN, size, _root(lines, size)).signed(key)
    assert _check(lines).ok, "the operator can rewrite what nobody remembers"
    assert _problem(lines, remembered=kept[-1:]).checkpoint == SIZE


def test_a_history_signed_by_somebody_else_is_refused_where_the_key_is_pinned(
    lines: list[Line], key: SigningKey
) -> None:
    forger = generate(Purpose.CHECKPOINT)
    lines[0]["keys"] = [str(Verifier(ORIGIN, forger.public_bytes()))]
    for line in lines:
        if "checkpoint" in line:
            size = _size(line["checkpoint"])
            line["checkpoint"] = Checkpoint(ORIGIN, size, _root(lines, size)).signed(forger)
    assert not _check(lines).pinned
    problem = _problem(lines, keys=[str(Verifier(ORIGIN, key.public_bytes()))])
    assert problem.reason.startswith("no known key signed this note: ")


def test_a_changed_tile_is_told_from_a_changed_entry(lines: list[Line]) -> None:
    tile = next(line for line in lines if "tile" in line)
    hashes = bytearray(32 * SIZE)
    hashes[:] = b"".join(leaf_hash(bytes.fromhex(text)) for text in _commitments(lines))
    hashes[32 * 5] ^= 1
    tile["hashes"] = b64encode(bytes(hashes)).decode()
    problem = _problem(lines)
    assert (problem.first, problem.reason.split(";")[0]) == (5, "the log's tile holds another hash for it")


def test_a_changed_id_is_named(lines: list[Line]) -> None:
    _entry(lines, 6)["id"] = _entry(lines, 7)["id"]
    problem = _problem(lines)
    assert (problem.first, problem.reason) == (6, "its id is not that of its event")


def test_of_several_bad_entries_the_first_is_named(lines: list[Line]) -> None:
    _entry(lines, 8)["event"]["name"] = "another"
    _rewrite(_entry(lines, 2), "another")
    lines.remove(_entry(lines, 10))
    assert _problem(lines).first == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line.replace('"event":{', '"event":{"name":"a lie",'),
        lambda line: line[:-10],
        lambda line: line.replace('"seq":5', '"seq":5.0'),
        lambda line: line.replace('"seq":5', '"seq":true'),
        lambda line: line.replace('"commitment":"', '"commitment":"zz'),
        lambda line: "[]\n",
        lambda line: "null\n",
        lambda line: "{}\n",
    ],
)
def test_a_line_that_cannot_be_read_is_a_bad_entry(
    log: tuple[list[str], SigningKey], spoil: Callable[[str], str]
) -> None:
    spoilt = [spoil(line) if '"seq":5,' in line else line for line in log[0]]
    problem = verify_lines(spoilt).problem
    assert problem is not None
    assert problem.first == 5


@pytest.mark.parametrize(
    ("size", "told"),
    [
        (99999999, "it says that there are 99999999 entries"),
        (SIZE - 1, f"it says that there are {SIZE - 1} entries"),
        (float(SIZE), "it does not say how many entries"),
        (10**4000, "it does not say how many entries"),
        (None, "it does not say how many entries"),
    ],
    ids=["more", "fewer", "no whole number", "huge", "none"],
)
def test_a_header_that_counts_otherwise_is_named(lines: list[Line], size: object, told: str) -> None:
    lines[0]["size"] = size
    assert str(_problem(lines)) == f"line 1: {told}, and the file holds {SIZE}"


def test_a_member_that_an_export_has_not_is_named_by_its_line(lines: list[Line]) -> None:
    for n, line in enumerate(lines, 1):
        of_entry = f"entry {line.get('seq')}: its line, line {n}, has a member that no entry has"
        line["note"] = "seen by the auditor"
        other = f"line {n}: it has a member that no line of its kind has"
        assert str(_problem(lines)) == (of_entry if "seq" in line else other)
        del line["note"]
    assert _check(lines).ok


@pytest.mark.parametrize("header", ["", "{}", "[]", '{"threekeysLedgerExport": 2}', "\x00", '{"seq": 0}'])
def test_what_is_no_export_is_said_to_be_none(header: str) -> None:
    with pytest.raises(ExportUnreadable):
        verify_lines([header])
