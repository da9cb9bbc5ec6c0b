"""Once a client's suspension, or its agency's, is durable, nothing of what it sent before is committed.

The door reads the status for each request; what it let pass may still wait for its turn. So each intent of a caller
reads it again, under lock.
"""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.agencies.standing import ReactivateAgency, ReactivateClient, SuspendAgency, SuspendClient
from gateway.agreements.accepting import acceptance
from gateway.agreements.drafting import Draft, NewVersion
from gateway.agreements.suspending import ChangeStatus
from gateway.app import Gateway
from gateway.auth.actor import Actor
from gateway.auth.errors import ClientSuspended
from gateway.auth.token_endpoint import Admission, AdmitTokenRequest
from gateway.consent.deciding import Revoke
from gateway.consent.requesting import RequestConsent
from gateway.db.intent import AGENCY, CLIENT
from gateway.notices.recording import RecordNotice
from gateway.subjects.pseudonym import pseudonyms
from schemas.api.agreements import AgreementText, SuspensionBody
from tests.consent.asking import events
from tests.world import CONSUMER, DATASET, PEOPLE, World, agreement_text, office

OFFICE = office(CONSUMER)


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


async def intents(world: World, gateway: Gateway, consent_id: str) -> list[Any]:
    """One of each kind, good and ready to be committed."""
    text = AgreementText.model_validate(agreement_text())
    drafted = await gateway.agreements.draft(OFFICE, text)
    jws = world.sign_acceptance(OFFICE.client_id, drafted.id, 1, drafted.sha256)
    live = await world.agree(gateway, agreement_text())
    other = await world.agree(gateway, agreement_text())
    await gateway.agreements.change(OFFICE, other, SuspensionBody(action="suspend"))
    known_as = pseudonyms(gateway.pseudonyms, PEOPLE["bob"])
    about = (OFFICE, known_as, DATASET)
    fields = frozenset({"status"})
    return [
        Draft(OFFICE, text),
        await acceptance(gateway.store, gateway.auth.key_sets, OFFICE, drafted.id, 1, jws),
        NewVersion(drafted.id, OFFICE, text),
        RequestConsent(*about, "with-consent", fields, frozenset(), 30, None, live),
        RecordNotice(*about, "notified", "notice-1", "letter", world.clock.now(), live),
        Revoke(consent_id, OFFICE),
        ChangeStatus(live, OFFICE, "suspend"),
        ChangeStatus(other, OFFICE, "resume"),
        ChangeStatus(other, OFFICE, "end"),
    ]


@pytest.mark.parametrize("who", ["client", "agency"])
def test_nothing_of_a_suspended_caller_is_committed_and_all_of_it_once_it_may_act_again(
    world: World, who: str
) -> None:
    pairs: dict[str, tuple[Any, Any]] = {
        "client": (SuspendClient(OFFICE.client_id), ReactivateClient(OFFICE.client_id)),
        "agency": (SuspendAgency(CONSUMER), ReactivateAgency(CONSUMER)),
    }
    stop, lift = pairs[who]
    consent_id = world.consent(world.newcomer())

    every = world.in_gateway(lambda gateway: intents(world, gateway, consent_id))
    before = len(events(world))

    async def stopped(gateway: Gateway) -> list[Any]:
        await gateway.store.commit(stop)
        try:
            handed_over = [gateway.store.commit(intent) for intent in every]
            return await asyncio.gather(*handed_over, return_exceptions=True)
        finally:
            await gateway.store.commit(lift)

    async def lifted(gateway: Gateway) -> None:
        for intent in every:
            await gateway.store.commit(intent)

    assert [type(one) for one in world.in_gateway(stopped)] == [ClientSuspended] * len(every)
    assert len(events(world)) == before + 2  # the suspension, and its end
    world.in_gateway(lifted)
    assert len(events(world)) == before + 2 + len(every)


def test_a_token_is_refused_inside_its_own_commit(world: World) -> None:
    async def work(gateway: Gateway) -> None:
        once = bytes(5) + b"once only!!"
        await gateway.store.commit(SuspendClient(OFFICE.client_id))
        refused = await gateway.store.commit(AdmitTokenRequest(OFFICE, once, once))
        await gateway.store.commit(ReactivateClient(OFFICE.client_id))
        assert refused is Admission.SUSPENDED
        assert await gateway.store.commit(AdmitTokenRequest(OFFICE, once, once)) is Admission.ADMITTED

    world.in_gateway(work)


def test_a_client_acts_for_its_own_agency_only(world: World) -> None:
    borrowed = Actor(OFFICE.client_id, "t.stranger")

    async def work(gateway: Gateway) -> None:
        with pytest.raises(ClientSuspended):
            await gateway.store.commit(ChangeStatus("a", borrowed, "end"))

    world.in_gateway(work)


def test_client_and_agency_are_locked_first(world: World) -> None:
    """So that a suspension, by whichever gateway, is wholly before or wholly after."""

    async def work(gateway: Gateway) -> None:
        for intent in await intents(world, gateway, "a"):
            first, second = intent.locks()[:2]
            assert (first.rank, first.id, first.share) == (CLIENT, OFFICE.client_id, True), intent
            assert (second.rank, second.id, second.share) == (AGENCY, CONSUMER, True), intent

    world.in_gateway(work)
