"""An export from which openings were taken out does not pass as whole, and one that lacks entries says so: by the
real command."""

import asyncio
import json
import threading
from collections.abc import Sequence

import pytest

from gateway.db.intent import Lock, Transaction
from gateway.ledger.entry import append
from tests.cli.conftest import Command
from tests.ledger.log import ORIGIN, opened

EXPORT = "export.jsonl"


class Forgotten:
    """What forgetting a person leaves, where it took this many openings."""

    def __init__(self, openings: int) -> None:
        self.openings = openings

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> object:
        return append(tx, {"kind": "person-forgotten", "openings": self.openings}, ())


@pytest.fixture
def exported(threekeys: Command) -> Command:
    """Six entries, of which two were forgotten; the last tells of it."""
    (threekeys.folder / "threekeys.yaml").write_text(f"baseUrl: http://127.0.0.1:8400\nledgerOrigin: {ORIGIN}\n")
    assert threekeys("migrate")[0] == 0

    async def work() -> None:
        async with opened(f"sqlite:///{threekeys.folder / 'threekeys.db'}", threekeys.folder / "keys") as log:
            made = []
            for name in ("one", "two", "three", "four", "five"):
                made += await log.append(name)
                await asyncio.sleep(0.003)  # ids of one millisecond are in no order
            await log.forget(made[1].entry_id, made[2].entry_id)
            await log.store.commit(Forgotten(2))
            await log.sequencer.number()

    asyncio.run(work())
    assert threekeys("ledger", "export", EXPORT)[0] == 0
    return threekeys


def taken_out(threekeys: Command, *numbers: int) -> None:
    path = threekeys.folder / EXPORT
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for line in lines:
        if line.get("seq") in numbers:
            del line["salt"], line["event"]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_what_forgotten_people_account_for_is_said_and_is_no_fault(exported: Command) -> None:
    status, out, _ = exported("ledger", "verify", EXPORT)
    assert status == 0
    assert "verified 6 entries, 4 openings" in out
    assert "without 2 openings: 2 went with people who were forgotten" in out


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        (
            (4,),
            "3 openings missing (entries 1 to 2 and 4); events of people who were forgotten account for 2 openings",
        ),
        (
            (0, 5),
            "4 openings missing (entries 0 to 2 and 5); events of people who were forgotten account for 0 openings",
        ),
    ],
)
def test_an_opening_that_was_taken_out_is_named(exported: Command, numbers: tuple[int, ...], said: str) -> None:
    taken_out(exported, *numbers)
    status, out, _ = exported("ledger", "verify", EXPORT)
    assert status == 3, out
    assert f"INCOMPLETE: {said}\n" in out
    assert out.startswith("verified 6 entries")


def test_an_export_without_any_says_that_it_was_not_looked_at(exported: Command) -> None:
    assert exported("ledger", "export", "--no-openings", EXPORT)[0] == 0
    status, out, _ = exported("ledger", "verify", EXPORT)
    assert status == 0
    assert "it holds no openings" in out


def test_entries_that_have_no_number_yet_are_told(exported: Command) -> None:
    """As a crash leaves them: acknowledged, and numbered once a gateway runs again."""
    status, out, err = exported("ledger", "export", EXPORT)
    assert (status, out, err) == (0, f"exported 6 entries to {EXPORT}\n", "")

    async def crash() -> None:
        async with opened(f"sqlite:///{exported.folder / 'threekeys.db'}", exported.folder / "keys") as log:
            await log.append("six", "seven", "eight")

    asyncio.run(crash())
    status, out, err = exported("ledger", "export", EXPORT)
    assert (status, out) == (0, f"exported 6 entries to {EXPORT}\n")
    assert err.startswith("threekeys: not in it: 3 entries without a number yet. ")
    assert err.endswith("start one, or see in its log why, then export again\n")


def test_what_a_gateway_is_about_to_number_is_in_the_export(exported: Command) -> None:
    """Though it goes on entering meanwhile."""
    ended = threading.Event()

    async def serve() -> None:
        async with opened(f"sqlite:///{exported.folder / 'threekeys.db'}", exported.folder / "keys") as log:
            await log.append("six")
            begun.set()
            while not ended.is_set():
                await asyncio.sleep(0.3)
                await log.sequencer.number()
                await log.append("more")

    begun = threading.Event()
    gateway = threading.Thread(target=lambda: asyncio.run(serve()))
    gateway.start()
    try:
        assert begun.wait(10)
        status, out, err = exported("ledger", "export", EXPORT)
    finally:
        ended.set()
        gateway.join()
    assert (status, err) == (0, "")
    assert int(out.split()[1]) >= 7
