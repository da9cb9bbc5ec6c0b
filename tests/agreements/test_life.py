"""The life of an agreement: draft, accepted by both, in force, suspended, ended; version by version."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

import rfc8785

from gateway.agreements import repository
from gateway.app import Gateway
from gateway.auth import compact
from gateway.db.intent import Lock, Transaction
from schemas.api.agreements import SuspensionBody
from tests.agreements.drafted import Drafted, Offices, text_for
from tests.consent.asking import events
from tests.world import CONSUMER, PROVIDER, World, office


def new(world: World, offices: Offices) -> Drafted:
    return offices.draft(text_for(world.offer(agreed=False)))


def outcome(world: World, drafted: Drafted, **more: Any) -> str:
    """What an exchange under the agreement is told: its outcome, or its code."""
    answer = world.casework.post("/v1/exchanges", json=world.ask(dataset=drafted.body["dataset"], **more))
    body = answer.json()
    return str(body["outcome"] if answer.status_code == 201 else body["code"])


def test_an_agreement_is_in_force_only_once_both_have_accepted(world: World, offices: Offices) -> None:
    drafted = new(world, offices)
    assert drafted.body["status"] == "draft"
    assert not drafted.body["versionInForce"]
    assert outcome(world, drafted) == "agreement-not-accepted"
    drafted.accept(PROVIDER)
    assert drafted.body["status"] == "accepted"
    assert outcome(world, drafted) == "agreement-not-accepted"
    drafted.accept(CONSUMER)
    assert drafted.body["status"] == "in-force"
    assert drafted.body["versionInForce"] == 1
    assert [(one["agency"], one["version"]) for one in drafted.body["acceptances"]] == [(PROVIDER, 1), (CONSUMER, 1)]
    assert outcome(world, drafted) == "released"


def test_the_hash_is_that_of_the_rfc_8785_json_of_the_text_as_served(world: World, offices: Offices) -> None:
    drafted = new(world, offices)
    for caller in (offices.consumer, offices.provider):
        served = caller.get(drafted.path).json()
        assert hashlib.sha256(rfc8785.dumps(served["text"])).hexdigest() == served["sha256"]


def test_what_is_served_is_byte_for_byte_what_both_signed(world: World, offices: Offices) -> None:
    drafted = new(world, offices).accepted()
    signed = {json.loads(compact.payload(one["jws"]))["sha256"] for one in drafted.body["acceptances"]}
    drafted.next_version(CONSUMER, retention="Two years.")
    for caller in (offices.consumer, offices.provider):
        served = caller.get(f"{drafted.path}/versions/1")
        assert {hashlib.sha256(served.content).hexdigest()} == signed
        newest = caller.get(f"{drafted.path}/versions/2").content
        assert newest in caller.get(drafted.path).content
    for absent in (2**31, 2**63, 10**30):
        assert offices.consumer.get(f"{drafted.path}/versions/{absent}").status_code == 404
    problem = offices.consumer.get(f"{drafted.path}/versions/3")
    assert (problem.status_code, problem.json()["code"]) == (404, "no-such-agreement")


def test_a_text_that_today_s_model_does_not_know_is_served_as_it_was_signed(world: World, offices: Offices) -> None:
    """A later model has other members, and other defaults: neither may change what was signed."""
    drafted = new(world, offices)
    text = {name: part for name, part in drafted.body["text"].items() if name != "onwardUse"}
    old = rfc8785.dumps({**text, "onwardTransfer": "None.", "title": "Control\u0007 and “é”"})
    sha256 = hashlib.sha256(old).hexdigest()

    async def stored_before(gateway: Gateway) -> None:
        await gateway.store.commit(StoredBefore(drafted.id, old.decode(), sha256))

    world.in_gateway(stored_before)
    served = offices.provider.get(drafted.path)
    assert old in served.content
    assert (served.json()["version"], served.json()["sha256"]) == (2, sha256)
    assert hashlib.sha256(rfc8785.dumps(served.json()["text"])).hexdigest() == sha256
    assert offices.consumer.get(f"{drafted.path}/versions/2").content == old
    assert old in offices.consumer.get("/v1/agreements").content


@dataclass(frozen=True)
class StoredBefore:
    """Write a version that another model took."""

    agreement_id: str
    text: str
    sha256: str

    def locks(self) -> list[Lock]:
        return []

    def apply(self, tx: Transaction) -> None:
        row = repository.find(tx, self.agreement_id)
        assert row is not None
        repository.write_agreement(tx, row._replace(version=2))
        repository.insert_version(tx, row.id, 2, self.text, self.sha256, CONSUMER, tx.now)


def test_what_was_signed_is_kept_as_it_was_signed(world: World, offices: Offices) -> None:
    drafted = new(world, offices)
    jws = drafted.jws(f"{PROVIDER}.data-office")
    [kept] = drafted.send(PROVIDER, jws).json()["acceptances"]
    assert kept["jws"] == jws
    assert kept["client"] == f"{PROVIDER}.data-office"


def test_only_one_of_the_two_agencies_drafts_sees_and_changes(world: World, offices: Offices) -> None:
    text = text_for(world.offer(agreed=False))
    answer = offices.stranger.post("/v1/agreements", json=text)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-a-party")
    drafted = offices.draft(text, by=PROVIDER)
    stranger = offices.stranger
    suspension = {"action": "end"}
    for answer in (
        stranger.get(drafted.path),
        stranger.post(f"{drafted.path}/versions", json=text),
        stranger.post(f"{drafted.path}/suspensions", json=suspension),
        drafted.send("t.stranger", drafted.jws("t.stranger.data-office")),
        stranger.get("/v1/agreements/01900000-0000-7000-8000-000000000000"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "no-such-agreement")
    assert drafted.id not in stranger.get("/v1/agreements").text
    assert drafted.id in offices.consumer.get("/v1/agreements").text


def test_a_client_that_exchanges_neither_drafts_nor_accepts(world: World, offices: Offices) -> None:
    drafted = new(world, offices)
    acceptance = {"version": 1, "jws": drafted.jws(f"{CONSUMER}.data-office")}
    for path, body in (
        ("/v1/agreements", text_for(drafted.body["dataset"])),
        (f"{drafted.path}/versions", text_for(drafted.body["dataset"])),
        (f"{drafted.path}/suspensions", {"action": "end"}),
        (f"{drafted.path}/acceptances", acceptance),
    ):
        answer = world.casework.post(path, json=body)
        assert (answer.status_code, answer.json()["code"]) == (403, "insufficient-scope"), path


def test_a_version_in_force_stays_until_both_have_accepted_the_next(world: World, offices: Offices) -> None:
    drafted = new(world, offices).accepted()
    first = dict(drafted.body)
    asks = {"fields": ["licenceNumber"]}
    assert outcome(world, drafted, **asks) == "field-not-in-agreement"
    drafted.next_version(PROVIDER, fields=["licenceNumber"])
    assert (drafted.body["version"], drafted.body["versionInForce"]) == (2, 1)
    assert drafted.body["sha256"] != first["sha256"]
    assert outcome(world, drafted, **asks) == "field-not-in-agreement"
    drafted.accept(PROVIDER)
    assert outcome(world, drafted, fields=["status"]) == "released"
    drafted.accept(CONSUMER)
    assert (drafted.body["status"], drafted.body["versionInForce"]) == ("in-force", 2)
    assert outcome(world, drafted, **asks) == "released"
    assert outcome(world, drafted, fields=["status"]) == "field-not-in-agreement"
    # Both versions' acceptances are kept: nothing was edited in place.
    assert [one["version"] for one in drafted.body["acceptances"]] == [1, 1, 2, 2]


def test_an_older_version_is_not_accepted_any_more(world: World, offices: Offices) -> None:
    drafted = new(world, offices)
    old = drafted.jws(f"{CONSUMER}.data-office")
    drafted.next_version(CONSUMER, retention="Two years.")
    answer = drafted.send(CONSUMER, old, version=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "agreement-version-closed")
    assert drafted.accept(CONSUMER).status_code == 201


def test_a_new_version_keeps_parties_and_dataset(world: World, offices: Offices) -> None:
    drafted = new(world, offices)
    other = world.offer(agreed=False)
    for change in ({"dataset": other}, {"consumer": PROVIDER, "provider": CONSUMER}, {"consumer": "t.stranger"}):
        answer = drafted.next_version(CONSUMER, **change)
        assert (answer.status_code, answer.json()["code"]) == (409, "agreement-parties-fixed")


def test_accepting_twice_and_accepting_what_is_in_force_are_conflicts(world: World, offices: Offices) -> None:
    drafted = new(world, offices)
    drafted.accept(CONSUMER)
    assert drafted.accept(CONSUMER).json()["code"] == "agreement-already-accepted"
    drafted.accept(PROVIDER)
    assert drafted.accept(PROVIDER).json()["code"] == "agreement-version-closed"


def test_a_suspended_agreement_refuses_at_once_and_only_who_suspended_resumes(world: World, offices: Offices) -> None:
    drafted = new(world, offices).accepted()
    assert outcome(world, drafted) == "released"
    assert drafted.change(PROVIDER, "suspend").json()["suspendedBy"] == [PROVIDER]
    assert outcome(world, drafted) == "agreement-suspended"
    assert drafted.change(CONSUMER, "resume").json()["code"] == "agreement-state-forbids"
    assert drafted.change(PROVIDER, "suspend").json()["code"] == "agreement-state-forbids"
    assert drafted.change(PROVIDER, "resume").json()["status"] == "in-force"
    assert outcome(world, drafted) == "released"


def test_one_party_s_resuming_does_not_lift_the_other_s_suspension(world: World, offices: Offices) -> None:
    drafted = new(world, offices).accepted()
    drafted.change(PROVIDER, "suspend")
    assert drafted.change(CONSUMER, "suspend").json()["suspendedBy"] == [CONSUMER, PROVIDER]
    assert drafted.change(PROVIDER, "resume").json()["suspendedBy"] == [CONSUMER]
    assert drafted.body["status"] == "suspended"
    assert outcome(world, drafted) == "agreement-suspended"
    assert drafted.change(PROVIDER, "resume").json()["code"] == "agreement-state-forbids"
    assert drafted.change(CONSUMER, "resume").json()["suspendedBy"] == []
    assert outcome(world, drafted) == "released"
    entered = [one for one in events(world) if one.get("agreement") == drafted.id and "status" in one]
    assert sorted((one["kind"], one["by"], one["status"]) for one in entered) == [
        ("agreement-resumed", CONSUMER, "in-force"),
        ("agreement-resumed", PROVIDER, "suspended"),
        ("agreement-suspended", CONSUMER, "suspended"),
        ("agreement-suspended", PROVIDER, "suspended"),
    ]


def test_accepting_a_new_version_does_not_lift_a_suspension(world: World, offices: Offices) -> None:
    drafted = new(world, offices).accepted()
    drafted.change(CONSUMER, "suspend")
    drafted.next_version(PROVIDER, retention="Two years.")
    drafted.accepted()
    assert (drafted.body["status"], drafted.body["versionInForce"]) == ("suspended", 2)
    assert outcome(world, drafted) == "agreement-suspended"


def test_an_ended_agreement_stays_ended(world: World, offices: Offices) -> None:
    drafted = new(world, offices).accepted()
    assert drafted.change(CONSUMER, "end").json()["status"] == "ended"
    assert outcome(world, drafted) == "agreement-ended"
    for action in ("resume", "suspend", "end"):
        assert drafted.change(CONSUMER, action).json()["code"] == "agreement-state-forbids"
    assert drafted.next_version(CONSUMER).json()["code"] == "agreement-state-forbids"


def test_a_draft_can_be_ended_and_then_accepted_by_nobody(world: World, offices: Offices) -> None:
    drafted = new(world, offices)
    assert drafted.change(PROVIDER, "suspend").json()["code"] == "agreement-state-forbids"
    drafted.change(PROVIDER, "end")
    assert drafted.accept(CONSUMER).json()["code"] == "agreement-version-closed"


def test_an_agreement_suspended_during_the_fetch_releases_nothing_though_another_is_in_force(
    world: World, offices: Offices
) -> None:
    """What was not decided by before the fetch was not locked, and so is not released by after it."""
    dataset = world.offer(agreed=False)
    offices.draft(text_for(dataset)).accepted()
    newest = offices.draft(text_for(dataset)).accepted()

    async def suspend(_: object) -> None:
        world.adapter.before = None
        await world.gateway.agreements.change(office(PROVIDER), newest.id, SuspensionBody(action="suspend"))

    world.adapter.before = suspend
    assert outcome(world, newest) == "agreement-suspended"
    assert outcome(world, newest) == "released"
