"""After rotations: what an auditor pinned once goes on telling the truth, by the real commands, offline."""

import asyncio
import json
from pathlib import Path

import pytest

from gateway.ledger.note import Verifier
from gateway.signing.directory import KeyDirectory
from gateway.signing.handover import hand_over
from gateway.signing.keys import Purpose, generate
from tests.cli.conftest import Command
from tests.ledger.log import ORIGIN, opened

EXPORT = "export.jsonl"


class Operated:
    """A gateway's files as its operator has them, and its log with entries under each of three checkpoint keys."""

    def __init__(self, threekeys: Command, *rotations: tuple[str, ...]) -> None:
        self.threekeys = threekeys
        self.folder = threekeys.folder
        (self.folder / "threekeys.yaml").write_text(f"baseUrl: https://gateway.example\nledgerOrigin: {ORIGIN}\n")
        (self.folder / "threekeys.yaml").open("a").write("tls: {certificate: c.pem, key: k.pem}\n")
        KeyDirectory(self.folder / "keys").ensure()
        assert threekeys("migrate")[0] == 0
        self.notes: list[str] = []
        self.enter()
        for options in rotations:
            status, said, err = threekeys("keys", "rotate", "checkpoint", *options)
            assert status == 0, err
            assert said.splitlines()[1] == f"for auditors to pin: {self.pins[-1]}"
            self.enter()
        status, said, err = threekeys("ledger", "export", EXPORT)
        assert status == 0, err

    def enter(self) -> None:
        """Two entries, and the checkpoint over them."""

        async def work() -> str:
            url = f"sqlite:///{self.folder / 'threekeys.db'}"
            async with opened(url, self.folder / "keys", create=False) as log:
                log.sequencer.holder = "the gateway"  # which need not wait for a lease of its own
                await log.append("one", "two")
                await log.sequencer.number()
                notes = [json.loads(line) for line in await log.exported() if '"checkpoint"' in line]
                return str(notes[-1]["checkpoint"])

        self.notes.append(asyncio.run(work()))

    @property
    def pins(self) -> list[str]:
        keys = KeyDirectory(self.folder / "keys").live(Purpose.CHECKPOINT)
        return [str(Verifier(ORIGIN, key.public_bytes())) for key in keys]

    def verify(self, *arguments: str) -> tuple[int, str]:
        """Offline: from the export alone, in a folder without keys or database."""
        elsewhere = self.folder / "auditor"
        elsewhere.mkdir(exist_ok=True)
        (elsewhere / EXPORT).write_text((self.folder / EXPORT).read_text())
        status, out, err = Command(elsewhere, self.threekeys.monkeypatch, self.threekeys.capsys)(
            "ledger", "verify", EXPORT, *arguments
        )
        assert status in (0, 2), err
        return status, out

    def told(self, hand_overs: list[str]) -> None:
        """Other hand-overs in the export."""
        header, *rest = (self.folder / EXPORT).read_text().splitlines(keepends=True)
        changed = json.dumps(json.loads(header) | {"handOvers": hand_overs})
        (self.folder / EXPORT).write_text("".join([changed + "\n", *rest]))

    @property
    def hand_overs(self) -> list[str]:
        found: list[str] = json.loads((self.folder / EXPORT).read_text().splitlines()[0])["handOvers"]
        return found


def name(pin: str) -> str:
    """`origin+id`, as the verifier names a key."""
    return "+".join(pin.split("+")[:2])


def test_who_pinned_the_first_key_verifies_a_log_that_three_signed(threekeys: Command, tmp_path: Path) -> None:
    operated = Operated(threekeys, (), ())
    (tmp_path / "auditor").mkdir()
    (tmp_path / "auditor" / "kept.txt").write_text(operated.notes[0])
    status, said = operated.verify("--key", operated.pins[0], "--checkpoint", "kept.txt")
    assert status == 0, said
    assert said.startswith(f"verified 6 entries, 6 openings and 4 checkpoints of {ORIGIN}, against the keys given")
    assert f"signed last by {operated.pins[2]}: pin this key from now on" in said


