"""What is committed together comes out as if it had been committed one by one, in that order, on both databases."""

import asyncio
import itertools
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from gateway.agencies.standing import ReactivateAgency, ReactivateClient, SuspendAgency, SuspendClient
from gateway.agreements.accepting import Accept, acceptance
from gateway.agreements.drafting import NewVersion, canonical_text
from gateway.agreements.suspending import ChangeStatus
from gateway.app import Gateway
from gateway.catalogue.registration import SetDatasetStatus
from gateway.exchange.commit import CommitExchange
from schemas.api.agreements import AgreementText
from tests.world import CONSUMER, PROVIDER, World, agreement_text, office

CLIENT = f"{CONSUMER}.casework"
_numbers = itertools.count()


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


@dataclass(frozen=True)
class Bench:
    """A dataset and its agreement, and an exchange of it that was permitted and fetched, ready to be committed."""

    dataset: str
    agreement: str
    fetched: CommitExchange

    def exchange(self) -> CommitExchange:
        """That exchange under an id of its own, without its proof, which holds once."""
        ask = replace(self.fetched.ask, proof=None)
        return replace(self.fetched, ask=ask, exchange_id=f"mixed-batch-{next(_numbers)}")

    def pairs(self) -> dict[str, tuple[Any, Any]]:
        """What stops an exchange, and what lifts it again."""
        return {
            "agreement": (
                ChangeStatus(self.agreement, office(PROVIDER), "suspend"),
                ChangeStatus(self.agreement, office(PROVIDER), "resume"),
            ),
            "dataset": (SetDatasetStatus(self.dataset, "withdrawn"), SetDatasetStatus(self.dataset, "offered")),
            "client": (SuspendClient(CLIENT), ReactivateClient(CLIENT)),
            "consumer": (SuspendAgency(CONSUMER), ReactivateAgency(CONSUMER)),
            "provider": (SuspendAgency(PROVIDER), ReactivateAgency(PROVIDER)),
        }


@pytest.fixture
def bench(world: World, monkeypatch: pytest.MonkeyPatch) -> Bench:
    dataset = world.offer()
    office = world.client(f"{PROVIDER}.data-office")
    store, kept = world.gateway.store, []
    commit = store.commit

    async def keep(intent: Any) -> Any:
        if isinstance(intent, CommitExchange):
            kept.append(intent)
        return await commit(intent)

    monkeypatch.setattr(store, "commit", keep)
    answer = world.casework.post("/v1/exchanges", json=world.ask(dataset=dataset))
    assert answer.json()["outcome"] == "released"
    [fetched] = kept
    agreement = str(fetched.first.agreement_id)
    assert office.get(f"/v1/agreements/{agreement}").json()["dataset"] == dataset
    return Bench(dataset, agreement, fetched)


def told(result: object) -> str:
    """What a caller would be told of it."""
    if isinstance(result, BaseException):
        return type(result).__name__
    return str(getattr(result, "outcome", "done"))


async def together(gateway: Gateway, intents: Iterable[Any]) -> list[str]:
    """Handed over in one turn of the loop, so that they form one batch."""
    every = (gateway.store.commit(intent) for intent in intents)
    return [told(one) for one in await asyncio.gather(*every, return_exceptions=True)]


async def one_by_one(gateway: Gateway, intents: Iterable[Any]) -> list[str]:
    return [(await together(gateway, [intent]))[0] for intent in intents]


async def compare(gateway: Gateway, bench: Bench, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The same batch both ways, from the same state. A name is `exchange`, or `stop` or `lift` and what."""
    pairs = bench.pairs()
    found = []
    for way in (one_by_one, together):
        made = []
        for name in names:
            verb, _, what = name.partition(" ")
            made.append(bench.exchange() if verb == "exchange" else pairs[what][verb == "lift"])
        found.append(await way(gateway, made))
        await one_by_one(gateway, [pairs[what][1] for what in ("consumer", "provider", "client", "dataset")])
        await one_by_one(gateway, [pairs["agreement"][1]])  # by an agency that is active again
    return found[0], found[1]


@pytest.mark.parametrize("what", ["agreement", "dataset", "client", "consumer", "provider"])
def test_in_every_order_an_exchange_after_a_stop_in_its_batch_is_refused(
    world: World, bench: Bench, what: str
) -> None:
    orders = sorted(set(itertools.permutations(["exchange", "exchange", f"stop {what}", f"lift {what}"])))

    async def work(gateway: Gateway) -> None:
        for order in orders:
            singly, batched = await compare(gateway, bench, order)
            assert batched == singly, order
            between = order.index(f"lift {what}") - order.index(f"stop {what}") == 2
            assert singly.count("refused") >= between, (order, singly)

    world.in_gateway(work)


def test_whatever_else_stands_in_the_batch(world: World, bench: Bench) -> None:
    drawn = random.Random(7)
    others = [f"{verb} {what}" for verb in ("stop", "lift") for what in bench.pairs()]
    seen = set()

    async def work(gateway: Gateway) -> None:
        for _ in range(40):
            names = ["exchange"] * drawn.randint(1, 3) + drawn.sample(others, drawn.randint(1, 4))
            drawn.shuffle(names)
            singly, batched = await compare(gateway, bench, names)
            assert batched == singly, names
            seen.update(singly)

    world.in_gateway(work)
    assert {"released", "refused", "done"} <= seen


def test_an_exchange_after_an_acceptance_in_its_batch_is_decided_by_the_new_version(
    world: World, bench: Bench
) -> None:
    text = AgreementText.model_validate(agreement_text(bench.dataset, fields=["validFrom"]))
    sha256 = canonical_text(text)[1]

    async def accept(gateway: Gateway, agency: str) -> Accept:
        by = office(agency)
        jws = world.sign_acceptance(by.client_id, bench.agreement, 2, sha256)
        return await acceptance(gateway.store, gateway.auth.key_sets, by, bench.agreement, 2, jws)

    async def work(gateway: Gateway) -> None:
        await gateway.store.commit(NewVersion(bench.agreement, office(PROVIDER), text))
        await gateway.store.commit(await accept(gateway, PROVIDER))
        batch = [bench.exchange(), await accept(gateway, CONSUMER), bench.exchange()]
        assert await together(gateway, batch) == ["released", "done", "refused"]

    world.in_gateway(work)
