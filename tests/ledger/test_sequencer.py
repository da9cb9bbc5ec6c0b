"""Numbering: nothing lost, nothing twice, one holder at a time, no signature over a tree that was tampered with."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text, update

from gateway.clock import DAY
from gateway.db.connection import Connection
from gateway.db.intent import Lock, Transaction
from gateway.ledger import repository, sequencer
from gateway.ledger.errors import LedgerCorrupt
from gateway.ledger.sequencer import LEASE, Number
from gateway.ledger.tables import SEQUENCER_ROW, TILE
from gateway.ledger.verify import verify_lines
from gateway.signing.keys import Purpose
from tests.ledger.log import ORIGIN, Append, Log, opened

Run = Callable[[Any], Any]


def _counts(connection: Connection) -> tuple[int, int, int]:
    """(entries, distinct numbers, greatest number)"""
    row = connection.first(text("SELECT count(*), count(DISTINCT seq), coalesce(max(seq), -1) FROM ledger_entry"))
    assert row is not None
    return row[0], row[1], row[2]


class Change:
    """Tamper with the stored state as somebody with access to the database would."""

    def __init__(self, change: Callable[[Transaction], object]) -> None:
        self._change = change

    def locks(self) -> tuple[Lock, ...]:
        return ()

    def apply(self, tx: Transaction) -> None:
        self._change(tx)


def test_numbers_are_given_without_gap_and_the_log_verifies(run: Run, database_url: str, tmp_path: Path) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys", most=100) as log:
            for start in range(0, 700, 70):
                await log.append(*(f"event {n}" for n in range(start, start + 70)))
            assert await log.sequencer.number() == 700
            assert await log.store.read(_counts) == (700, 700, 699)
            report = verify_lines(await log.exported())
            assert report.problem is None
            assert (report.entries, report.openings, report.checkpoints) == (700, 700, 7)

    run(body())


def test_with_nothing_to_number_nothing_is_written(run: Run, database_url: str, tmp_path: Path) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            await log.append("one")
            assert await log.sequencer.number() == 1
            before = await log.store.read(repository.latest)
            assert await log.sequencer.number() == 0
            assert await log.store.commit(Number("somebody", ORIGIN, log.keys)) == sequencer.Numbered(0, 1, held=True)
            assert await log.store.read(repository.latest) == before

    run(body())


def test_an_intent_that_fails_leaves_no_entry_and_spoils_no_other(
    run: Run, database_url: str, tmp_path: Path
) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            intents = [Append((f"{n}",), fails=n % 3 == 0) for n in range(30)]
            results = await asyncio.gather(*map(log.store.commit, intents), return_exceptions=True)
            assert sum(isinstance(result, RuntimeError) for result in results) == 10
            assert await log.sequencer.number() == 20
            assert verify_lines(await log.exported()).openings == 20

    run(body())


def test_a_lease_by_a_clock_that_was_wrong_holds_nobody_up(run: Run, database_url: str, tmp_path: Path) -> None:
    def ahead(tx: Transaction) -> object:
        return tx.run(update(SEQUENCER_ROW).values(holder="another", lease_until=tx.now + DAY))

    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            await log.append("first")
            await log.sequencer.number()
            await log.store.commit(Change(ahead))
            await log.append("second")
            assert await log.sequencer.number() == 1
            assert (await log.store.read(_lease))[0] == log.sequencer.holder

    run(body())


def test_after_statistics_of_a_quiet_hour_each_entry_is_still_looked_at_a_few_times(
    run: Run, postgres_url: str, tmp_path: Path
) -> None:
    """PostgreSQL's planner, told that all entries have a number, would join the few without with each other."""

    def looked_at(tx: Transaction) -> int:
        row = tx.first(
            text("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables WHERE relname = 'ledger_entry'")
        )
        assert row is not None
        return int(row[0])

    async def body() -> None:
        async with opened(postgres_url, tmp_path / "keys") as log:
            await log.append(*(f"before {n}" for n in range(500)))
            await log.sequencer.number()
            await log.store.commit(Change(lambda tx: tx.script("ANALYZE")))
            await log.append(*(f"after {n}" for n in range(500)))
            looks: list[int] = []

            def number(tx: Transaction) -> None:
                assert Number(log.sequencer.holder, ORIGIN, log.keys).apply(tx).count == 500
                looks.append(looked_at(tx))

            await log.store.commit(Change(number))
            assert 500 <= looks[0] < 5 * 500

    run(body())


def test_a_number_that_is_taken_stops_the_numbering(run: Run, database_url: str, tmp_path: Path) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            await log.append("one", "two", "three")
            await log.store.commit(
                Change(
                    lambda tx: tx.script(
                        "UPDATE ledger_entry SET seq = 1 WHERE id = (SELECT max(id) FROM ledger_entry)"
                    )
                )
            )
            with pytest.raises(LedgerCorrupt, match="numbered already"):
                await log.sequencer.number()
            assert (await log.store.read(_counts))[1] == 1

    run(body())


