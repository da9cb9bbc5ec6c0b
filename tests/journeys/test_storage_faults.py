"""The gateway's own database locked, gone or full: told by its own problem, nothing released, no restart."""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest
from sqlalchemy import select
from sqlmodel import SQLModel

from gateway.agencies.tables import client
from gateway.app import Gateway
from gateway.db.connection import Connection
from gateway.db.open import open_store
from gateway.exchange.tables import exchange_entry
from gateway.ledger.tables import OPENING
from tests.journeys.credentials import ByHand
from tests.journeys.databases import OwnPostgres
from tests.web.problems import problem
from tests.world import World

ASK = "/v1/exchanges"
_EVENTS = select(OPENING.c.event).where(OPENING.c.salt != b"").order_by(OPENING.c.entry_id)
RECORD = ("Sandbox-Test", "2030-01-01")


def released(world: World) -> list[str]:
    """The exchanges that were released, as the ledger has it, in order."""

    async def read(gateway: Gateway) -> list[str]:
        events = [json.loads(row[0]) for row in await gateway.store.read(Connection.all, _EVENTS)]
        return [event["exchangeId"] for event in events if event.get("outcome") == "released"]

    return world.in_gateway(read)


def works(world: World) -> str:
    """An exchange is served, and entered."""
    answer = world.casework.post(ASK, json=world.ask())
    assert answer.status_code == 201, answer.text
    exchange_id = str(answer.json()["exchangeId"])
    assert world.events(exchange_id)[0]["outcome"] == "released"
    return exchange_id


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Somebody else holds the whole database for writing."""
    if url.startswith("sqlite"):
        other = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    with psycopg.connect(url) as connection:
        connection.execute(f"LOCK TABLE {', '.join(SQLModel.metadata.tables)} IN EXCLUSIVE MODE")
        yield
        connection.rollback()


def told(answer: httpx.Response, code: str, status: int = 503) -> None:
    """Nothing was decided, nothing released; when to come back is said."""
    body = problem(answer, status, code, *RECORD)
    assert not {"record", "reasons", "exchangeId"} & body.keys()
    assert int(answer.headers["retry-after"]) >= 1


def test_a_locked_database_is_told_and_nothing_is_released_or_half_done(database_url: str) -> None:
    with World(database_url, busyTimeout=0.3) as world:
        name = world.newcomer()
        consent_id = world.consent(name)
        pending = world.consent("bob", grant=False)
        person, bob = world.person(name), world.person("bob")
        before = works(world)
        hand = ByHand(world)
        with locked(database_url):
            told(world.casework.post(ASK, json=world.ask()), "storage-busy")
            told(world.casework.post(ASK, json=world.ask(purpose="with-consent")), "storage-busy")
            told(world.casework.post(ASK, json=world.ask(), headers={"Idempotency-Key": "k1"}), "storage-busy")
            told(world.casework.post("/v1/decisions", json=world.ask()), "storage-busy")
            told(
                world.casework.post("/v1/consent-requests", json=world.ask("cat", purpose="with-consent")),
                "storage-busy",
            )
            told(person.post(f"/v1/consents/{consent_id}/revocations", json={}), "storage-busy")
            told(bob.post(f"/v1/consent-requests/{pending}/decisions", json={"decision": "grant"}), "storage-busy")
            token = hand.ask()
            assert (token.status_code, token.json()["error"]) == (503, "temporarily_unavailable")
            assert world.casework.get(f"/v1/exchanges/{before}").status_code == 200  # reading goes on
        assert world.casework.get(f"/v1/consents/{consent_id}").json()["status"] == "active"
        assert world.casework.get(f"/v1/consents/{pending}").json()["status"] == "requested"
        again = world.casework.post(ASK, json=world.ask(), headers={"Idempotency-Key": "k1"})
        assert again.status_code == 201, again.text
        after = works(world)
        assert released(world) == [before, again.json()["exchangeId"], after]
        assert hand.ask().status_code == 200
        assert person.post(f"/v1/consents/{consent_id}/revocations", json={}).status_code == 200


def until_it_works(world: World, ask: Callable[[], httpx.Response], most: int) -> httpx.Response:
    """Try again while it is told that storage is unavailable."""
    for _ in range(most):
        answer = ask()
        if answer.status_code != 503:
            return answer
        told(answer, "storage-unavailable")
    return ask()


def terminate(url: str) -> None:
    """Every connection to this database but our own."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_connections_that_the_server_ends_are_made_anew(postgres_url: str) -> None:
    with World(postgres_url) as world:
        before = works(world)
        for _ in range(2):
            terminate(postgres_url)
            answer = until_it_works(world, lambda: world.casework.post(ASK, json=world.ask()), 4)
            assert answer.status_code == 201, answer.text
        assert before in released(world)


def test_a_connection_that_breaks_inside_the_transaction_releases_nothing(postgres_url: str) -> None:
    with World(postgres_url) as world, ThreadPoolExecutor(1) as pool:
        first = works(world)
        with psycopg.connect(postgres_url) as other:
            other.execute(f"LOCK TABLE {exchange_entry.name} IN EXCLUSIVE MODE")
            asked = pool.submit(world.casework.post, ASK, json=world.ask())
            with psycopg.connect(postgres_url, autocommit=True) as killer:
                while not killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
                    "WHERE NOT granted AND datname = current_database()"
                ).fetchall():
                    time.sleep(0.01)
            told(asked.result(), "storage-unavailable")
            other.rollback()
        lost = world.adapter.queries[-1].exchange_id
        answer = until_it_works(world, lambda: world.casework.post(ASK, json=world.ask()), 4)
        assert released(world) == [first, answer.json()["exchangeId"]]
        assert lost not in released(world)


