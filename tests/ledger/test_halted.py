"""A gateway whose stored ledger was tampered with says so wherever an operator looks, and releases nothing more."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from sqlalchemy import update

from gateway.app import Gateway
from gateway.db.intent import Lock, Transaction
from gateway.ledger.tables import TILE
from tests.telemetry.test_telemetry import metric
from tests.web.logs import logged
from tests.web.problems import problem
from tests.world import World

ASK = "/v1/exchanges"


class Tamper:
    """Another first tile."""

    def __init__(self, data: bytes) -> None:
        self.data = data

    def locks(self) -> tuple[Lock, ...]:
        return ()

    def apply(self, tx: Transaction) -> bytes:
        [[before]] = tx.all(TILE.select().with_only_columns(TILE.c.data).where(TILE.c.level == 0, TILE.c.idx == 0))
        tx.run(update(TILE).where(TILE.c.level == 0, TILE.c.idx == 0).values(data=self.data))
        return bytes(before)


async def tampered(data: bytes, gateway: Gateway) -> bytes:
    """Write the tile; what it was before."""
    return await gateway.store.commit(Tamper(data))


def ready(world: World) -> tuple[int, dict[str, Any]]:
    answer = world.anyone().get("/health/ready")
    return answer.status_code, answer.json()


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_over_a_tampered_ledger_nothing_is_released_and_everything_says_why(database_url: str) -> None:
    with World(database_url) as world, logged() as log:
        consent = world.consent("ann")
        assert world.casework.post(ASK, json=world.ask()).status_code == 201
        until(lambda: metric(world, "threekeys_ledger_checkpoint_timestamp_seconds") > time.time() - 60)
        assert metric(world, "threekeys_ledger_ok") == 1
        time.sleep(1.5)  # until nothing is left to number
        whole = world.in_gateway(partial(tampered, bytes(32 * 256)))
        assert ready(world)[0] == 200
        world.casework.post(ASK, json=world.ask())  # the next entry brings it to light
        until(lambda: ready(world)[0] == 503)
        _, told = ready(world)
        assert told["status"] == "not ready"
        assert told["checks"]["database"] == "ok"
        assert "is not the one that was signed" in told["checks"]["ledger"]
        assert metric(world, "threekeys_ledger_ok") == 0
        answer = world.casework.post(ASK, json=world.ask())
        problem(answer, 503, "ledger-halted")
        assert answer.headers["Retry-After"] == "60"
        revoked = world.person("ann").post(f"/v1/consents/{consent}/revocations", json={})
        assert revoked.status_code == 200, revoked.text

        world.stop()
        world.start()
        until(lambda: ready(world)[0] == 503)
        problem(world.casework.post(ASK, json=world.ask()), 503, "ledger-halted")
        world.in_gateway(partial(tampered, whole))
        until(lambda: ready(world)[0] == 200)
        assert world.casework.post(ASK, json=world.ask()).status_code == 201
        world.in_gateway(partial(tampered, bytes(32 * 256)))
        world.casework.post(ASK, json=world.ask())
        world.stop()
        assert "Traceback" not in log.text
        assert log.text.count('"message":"ledger not numbered"') >= 2
        world.in_gateway(partial(tampered, whole))
        world.start()
