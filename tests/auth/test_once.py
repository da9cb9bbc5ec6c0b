"""Uses that count once, on both databases, and the memory of one process."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.auth.dpop import LIFE
from gateway.auth.once import Assertions, Proofs, PruneOnce, once_key
from gateway.auth.seen import SeenProofs
from gateway.auth.tables import dpop_proof
from gateway.db.connection import Connection
from gateway.db.intent import Lock, Transaction
from gateway.db.open import open_store
from gateway.db.pruning import PART
from gateway.db.store import Store
from tests.auth.running import MovedClock


@dataclass(frozen=True, slots=True)
class Use:
    once: bytes
    kind: type[Proofs] | type[Assertions] = Proofs

    def locks(self) -> Sequence[Lock]:
        return ()

    def apply(self, tx: Transaction) -> bool:
        return tx.batch(self.kind).claim(tx, self.once)


def count(connection: Connection) -> int:
    from sqlalchemy import func, select

    row = connection.first(select(func.count()).select_from(dpop_proof))
    assert row is not None
    found: int = row[0]
    return found


def with_store(url: str, work: Callable[[Store, MovedClock], Any]) -> None:
    async def check() -> None:
        clock = MovedClock()
        store = open_store(url, clock)
        store.create_all()
        try:
            await work(store, clock)
        finally:
            await store.aclose()

    asyncio.run(check())


def test_of_many_uses_at_once_each_is_granted_once(database_url: str) -> None:
    async def work(store: Store, clock: MovedClock) -> None:
        keys = [once_key(clock.seconds, "jkt", str(n)) for n in range(40)]
        granted = await asyncio.gather(*(store.commit(Use(key)) for key in keys * 5))
        assert sum(granted) == 40
        assert not any(await asyncio.gather(*(store.commit(Use(key)) for key in keys)))
        assert await store.read(count) == 40

    with_store(database_url, work)


def test_a_use_known_to_another_gateway_costs_only_its_own_request(database_url: str) -> None:
    async def work(store: Store, clock: MovedClock) -> None:
        other = open_store(database_url, clock)
        taken = once_key(clock.seconds, "jkt", "taken")
        assert await other.commit(Use(taken))
        fresh = [once_key(clock.seconds, "jkt", str(n)) for n in range(20)]
        granted = await asyncio.gather(*(store.commit(Use(key)) for key in [*fresh[:10], taken, *fresh[10:]]))
        assert granted == [True] * 10 + [False] + [True] * 10
        await other.aclose()

    with_store(database_url, work)


def test_two_gateways_that_race_for_a_use_never_both_get_it(database_url: str) -> None:
    async def work(store: Store, clock: MovedClock) -> None:
        other = open_store(database_url, clock)
        for n in range(25):
            key = once_key(clock.seconds, "race", str(n))
            assert sorted(await asyncio.gather(store.commit(Use(key)), other.commit(Use(key)))) == [False, True]
        await other.aclose()

    with_store(database_url, work)


def test_proofs_and_assertions_do_not_use_each_other_up(database_url: str) -> None:
    async def work(store: Store, clock: MovedClock) -> None:
        key = once_key(clock.seconds, "a", "b")
        assert await store.commit(Use(key, Proofs))
        assert await store.commit(Use(key, Assertions))

    with_store(database_url, work)


def test_pruning_forgets_only_what_is_worthless(database_url: str) -> None:
    async def work(store: Store, clock: MovedClock) -> None:
        keys = [once_key(clock.seconds + after, "jkt", "x" * 16) for after in (-300, -61, 0, 60)]
        for key in keys:
            assert await store.commit(Use(key))
        assert await store.commit(PruneOnce()) == 2
        assert not await store.commit(Use(keys[2]))
        assert not await store.commit(Use(keys[3]))
        clock.moved = 200
        assert await store.commit(PruneOnce()) == 2
        assert await store.read(count) == 0

    with_store(database_url, work)


def test_what_is_pruned_goes_in_parts(database_url: str) -> None:
    """Whoever commits meanwhile waits for one of them, and not for all that a gateway left while it was down."""

    async def work(store: Store, clock: MovedClock) -> None:
        class Many:
            def locks(self) -> tuple[()]:
                return ()

            def apply(self, tx: Transaction) -> None:
                proofs = tx.batch(Proofs)
                for n in range(PART + 10):
                    assert proofs.claim(tx, once_key(clock.seconds - 300, "jkt", str(n)))

        await store.commit(Many())
        assert [await store.commit(PruneOnce()) for _ in range(3)] == [PART, 10, 0]

    with_store(database_url, work)


def test_uses_are_named_by_all_their_parts() -> None:
    keys = {once_key(1, "a", "b"), once_key(2, "a", "b"), once_key(1, "b", "a"), once_key(1, "ab", "")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {16}
    assert once_key(5, "z") < once_key(6, "a")


def test_one_process_remembers_a_proof_for_as_long_as_it_can_live() -> None:
    seen = SeenProofs()
    assert seen.first(b"a", 1000)
    for now in (1000, 1000 + LIFE // 2, 1000 + LIFE):
        assert not seen.first(b"a", now)
        seen.first(str(now).encode(), now)
    assert not seen.first(b"a", 1000 + LIFE + 1)


def test_the_memory_of_one_process_is_bounded() -> None:
    seen = SeenProofs(most=1000)
    for n in range(10_000):
        assert seen.first(n.to_bytes(16, "big"), 1000)
    assert len(seen._young) + len(seen._old) <= 1000
    assert not seen.first((9_999).to_bytes(16, "big"), 1000)