def test_who_pins_the_newest_key_verifies_the_same_log(threekeys: Command, tmp_path: Path) -> None:
    operated = Operated(threekeys, (), ())
    (tmp_path / "auditor").mkdir()
    (tmp_path / "auditor" / "kept.txt").write_text(operated.notes[0])
    status, said = operated.verify("--key", operated.pins[2], "--checkpoint", "kept.txt")
    assert status == 0, said
    assert "and 1 checkpoint of" in said
    assert "3 checkpoints by keys from before yours" in said
    assert "pin this key" not in said


@pytest.mark.parametrize("missing", [0, 1])
def test_a_hand_over_that_is_missing_names_the_key_that_nobody_vouches_for(threekeys: Command, missing: int) -> None:
    operated = Operated(threekeys, (), ())
    told = operated.hand_overs
    operated.told([one for place, one in enumerate(told) if place != missing])
    status, said = operated.verify("--key", operated.pins[0])
    assert (status, said.startswith(f"BAD: checkpoint of size {2 * missing + 4}: ")) == (2, True)
    assert name(operated.pins[missing + 1]) in said
    assert operated.verify()[0] == 0, "the file is whole, whoever it is of"
    assert operated.verify("--key", operated.pins[0], "--key", operated.pins[missing + 1])[0] == 0


def test_a_forged_hand_over_names_the_key_that_nobody_vouches_for(threekeys: Command) -> None:
    operated = Operated(threekeys, (), ())
    old, new, _ = KeyDirectory(operated.folder / "keys").live(Purpose.CHECKPOINT)
    honest, after = operated.hand_overs
    head, payload, _ = honest.split(".")
    by_another = hand_over(Purpose.CHECKPOINT, generate(Purpose.CHECKPOINT), new)
    for forged in (f"{head}.{payload}.{by_another.split('.')[2]}", by_another, "nothing"):
        operated.told([forged, after])
        status, said = operated.verify("--key", operated.pins[0])
        assert (status, name(operated.pins[1]) in said) == (2, True), said
    other = hand_over(Purpose.CHECKPOINT, old, generate(Purpose.CHECKPOINT))
    operated.told([honest, after, other])
    status, said = operated.verify("--key", operated.pins[0])
    assert (status, "two keys" in said) == (2, True), said


def test_after_a_rotation_without_a_hand_over_the_new_key_has_to_be_pinned(threekeys: Command) -> None:
    operated = Operated(threekeys, ("--no-hand-over",))
    status, said = operated.verify("--key", operated.pins[0])
    assert (status, name(operated.pins[1]) in said) == (2, True), said
    assert operated.verify("--key", operated.pins[1])[0] == 0


def test_what_only_a_key_from_before_the_pinned_one_signed_is_not_believed(threekeys: Command) -> None:
    """Whoever stole the first key shows a log that ends where it alone signed."""
    operated = Operated(threekeys, ())
    pins = operated.pins
    cut = [
        line
        for line in (operated.folder / EXPORT).read_text().splitlines(keepends=True)
        if json.loads(line).get("seq", 0) < 2 and "\n4\n" not in json.loads(line).get("checkpoint", "")
    ]
    cut[0] = json.dumps(json.loads(cut[0]) | {"size": 2}) + "\n"
    (operated.folder / EXPORT).write_text("".join(cut))
    assert operated.verify("--key", pins[0])[0] == 0, "by itself it is a whole log"
    status, said = operated.verify("--key", pins[1])
    assert (status, name(pins[0]) in said) == (2, True), said


def test_the_keys_that_an_auditor_may_pin_are_listed(threekeys: Command) -> None:
    operated = Operated(threekeys, ())
    listed = threekeys("keys", "list")[1]
    assert [line.split()[2] for line in listed.splitlines() if line.startswith("checkpoint")] == operated.pins