def test_two_gateways_number_one_log_together(run: Run, database_url: str, tmp_path: Path) -> None:
    """Both append and both run a sequencer; the lease changes hands when its holder stops."""

    async def drive(log: Log, name: str) -> None:
        for n in range(40):
            await log.append(f"{name} {n} a", f"{name} {n} b")

    async def body() -> None:
        keys = tmp_path / "keys"
        async with opened(database_url, keys) as one, opened(database_url, keys, create=False) as two:
            loops = [asyncio.create_task(log.sequencer.run()) for log in (one, two)]
            await asyncio.gather(drive(one, "one"), drive(two, "two"))
            lease = await one.store.read(_lease)
            holder = 0 if lease[0] == one.sequencer.holder else 1
            loops[holder].cancel()
            await (one, two)[holder].store.commit(Append(()))  # what it had handed over already is done by now
            survivor = (one, two)[1 - holder]
            await survivor.append("after the holder died")
            for _ in range(int(LEASE / 1e6 / 0.05) + 60):
                if await one.store.read(_counts) == (161, 161, 160):
                    break
                await asyncio.sleep(0.05)
            assert await one.store.read(_counts) == (161, 161, 160)
            assert (await one.store.read(_lease))[0] == survivor.sequencer.holder
            assert [log.sequencer.fault for log in (one, two)] == [None, None]
            for loop in loops:
                loop.cancel()
                with suppress(asyncio.CancelledError):
                    await loop
            assert verify_lines(await one.exported(), keys=list(map(str, one.verifiers()))).problem is None

    run(body())


def test_runs_at_the_same_moment_number_every_entry_once(run: Run, database_url: str, tmp_path: Path) -> None:
    """Without regard to leases: every run takes the holder's name, so only the row's lock stands between them."""

    async def body() -> None:
        keys = tmp_path / "keys"
        async with opened(database_url, keys) as one, opened(database_url, keys, create=False) as two:
            for log in (one, two):
                await log.append(*(f"event {n}" for n in range(300)))
            number = Number("the same", ORIGIN, one.keys, most=7)
            runs = [log.store.commit(number) for log in (one, two) for _ in range(50)]
            done = await asyncio.gather(*runs)
            assert sum(result.count for result in done) == 600
            assert await one.store.read(_counts) == (600, 600, 599)
            assert verify_lines(await two.exported()).problem is None

    run(body())


@pytest.mark.parametrize("verb", ["number", "write_tiles", "add_checkpoint"])
def test_a_crash_half_way_loses_nothing(
    run: Run, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("killed")

    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            await log.append(*(f"event {n}" for n in range(300)))
            await log.sequencer.number()
            await log.append(*(f"later {n}" for n in range(10)))
            with monkeypatch.context() as patch:
                patch.setattr(repository, verb, crash)
                with pytest.raises(RuntimeError, match="killed"):
                    await log.sequencer.number()
            assert await log.store.read(_counts) == (310, 300, 299)
            assert await log.sequencer.number() == 10
            assert verify_lines(await log.exported()).entries == 310

    run(body())


_KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from gateway.ledger import repository
from tests.ledger.log import opened

keep = repository.add_checkpoint

def kill(*arguments):
    keep(*arguments)
    os.kill(os.getpid(), signal.SIGKILL)

async def body():
    async with opened(sys.argv[1], Path(sys.argv[2]), create=False) as log:
        await log.append("durable before the kill")
        repository.add_checkpoint = kill
        while True:  # until the lease of the gateway before has run out
            await log.sequencer.number()
            await asyncio.sleep(0.05)

asyncio.run(body())
"""


def test_a_gateway_killed_after_signing_and_before_the_commit_loses_nothing(
    run: Run, database_url: str, tmp_path: Path
) -> None:
    keys = tmp_path / "keys"

    async def before() -> None:
        async with opened(database_url, keys) as log:
            await log.append("one")
            await log.sequencer.number()

    async def after() -> None:
        async with opened(database_url, keys, create=False) as log:
            assert await log.store.read(_counts) == (2, 1, 0)
            assert await log.sequencer.number() == 1
            assert verify_lines(await log.exported()).entries == 2

    run(before())
    done = subprocess.run([sys.executable, "-c", _KILLED, database_url, str(keys)], check=False, timeout=30)
    assert done.returncode == -signal.SIGKILL
    run(after())


def test_a_tampered_tile_stops_the_signing(run: Run, database_url: str, tmp_path: Path) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            await log.append("one", "two")
            await log.sequencer.number()
            await log.store.commit(Change(lambda tx: tx.run(update(TILE).values(data=bytes(64)))))
            await log.append("three")
            with pytest.raises(LedgerCorrupt, match="size 2 is not the one that was signed"):
                await log.sequencer.number()
            loop = asyncio.create_task(log.sequencer.run())
            await asyncio.sleep(0.1)
            assert log.sequencer.fault == "the stored tree of size 2 is not the one that was signed"
            loop.cancel()
            latest = await log.store.read(repository.latest)
            assert latest is not None
            assert latest[0] == 2

    run(body())


def test_after_a_rotation_old_and_new_checkpoints_verify(run: Run, database_url: str, tmp_path: Path) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            await log.append("one")
            await log.sequencer.number()
            old = [str(verifier) for verifier in log.verifiers()]
            log.keys.rotate(Purpose.CHECKPOINT, vouched=False)
            await log.append("two")
            await log.sequencer.number()
            lines = await log.exported()
            assert verify_lines(lines, keys=[str(verifier) for verifier in log.verifiers()]).problem is None
            problem = verify_lines(lines, keys=old).problem
            assert problem is not None
            assert problem.checkpoint == 2
            assert log.verifiers()[-1].key_id.hex() in problem.reason, "the key that nobody vouches for"

    run(body())


def _lease(connection: Connection) -> tuple[str, int]:
    row = connection.first(SEQUENCER_ROW.select())
    assert row is not None
    return row[1], row[2]


def test_nothing_is_signed_under_a_second_name(run: Run, database_url: str, tmp_path: Path) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            await log.append("one")
            await log.sequencer.number()
            await log.append("two")
            with pytest.raises(LedgerCorrupt, match=f"the ledger is called {ORIGIN}, and not other.example/ledger"):
                await log.store.commit(Number(log.sequencer.holder, "other.example/ledger", log.keys))
            assert await log.sequencer.number() == 1
            assert verify_lines(await log.exported()).problem is None

    run(body())
