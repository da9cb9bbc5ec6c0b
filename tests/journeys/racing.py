"""One race: an exchange whose source is held between fetch and commit, and a revocation that comes meanwhile."""

import asyncio
import random
import time
from dataclasses import dataclass
from typing import Literal

import httpx

from tests.journeys.realm import Realm

Kind = Literal["before", "racing", "after"]
_EARLY, _LATE = 0.016, 0.004
"""Seconds by which a racing revocation may be ahead of the source or behind it: its way to its commit is longer."""


@dataclass(frozen=True, slots=True)
class Race:
    """What came of it. Times in microseconds, of the test's clock, which is the gateways' too.

    `let_go`: when the source was let go, before which there can be no commit. `acknowledged`: when the answer to the
    revocation was there.
    """

    kind: Kind
    across: bool
    consent_id: str
    exchange_id: str
    released: bool
    code: str
    let_go: int
    acknowledged: int


async def race(
    realm: Realm, caseworker: httpx.AsyncClient, anyone: httpx.AsyncClient, name: str, kind: Kind, dice: random.Random
) -> Race:
    """Run one, about this person, by two gateways chosen by chance."""
    one, other = dice.randrange(len(realm.ports)), dice.randrange(len(realm.ports))
    consent_id = await realm.granted(caseworker, anyone, name)
    hold = realm.source.hold(realm.known[name]["nino"])
    exchange = asyncio.ensure_future(
        caseworker.post("/v1/exchanges", json=realm.about(name), extensions={"gateway": one})
    )
    arrived = asyncio.ensure_future(hold.arrived.wait())
    await asyncio.wait((exchange, arrived), return_when=asyncio.FIRST_COMPLETED)
    assert arrived.done(), f"the source was not read: {exchange.result().text}"
    times = {"let_go": 0, "acknowledged": 0}

    async def revoke(after: float) -> None:
        await asyncio.sleep(after)
        path = f"/v1/consents/{consent_id}/revocations"
        answer = await anyone.post(path, headers=realm.as_person(name), json={}, extensions={"gateway": other})
        times["acknowledged"] = _now()
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "revoked", answer.text

    async def let_go(after: float) -> None:
        await asyncio.sleep(after)
        times["let_go"] = _now()
        hold.let_go.set()

    if kind == "before":
        await revoke(0)
        await let_go(0)
    elif kind == "racing":
        ahead = dice.uniform(-_EARLY, _LATE)
        await asyncio.gather(revoke(max(ahead, 0)), let_go(max(-ahead, 0)))
    else:
        await let_go(0)
        await exchange
        await revoke(0)
    answer = await exchange
    assert answer.status_code in (201, 403), answer.text
    body = answer.json()
    return Race(
        kind,
        one != other,
        consent_id,
        str(body["exchangeId"]),
        answer.status_code == 201,
        "" if answer.status_code == 201 else str(body["code"]),
        times["let_go"],
        times["acknowledged"],
    )


def _now() -> int:
    return time.time_ns() // 1000