def test_a_server_that_stops_is_told_and_once_it_is_back_all_goes_on() -> None:
    with OwnPostgres() as server, World(server.url, busyTimeout=1) as world:
        consent_id = world.consent()
        first = works(world)
        hand, ann, anyone = ByHand(world), world.person("ann"), world.anyone()
        server.stop()
        for _ in range(2):
            told(world.casework.post(ASK, json=world.ask()), "storage-unavailable")
            told(world.casework.post("/v1/decisions", json=world.ask()), "storage-unavailable")
            told(world.casework.get(f"/v1/consents/{consent_id}"), "storage-unavailable")
            told(ann.post(f"/v1/consents/{consent_id}/revocations", json={}), "storage-unavailable")
            told(anyone.get("/v1/agencies"), "storage-unavailable")
            assert hand.ask().json()["error"] == "temporarily_unavailable"
        ready = anyone.get("/health/ready")
        assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "storage-unavailable")
        assert anyone.get("/health/live").status_code == 200
        assert anyone.get("/metrics").status_code == 200
        server.start()
        answer = until_it_works(world, lambda: world.casework.post(ASK, json=world.ask()), 6)
        assert answer.status_code == 201, answer.text
        assert anyone.get("/health/ready").status_code == 200
        assert world.casework.get(f"/v1/consents/{consent_id}").json()["status"] == "active"
        assert released(world) == [first, answer.json()["exchangeId"]]


def until_full(ask: Callable[[], httpx.Response]) -> list[dict[str, Any]]:
    """Ask until there is no room; what was answered before."""
    served: list[dict[str, Any]] = []
    for _ in range(500):
        answer = ask()
        if answer.status_code != 201:
            told(answer, "storage-full", 507)
            return served
        served.append(answer.json())
    pytest.fail("the database did not fill up")


def full(world: World, fill: Callable[[], object], make_room: Callable[[], object]) -> None:
    """From the first exchange to the last one that fits, and on once there is room again."""
    name = world.newcomer()
    consent_id = world.consent(name)
    served = [works(world)]
    fill()
    for _ in range(3):
        served += [one["exchangeId"] for one in until_full(lambda: world.casework.post(ASK, json=world.ask()))]
    until_full(
        lambda: world.casework.post("/v1/consent-requests", json=world.ask(world.newcomer(), purpose="with-consent"))
    )
    assert world.casework.get(f"/v1/consents/{consent_id}").json()["status"] == "active"
    assert released(world) == served  # all that was told is entered, and nothing that was not told
    make_room()
    served.append(works(world))
    assert released(world) == served
    assert world.person(name).post(f"/v1/consents/{consent_id}/revocations", json={}).status_code == 200


def test_a_full_sqlite_database_is_told_and_once_there_is_room_all_goes_on(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gateway.db"
    with World(f"sqlite:///{path}") as world, closing(sqlite3.connect(path, isolation_level=None)) as other:
        world.stop()
        other.execute("CREATE TABLE filler (x)")
        other.executemany("INSERT INTO filler VALUES (zeroblob(3500))", [()] * 300)
        pages = other.execute("PRAGMA page_count").fetchone()[0]
        limited = partial(open_store, max_pages=pages + 60)
        monkeypatch.setattr("gateway.app.open_store", limited)
        world.start()
        full(world, lambda: None, lambda: other.execute("DROP TABLE filler"))


def test_a_full_postgresql_database_is_told_and_once_there_is_room_all_goes_on() -> None:
    table = OPENING.name
    filler = (
        f"INSERT INTO {table} (entry_id, salt, event, parties) SELECT gen_random_uuid(), '', "
        "repeat(md5(random()::text), 59), '' FROM generate_series(1, {rows})"
    )
    with (
        OwnPostgres(most_bytes=17 * 1024 * 1024) as server,
        World(server.url) as world,
        psycopg.connect(server.url, autocommit=True) as other,
    ):
        other.execute(f"ALTER TABLE {table} SET (autovacuum_enabled = off)")

        def fill_by(rows: int) -> None:
            while True:
                other.execute(filler.format(rows=rows))

        def fill() -> None:
            for rows in (1000, 100, 10):
                with pytest.raises(psycopg.InternalError, match="File too large"):
                    fill_by(rows)

        def make_room() -> None:
            other.execute(f"DELETE FROM {table} WHERE salt = ''")
            other.execute(f"VACUUM {table}")

        full(world, fill, make_room)


def test_a_client_that_is_there_no_more_is_no_fault_of_storage(database_url: str) -> None:
    """The other way round: a fault of one request is never told as one of the database."""
    with World(database_url) as world:
        hand = ByHand(world)
        token = hand.token()

        def delete(connection: Connection) -> None:
            connection.run(client.delete())

        world.in_gateway(lambda gateway: _write(gateway, delete))
        problem(hand.send(hand.headers(token)), 403, "client-suspended")


async def _write(gateway: Any, work: Callable[[Connection], None]) -> None:
    connection = gateway.store.engine.connect(writing=True)
    work(connection)
    gateway.store.engine.close(connection)
