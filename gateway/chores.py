"""What a gateway sees to beside its answers, for as long as it runs. A fault is logged, and ends no chore."""

import asyncio

from gateway.auth.once import PruneOnce
from gateway.clock import DAY, Clock
from gateway.db.pruning import PART
from gateway.db.store import Store
from gateway.exchange.pruning import Prune
from gateway.exchange.sources import Sources
from gateway.signing.directory import LOOK, KeyDirectory
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.telemetry.log import logger, where

_PRUNE = 30
"""Seconds."""


async def see_keys(keys: KeyDirectory, pseudonyms: PseudonymKeys) -> None:
    """See keys that were made elsewhere, and whose time has come: well within a rotation's lead."""
    while True:
        await asyncio.sleep(LOOK)
        try:
            keys.refresh()
            pseudonyms.refresh()
        except Exception as error:
            logger("gateway").warning("keys cannot be read", **where(error))


async def look_at_sources(sources: Sources) -> None:
    """Probe each once: one that does not answer is logged (`Source.state`), and stops no start."""
    try:
        await sources.states()
    except Exception as error:
        logger("gateway").warning("sources cannot be probed", **where(error))


async def prune(store: Store, clock: Clock) -> None:
    """Forget proofs, assertions and idempotency keys whose time is over."""
    while True:
        await asyncio.sleep(_PRUNE)
        try:
            while await store.commit(PruneOnce()) >= PART:
                pass
            while await store.commit(Prune(clock.now() - DAY - DAY // 24)) >= PART:
                pass
        except Exception as error:
            logger("gateway").warning("pruning failed", **where(error))
