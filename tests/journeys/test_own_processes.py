"""The processes of one gateway: what an operator sees of them, and what becomes of it where one is killed."""

import asyncio
import os
import signal
import time
from pathlib import Path

import httpx

from tests.journeys.realm import Realm, people
from tests.journeys.serving import served


def processes(pid: int) -> dict[str, int]:
    """Those that a gateway forked, by the names that `ps` shows."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {Path(f"/proc/{one}/comm").read_text().strip(): int(one) for one in children}


async def granted(realm: Realm, name: str) -> None:
    async with realm.caseworker() as caseworker, realm.http() as anyone:
        await realm.granted(caseworker, anyone, name)


def test_a_gateway_and_its_processes_end_together(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        own = processes(gateway.process.pid)
        assert set(own) == {"3keys-commit", "3keys-verify"}
        for pid in own.values():
            os.kill(pid, signal.SIGTERM)  # as a supervisor that signals a whole group does
        time.sleep(0.2)
        assert processes(gateway.process.pid) == own
    assert gateway.process.returncode == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in own.values())


def test_without_its_committing_process_a_gateway_ends_and_says_so(tmp_path: Path) -> None:
    with served(tmp_path) as gateway:
        os.kill(processes(gateway.process.pid)["3keys-commit"], signal.SIGKILL)
        assert gateway.process.wait(20) == 3
    assert "the process that commits has ended: this gateway ends too, start it again" in gateway.said
    assert "Traceback" not in gateway.said


def test_where_the_committing_process_is_killed_who_waits_is_told_and_the_next_gateway_goes_on(
    database_url: str,
) -> None:
    with Realm(database_url, people(4)) as realm:
        for name in realm.known:
            realm.run(granted(realm, name))
        holds = [realm.source.hold(person["nino"]) for person in realm.known.values()]

        async def scenario() -> list[httpx.Response]:
            async with realm.caseworker() as caseworker:
                asked = [
                    asyncio.ensure_future(caseworker.post("/v1/exchanges", json=realm.about(name)))
                    for name in realm.known
                ]
                for hold in holds:
                    await hold.arrived.wait()
                os.kill(processes(realm.processes[0].pid)["3keys-commit"], signal.SIGKILL)
                await asyncio.sleep(0.1)
                for hold in holds:
                    hold.let_go.set()
                return await asyncio.gather(*asked)

        answers = realm.run(scenario())
        assert realm.processes[0].wait(30) == 3
        refused = [answer for answer in answers if answer.status_code != 201]
        assert {answer.json()["code"] for answer in refused} == {"storage-unavailable"}
        released = [event for _, _, event in realm.entered() if event.get("outcome") == "released"]
        assert len(released) == 4 - len(refused)  # on SQLite the last of them is alone, and needs no other process
        realm.processes = [realm.serve(realm.configurations[0])]
        realm.await_gateway(realm.ports[0])
        again = realm.casework.post("/v1/exchanges", json=realm.about("p0"))
        assert again.status_code == 201, again.text


def test_without_its_verifying_process_a_gateway_verifies_by_itself(database_url: str) -> None:
    with Realm(database_url, people(8)) as realm:
        for name in realm.known:
            realm.run(granted(realm, name))

        async def scenario() -> list[int]:
            async with realm.caseworker() as caseworker:
                await caseworker.post("/v1/exchanges", json=realm.about("p0"))
                os.kill(processes(realm.processes[0].pid)["3keys-verify"], signal.SIGKILL)
                asked = (caseworker.post("/v1/exchanges", json=realm.about(name)) for name in realm.known)
                return [answer.status_code for answer in await asyncio.gather(*asked)]

        assert realm.run(scenario()) == [201] * 8
        assert "the process that verifies signatures has ended" in realm.log.read_text()
