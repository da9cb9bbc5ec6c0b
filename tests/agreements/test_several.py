"""Several agreements on one dataset: which of them counts, and how many one agency may leave open."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from gateway.agreements import repository, terms
from gateway.agreements.drafting import MOST_OPEN_DRAFTS
from gateway.agreements.repository import AgreementRow
from gateway.agreements.suspending import ChangeStatus
from gateway.app import Gateway
from gateway.db.connection import Connection
from gateway.db.intent import Lock, Transaction
from schemas.api.agreements import Status
from tests.agreements.drafted import Drafted, Offices, text_for
from tests.world import CONSUMER, PROVIDER, World, office, purpose

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def told(world: World, dataset: str, **more: Any) -> str:
    """What an exchange is told: its outcome, or its code."""
    answer = world.casework.post("/v1/exchanges", json=world.ask(dataset=dataset, **more))
    body = answer.json()
    return str(body["outcome"] if answer.status_code == 201 else body["code"])


def agreed(offices: Offices, dataset: str, **more: Any) -> Drafted:
    return offices.draft(text_for(dataset, **more)).accepted()


def test_one_that_is_valid_for_another_purpose_does_not_hide_when_the_right_one_begins(
    world: World, offices: Offices
) -> None:
    dataset = world.offer(agreed=False)
    agreed(offices, dataset, validFrom=(TODAY + timedelta(days=5)).isoformat())
    agreed(offices, dataset, purposes=[purpose("other", "none", signalReason="The statute orders it.")])
    assert told(world, dataset) == "agreement-not-yet-valid"


def test_a_draft_hides_no_suspension(world: World, offices: Offices) -> None:
    dataset = world.offer(agreed=False)
    suspended = agreed(offices, dataset)
    suspended.change(PROVIDER, "suspend")
    offices.draft(text_for(dataset))
    assert told(world, dataset) == "agreement-suspended"


class Pile:
    """Write a thousand agreements that are no longer, or not yet, in force."""

    def __init__(self, like: AgreementRow) -> None:
        self.like = like

    def locks(self) -> list[Lock]:
        return []

    def apply(self, tx: Transaction) -> None:
        text = repository.version_text(tx, self.like.id, 1)
        assert text is not None
        statuses: tuple[Status, ...] = ("draft", "accepted", "ended")
        for n in range(1000):
            status = statuses[n % 3]
            row = self.like._replace(id=tx.clock.new_id(), status=status, in_force=0, created_at=tx.now)
            repository.insert_agreement(tx, row)
            repository.insert_version(tx, row.id, 1, *text, PROVIDER, tx.now)


def test_whatever_one_party_piles_up_an_exchange_reads_none_of_it(world: World, offices: Offices) -> None:
    dataset = world.offer(agreed=False)
    live = agreed(offices, dataset)

    def found(connection: Connection) -> list[AgreementRow]:
        return repository.between(connection, CONSUMER, dataset)

    async def work(gateway: Gateway) -> None:
        [row] = await gateway.store.read(found)
        await gateway.store.commit(Pile(row))
        assert await gateway.store.read(found) == [row]
        await gateway.store.commit(ChangeStatus(live.id, office(PROVIDER), "end"))
        assert len(await gateway.store.read(found)) == 1  # the newest, whatever it is

    world.in_gateway(work)


def test_an_agency_leaves_only_so_many_drafts_open(world: World, offices: Offices) -> None:
    dataset = world.offer(agreed=False)
    drafts = [offices.draft(text_for(dataset), by=PROVIDER) for _ in range(MOST_OPEN_DRAFTS)]
    answer = offices.provider.post("/v1/agreements", json=text_for(dataset))
    assert (answer.status_code, answer.json()["code"]) == (409, "too-many-drafts")
    # Neither does that stop the other agency, nor this one once a draft of its own is done with.
    offices.draft(text_for(dataset), by=CONSUMER)
    drafts[0].accepted()
    offices.draft(text_for(dataset), by=PROVIDER)
    assert offices.provider.post("/v1/agreements", json=text_for(dataset)).json()["code"] == "too-many-drafts"
    assert told(world, dataset) == "released"


def test_what_is_not_used_any_more_leaves_memory_first(
    world: World, offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [agreed(offices, world.offer(agreed=False)).id for _ in range(3)]
    monkeypatch.setattr(terms, "_MOST", 2)
    terms._kept.clear()

    def ids(connection: Connection, order: list[int]) -> list[str]:
        for n in order:
            row = repository.find(connection, rows[n])
            assert row is not None
            terms.facts(connection, row)
        return [key[0] for key in terms._kept]

    async def work(gateway: Gateway) -> None:
        assert await gateway.store.read(ids, [0, 1, 0, 2]) == [rows[0], rows[2]]

    world.in_gateway(work)


def test_a_renewal_signed_ahead_leaves_the_valid_agreement_in_use(world: World, offices: Offices) -> None:
    dataset = world.offer(agreed=False)
    until = TODAY + timedelta(days=10)
    agreed(offices, dataset, validUntil=until.isoformat())
    agreed(offices, dataset, validFrom=until.isoformat())
    assert told(world, dataset) == "released"
    world.consent(world.newcomer(), dataset=dataset)
    world.clock.advance(11 * 86_400)  # the last test of its module: nothing turns the clock back
    assert told(world, dataset) == "released"  # by the renewal
