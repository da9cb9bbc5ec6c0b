"""A committing process: what becomes of those who wait where it, or the gateway, is gone."""

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from gateway.clock import SystemClock
from gateway.db import committer
from gateway.db.errors import StorageUnavailable
from gateway.db.intent import Lock, Transaction
from gateway.db.open import open_engine, open_store
from gateway.db.store import Store


@dataclass(frozen=True)
class Ping:
    """Answers with the process that it ran in, after a while."""

    seconds: float = 0.0
    more: Any = None
    answer: Any = None

    def locks(self) -> Sequence[Lock]:
        return []

    def apply(self, tx: Transaction) -> Any:
        time.sleep(self.seconds)
        tx.script("CREATE TABLE IF NOT EXISTS ping (id INTEGER)")
        tx.script("INSERT INTO ping VALUES (1)")
        return os.getpid() if self.answer is None else self.answer()


def opened(folder: Path) -> Store:
    return open_store(f"sqlite:///{folder / 'g.db'}", SystemClock(), served=True)


def gone(pid: int) -> bool:
    """Whether a process that nobody waits for has ended, be it as a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def until(condition: Any, seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


def test_it_commits_in_another_process_and_ends_with_the_store(tmp_path: Path) -> None:
    async def scenario() -> tuple[int, bool]:
        store = opened(tmp_path)
        pid = await store.commit(Ping())
        await store.aclose()
        return pid, gone(pid)

    pid, ended = asyncio.run(scenario())
    assert pid != os.getpid()
    assert ended


def test_where_it_hangs_all_who_wait_are_told_and_whoever_comes_then_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(committer, "_LOOK", 0.05)

    async def scenario() -> None:
        store = Store(open_engine(f"sqlite:///{tmp_path / 'g.db'}"), SystemClock(), apart=True, patience=2.0)
        assert store.apart is not None
        pid = await store.commit(Ping())
        os.kill(pid, signal.SIGSTOP)
        waiting = [asyncio.create_task(store.commit(Ping())) for _ in range(40)]  # more than are handed over
        told = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
        assert {type(one) for one in told} == {StorageUnavailable}
        assert store.late
        began = time.monotonic()
        with pytest.raises(StorageUnavailable, match="does not answer"):
            await store.commit(Ping())
        assert time.monotonic() - began < 1.0
        os.kill(pid, signal.SIGCONT)
        async with asyncio.timeout(10):
            while store.late:
                await asyncio.sleep(0.02)
        assert await store.commit(Ping()) == pid
        # What was handed over was carried out after all, once; what was not, never.
        [(count,)] = await store.read(lambda connection: connection.all(text("SELECT count(*) FROM ping")))
        assert 2 < count < 40
        await store.aclose()

    asyncio.run(scenario())


def test_a_reader_that_hangs_lets_nobody_wait_for_ever(tmp_path: Path) -> None:
    hang = threading.Event()

    async def scenario() -> None:
        store = Store(open_engine(f"sqlite:///{tmp_path / 'g.db'}"), SystemClock(), patience=2.0)
        with pytest.raises(StorageUnavailable, match="does not answer"):
            await store.read(lambda _: hang.wait(20))
        assert store.late
        began = time.monotonic()
        with pytest.raises(StorageUnavailable):
            await store.read(lambda _: 1)
        assert time.monotonic() - began < 1.0
        hang.set()
        async with asyncio.timeout(10):
            while store.late:
                await asyncio.sleep(0.02)
        assert await store.read(lambda _: 1) == 1
        await store.aclose()

    asyncio.run(scenario())


def test_while_one_reader_hangs_the_other_reads_on(postgres_url: str) -> None:
    hang = threading.Event()

    async def scenario() -> None:
        store = Store(open_engine(postgres_url), SystemClock(), patience=0.5)
        slow = asyncio.create_task(store.read(lambda _: hang.wait(20)))
        await asyncio.sleep(0.1)
        behind = [asyncio.create_task(store.read(lambda _: 1)) for _ in range(3)]
        await asyncio.wait([slow, *behind])
        assert isinstance(slow.exception(), StorageUnavailable)
        assert not store.late
        assert await store.read(lambda _: 2) == 2
        hang.set()
        await store.aclose()

    asyncio.run(scenario())


def test_of_batches_that_are_each_in_time_none_is_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committer, "_LOOK", 0.05)

    async def scenario() -> list[int]:
        store = Store(open_engine(f"sqlite:///{tmp_path / 'g.db'}"), SystemClock(), apart=True, patience=1.5)
        first = asyncio.create_task(store.commit(Ping(1.0)))
        await asyncio.sleep(0.1)
        second = await store.commit(Ping(1.0))  # 1.9 seconds after it was handed over
        await store.aclose()
        return [await first, second]

    assert len(set(asyncio.run(scenario()))) == 1


def test_where_it_is_killed_all_who_wait_are_told_and_the_gateway_too(tmp_path: Path) -> None:
    async def scenario() -> tuple[Sequence[Any], Sequence[Any], list[int]]:
        store = opened(tmp_path)
        assert store.apart is not None
        lost: list[int] = []
        store.apart.lost = lambda: lost.append(1)
        pid = await store.commit(Ping())
        waiting = [asyncio.create_task(store.commit(Ping(5.0))) for _ in range(3)]
        await asyncio.sleep(0.1)
        waiting += [asyncio.create_task(store.commit(Ping())) for _ in range(3)]
        os.kill(pid, signal.SIGKILL)
        before = await asyncio.gather(*waiting, return_exceptions=True)
        after = await asyncio.gather(store.commit(Ping()), return_exceptions=True)
        await store.aclose()
        return before, after, lost

    before, after, lost = asyncio.run(scenario())
    assert [type(one) for one in [*before, *after]] == [StorageUnavailable] * 7
    assert lost == [1]


def test_what_cannot_travel_fails_alone(tmp_path: Path) -> None:
    async def scenario() -> tuple[Sequence[Any], int]:
        store = opened(tmp_path)
        first = await store.commit(Ping())
        several = (Ping(), Ping(more=threading.Lock()), Ping(answer=threading.Lock), Ping())
        outcomes = await asyncio.gather(*map(store.commit, several), return_exceptions=True)
        assert await store.commit(Ping()) == first
        await store.aclose()
        assert outcomes[0] == outcomes[3] == first
        return outcomes[1:3], sqlite3.connect(tmp_path / "g.db").execute("SELECT count(*) FROM ping").fetchone()[0]

    outcomes, count = asyncio.run(scenario())
    assert [repr(one) for one in outcomes] == ["Elsewhere('Ping')", "Elsewhere('lock')"]
    assert count == 5  # what was done and cannot be told of stands, as where the answer is lost on its way


class Unmade:
    """Travels one way only."""

    def __reduce__(self) -> Any:
        return int, ("no number",)


def test_an_answer_that_cannot_be_read_is_nobody_elses(tmp_path: Path) -> None:
    async def scenario() -> list[Any]:
        store = opened(tmp_path)
        first = await store.commit(Ping())
        unread = await asyncio.gather(store.commit(Ping(answer=Unmade)), return_exceptions=True)
        several = [asyncio.create_task(store.commit(Ping(answer=partial(str, n)))) for n in range(40)]
        found = await asyncio.gather(*several)
        assert await store.commit(Ping()) == first
        await store.aclose()
        return [type(unread[0]), found]

    assert asyncio.run(scenario()) == [ValueError, [str(n) for n in range(40)]]


def test_signals_that_reach_both_end_it_only_with_its_gateway(tmp_path: Path) -> None:
    async def scenario() -> Any:
        store = opened(tmp_path)
        pid = await store.commit(Ping())
        for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(pid, name)
        same = await store.commit(Ping()) == pid
        await store.aclose()
        return same

    assert asyncio.run(scenario())


_GATEWAY = """
import asyncio, sys
from pathlib import Path
from gateway import apart
from tests.db.test_own_process import Ping, opened
apart.GRACE = 0.5
async def main():
    store = opened(Path(sys.argv[1]))
    print(await store.commit(Ping()), flush=True)
    await store.commit(Ping(float(sys.argv[2])))
asyncio.run(main())
"""


@pytest.mark.parametrize(("seconds", "count"), [(0.3, 2), (600.0, 1)], ids=["finishes", "does not answer"])
def test_where_its_gateway_is_killed_it_ends_what_it_has_in_hand_and_never_outlives_it_for_long(
    tmp_path: Path, seconds: float, count: int
) -> None:
    command = [sys.executable, "-c", _GATEWAY, str(tmp_path), str(seconds)]
    gateway = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert gateway.stdout is not None
    pid = int(gateway.stdout.readline())
    time.sleep(0.1)
    gateway.kill()
    gateway.wait()
    assert until(lambda: gone(pid))
    gateway.stdout.close()
    assert sqlite3.connect(tmp_path / "g.db").execute("SELECT count(*) FROM ping").fetchone()[0] == count
