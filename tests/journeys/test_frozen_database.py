"""A database that neither answers nor fails: callers are told, and the gateway still ends when it is told to."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psycopg

from tests.journeys.realm import Realm, people
from tests.journeys.test_own_processes import granted, processes
from tests.world import World

_SERVE = """
import sys
from pathlib import Path
from gateway import serve
from gateway.settings import Settings
serve.GRACE_SECONDS = 1.0
serve.serve(Settings.model_validate_json(Path(sys.argv[1]).read_text()), lambda: print("ready", flush=True))
"""
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'threekeys' AND datname = current_database()"


@contextmanager
def stopped(*pids: int) -> Iterator[None]:
    """As a host does whose network is gone, or a process that waits for a disk."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def backends(url: str) -> list[int]:
    with psycopg.connect(url, autocommit=True) as connection:
        return [row[0] for row in connection.execute(_BACKENDS)]


def told(realm: Realm) -> tuple[int, str]:
    answer = realm.casework.post("/v1/exchanges", json=realm.about("p0"))
    return answer.status_code, answer.json().get("code", "released")


def ready(realm: Realm) -> tuple[int, str]:
    answer = httpx.get(f"{realm.base_url}/health/ready", trust_env=False)
    return answer.status_code, answer.json()["checks"]["database"]


def within(seconds: float, realm: Realm, expected: tuple[int, str]) -> bool:
    end = time.monotonic() + seconds
    while (found := ready(realm)) != expected and time.monotonic() < end:
        time.sleep(0.1)
    return found == expected


def test_callers_of_a_database_that_does_not_answer_are_told_in_time(postgres_url: str) -> None:
    with Realm(postgres_url, people(1), busyTimeout=0.5) as realm:
        realm.run(granted(realm, "p0"))
        assert told(realm) == (201, "released")
        with stopped(*backends(postgres_url)):
            began = time.monotonic()
            assert told(realm) == (503, "storage-unavailable")
            assert time.monotonic() - began < 8  # twice busyTimeout and 2 seconds for each thing that it waits for
            assert ready(realm)[0] == 503
        assert within(10, realm, (200, "ok"))
        assert told(realm) == (201, "released")


def test_where_commits_alone_hang_callers_and_the_balancer_are_told(database_url: str) -> None:
    with Realm(database_url, people(2), busyTimeout=0.5) as realm:
        for name in realm.known:
            realm.run(granted(realm, name))
        assert told(realm) == (201, "released")

        async def many() -> set[tuple[int, str]]:
            async with realm.caseworker() as caseworker:
                await caseworker.post("/v1/exchanges", json=realm.about("p0"))  # with a token from now on
                with stopped(processes(realm.processes[0].pid)["3keys-commit"]):
                    asked = [caseworker.post("/v1/exchanges", json=realm.about(name)) for name in [*realm.known] * 2]
                    answers = await asyncio.gather(*asked)
                    assert await asyncio.to_thread(ready, realm) == (503, "storage-unavailable")
                    reads = len(realm.source.reads)
                    for _ in range(5):  # nothing is read that could not be entered
                        late = await caseworker.post("/v1/exchanges", json=realm.about("p0"))
                        assert (late.status_code, late.json()["code"]) == (503, "storage-unavailable")
                    assert len(realm.source.reads) == reads
            return {(answer.status_code, answer.json().get("code", "")) for answer in answers}

        # On SQLite the first of them is alone, and needs no other process.
        assert (503, "storage-unavailable") in realm.run(many()) <= {(201, ""), (503, "storage-unavailable")}
        assert within(10, realm, (200, "ok"))
        assert told(realm) == (201, "released")
        log = realm.log.read_text()
        assert "the database does not answer: whoever waits for a commit is told so" in log
        assert "the database answers again" in log


def test_a_gateway_ends_when_it_is_told_to_though_its_database_does_not_answer(
    postgres_url: str, tmp_path: Path
) -> None:
    with World(postgres_url) as world:
        world.stop()
        settings = tmp_path / "settings.json"
        settings.write_text(world.settings.model_copy(update={"drain_seconds": 1}).model_dump_json(by_alias=True))
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(settings)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        while "ready" not in process.stdout.readline():
            assert process.poll() is None
        frozen = backends(postgres_url)
        assert frozen
        try:
            with stopped(*frozen):
                process.terminate()
                _, said = process.communicate(timeout=20)
        finally:
            process.kill()
        assert process.returncode == 3
        assert "not everything could be closed in time" in said
