"""The public register, and what a consumer is told that it may ask for."""

from collections.abc import Iterator
from typing import Any

from gateway.agreements import repository
from gateway.agreements.repository import AgreementRow
from gateway.app import Gateway
from gateway.db.connection import Connection
from tests.agreements.drafted import Offices, text_for
from tests.agreements.test_several import Pile
from tests.world import CONSUMER, PROVIDER, Caller, World, purpose


def pages(caller: Caller, path: str, limit: int) -> Iterator[list[dict[str, Any]]]:
    cursor = ""
    while True:
        page = caller.get(path, params={"limit": limit, "cursor": cursor}).json()
        yield page["items"]
        if page["nextCursor"] is None:
            return
        cursor = page["nextCursor"]


def registered(world: World, dataset: str) -> list[dict[str, Any]]:
    return [one for page in pages(world.anyone(), "/v1/register", 100) for one in page if one["dataset"] == dataset]


def test_anybody_reads_who_gets_what_from_whom_for_what_and_under_which_law(world: World) -> None:
    dataset = world.offer()
    [entry] = registered(world, dataset)
    assert (entry["consumer"], entry["provider"]) == (CONSUMER, PROVIDER)
    assert "holder.familyName" in entry["fields"]
    law = {one["code"]: one["authority"]["legalPower"] for one in entry["purposes"]}
    assert law["by-statute"] == "Test Act 2024, section 1"
    for name in ("retention", "onwardUse", "dpiaReference", "validUntil"):
        assert entry[name]


def test_only_what_is_in_force_is_registered(world: World, offices: Offices) -> None:
    dataset = world.offer(agreed=False)
    drafted = offices.draft(text_for(dataset))
    assert registered(world, dataset) == []
    drafted.accepted()
    assert [one["agreement"] for one in registered(world, dataset)] == [drafted.id]
    drafted.next_version(CONSUMER, retention="Ten years.")
    assert registered(world, dataset)[0]["retention"] == "A year."
    drafted.change(PROVIDER, "suspend")
    assert registered(world, dataset) == []


def test_an_agreement_that_has_run_out_is_not_in_force(world: World) -> None:
    dataset = world.offer(text={"validFrom": "2024-01-01T00:00:00Z", "validUntil": "2025-01-01T00:00:00Z"})
    assert registered(world, dataset) == []
    assert world.anyone().get(f"/v1/datasets/{dataset}").json()["availableTo"] == []
    answer = world.casework.post("/v1/exchanges", json=world.ask(dataset=dataset))
    assert answer.json()["code"] == "agreement-expired"


def test_pages_hold_everything_once(world: World, offices: Offices) -> None:
    wanted = {world.offer() for _ in range(5)}
    for caller, path in ((world.anyone(), "/v1/register"), (offices.consumer, "/v1/agreements")):
        found = [one["dataset"] for page in pages(caller, path, 2) for one in page]
        assert wanted <= set(found)
        assert found == [one["dataset"] for page in pages(caller, path, 100) for one in page]
        assert all(len(page) <= 2 for page in pages(caller, path, 2))


def test_permissions_are_told_in_pages_and_none_is_left_out(world: World, offices: Offices) -> None:
    asks = [purpose("one", "consent"), purpose("two", "consent")]
    wanted = [world.offer(text={"purposes": asks, "fields": ["status"]}) for _ in range(3)]
    found = [
        (one["dataset"], one["purpose"])
        for page in pages(world.casework, "/v1/permissions", 1)
        for one in page
        if one["dataset"] in wanted
    ]
    assert found == [(dataset, code) for dataset in wanted for code in ("one", "two")]
    first = world.casework.get("/v1/permissions", params={"limit": 1}).json()
    assert len({one["agreement"] for one in first["items"]}) == 1
    assert first["nextCursor"]


def test_what_cannot_be_asked_for_crowds_no_permission_out(world: World, offices: Offices) -> None:
    """Neither what was ended, nor a thousand agreements about another dataset."""
    dataset = world.offer(agreed=False)
    ended = offices.draft(text_for(dataset)).accepted()
    ended.change(CONSUMER, "end")

    def found(connection: Connection) -> list[AgreementRow]:
        return repository.between(connection, CONSUMER, dataset)

    async def pile(gateway: Gateway) -> None:
        [like] = await gateway.store.read(found)
        await gateway.store.commit(Pile(like._replace(dataset_id=f"{PROVIDER}/another/v1")))

    world.in_gateway(pile)
    late = offices.draft(text_for(dataset)).accepted()
    told = world.casework.get("/v1/permissions", params={"dataset": dataset}).json()
    assert {one["agreement"] for one in told["items"]} == {late.id}
    assert told["nextCursor"] is None


def test_permissions_tell_a_consumer_what_it_may_ask_for_and_nobody_else(world: World, offices: Offices) -> None:
    asks = [purpose("one", "consent"), purpose("two", "notified", noticeVersion="v3")]
    dataset = world.offer(text={"purposes": asks, "fields": ["status"]})
    mine = world.casework.get("/v1/permissions", params={"dataset": dataset}).json()["items"]
    assert [(one["purpose"], one["signal"], one["fields"], one["status"]) for one in mine] == [
        ("one", "consent", ["status"], "in-force"),
        ("two", "notified", ["status"], "in-force"),
    ]
    for agency in (PROVIDER, "t.stranger"):
        caller = world.client(f"{agency}.casework")
        assert caller.get("/v1/permissions", params={"dataset": dataset}).json()["items"] == []
    assert offices.consumer.get("/v1/permissions").status_code == 403
