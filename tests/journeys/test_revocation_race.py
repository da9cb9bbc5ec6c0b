"""A revocation that was acknowledged before the commit stops the release: two gateways, real HTTP, both databases."""

import asyncio
import random

import pytest

from tests.journeys.counts import chance, count, tell
from tests.journeys.racing import Kind, Race, race
from tests.journeys.realm import Realm, people

pytestmark = pytest.mark.proof
A_SIDE = count(150)
LANES = 8
KINDS: tuple[Kind, ...] = ("before", "racing", "racing", "after")


async def _races(realm: Realm, dice: random.Random, some: int) -> list[Race]:
    """That many races, several at a time, each lane about a person of its own."""
    kinds = [KINDS[n % len(KINDS)] for n in range(some)]
    done: list[Race] = []

    async def lane(name: str) -> None:
        async with realm.caseworker() as caseworker, realm.http() as anyone:
            while kinds:
                done.append(await race(realm, caseworker, anyone, name, kinds.pop(), dice))

    await asyncio.gather(*(lane(name) for name in realm.known))
    return done


def test_no_release_after_an_acknowledged_revocation(database_url: str) -> None:
    dice = chance("revocation", database_url.partition(":")[0])
    races: list[Race] = []
    with Realm(database_url, people(LANES), gateways=2) as realm:
        for _ in range(10):
            races += realm.run(_races(realm, dice, A_SIDE))
            entered = realm.entered()
            committed = {
                event["exchangeId"]: (at, event["outcome"]) for at, _, event in entered if event["kind"] == "exchange"
            }
            before = [one for one in races if one.acknowledged <= committed[one.exchange_id][0]]
            after = [one for one in races if one.acknowledged > committed[one.exchange_id][0]]
            if min(len(before), len(after)) >= A_SIDE:
                break
    revoked = {event["consentId"]: at for at, _, event in entered if event["kind"] == "consent-revoked"}
    released = [one for one in races if one.released]
    near = [one for one in races if abs(revoked[one.consent_id] - committed[one.exchange_id][0]) < 5_000]
    tell(
        f"revocation races, {database_url.partition(':')[0]}: {len(races)} in all, "
        f"{len(before)} acknowledged before the commit, {len(after)} after it; "
        f"{len(released)} released, {len(races) - len(released)} refused; "
        f"{sum(one.across for one in races)} by two gateways; "
        f"{len(near)} with less than 5 ms between revocation and commit, "
        f"{sum(one.released for one in near)} of them released"
    )
    assert len(before) >= A_SIDE
    assert len(after) >= A_SIDE
    assert [one for one in before if one.released] == [], "released after an acknowledged revocation"
    assert [one for one in races if one.kind == "before" and one.released] == []
    assert [one for one in released if revoked[one.consent_id] < committed[one.exchange_id][0]] == []
    # A refusal has its cause, and a release its entry: what came first in the ledger decided.
    refused = [one for one in races if not one.released]
    assert [one for one in refused if revoked[one.consent_id] > committed[one.exchange_id][0]] == []
    assert {one.code for one in refused} <= {"consent-revoked"}
    assert {committed[one.exchange_id][1] for one in released} == {"released"}
    assert {committed[one.exchange_id][1] for one in refused} == {"refused"}
    assert all(one.released for one in races if one.kind == "after")
    assert len(released) >= A_SIDE // 2
    assert len({one.exchange_id for one in races}) == len(races) == len(realm.source.reads)
    assert all(committed[one.exchange_id][0] >= one.let_go for one in races), "a commit before its fetch was done"
