"""Two gateways on one PostgreSQL lock what they count wrong confirmations in, in the same order."""

import asyncio
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from gateway.app import Gateway
from gateway.exchange.commit import CommitExchange
from gateway.exchange.confirming import confirmation_ids
from gateway.exchange.repository import Confirmations
from tests.elsewhere import impatient, meanwhile, transaction
from tests.exchange.test_confirmation import WRONG, send
from tests.world import World


def guess(world: World, monkeypatch: pytest.MonkeyPatch) -> CommitExchange:
    """A wrong confirmation that was committed once, ready to be committed again."""
    kept, commit = [], world.gateway.store.commit

    async def keep(intent: Any) -> Any:
        if isinstance(intent, CommitExchange):
            kept.append(intent)
        return await commit(intent)

    with monkeypatch.context() as patched:
        patched.setattr(world.gateway.store, "commit", keep)
        assert send(world, world.newcomer(), WRONG).json()["code"] == "not-confirmed"
    [found] = kept
    return replace(found, ask=replace(found.ask, proof=None))


def test_confirmations_are_locked_in_the_order_of_their_ids_whatever_the_order_of_the_guesses(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with World(postgres_url) as world:
        guesses = {confirmation_ids(one.ask): one for one in (guess(world, monkeypatch) for _ in range(2))}
        [[first], [last]] = sorted(guesses)

        async def batch(gateway: Gateway) -> list[str]:
            every = (gateway.store.commit(guesses[(one,)]) for one in (last, first))
            return [done.outcome for done in await asyncio.gather(*every)]

        with transaction(postgres_url) as other:
            Confirmations().failures(other, last)
            outcomes = meanwhile(lambda: world.in_gateway(batch))
            with transaction(postgres_url, undone=True) as third:
                impatient(third)
                with pytest.raises(psycopg.errors.LockNotAvailable):
                    Confirmations().failures(third, first)
        assert outcomes() == ["not-confirmed", "not-confirmed"]
