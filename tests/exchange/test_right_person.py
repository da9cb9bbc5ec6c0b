"""Whose key it is follows from the identifier that the record was found by: another one beside it opens nothing."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.base import Query, Record
from gateway import policy
from gateway.app import Gateway
from gateway.auth.caller import ClientCaller
from gateway.exchange.asgi import parse
from gateway.exchange.commit import CommitExchange
from gateway.exchange.facts import look
from gateway.policy import Permit
from tests.consent.asking import decide, known_as, requested
from tests.exchange.test_forgetting import forget
from tests.notices.test_recording import notify
from tests.world import CONSUMER, FIELDS, PEOPLE, World, licence

LICENCES = ("AAAAA804010A99AA", "BBBBB804010A99AA")


def subject(*identifiers: tuple[str, str]) -> dict[str, Any]:
    return {"identifiers": [{"scheme": scheme, "value": value} for scheme, value in identifiers]}


def ask(world: World, name: str, about: dict[str, Any], purpose: str = "with-consent") -> dict[str, Any]:
    body = world.ask(name, purpose=purpose, fields=FIELDS, subject=about)
    found: dict[str, Any] = world.casework.post("/v1/exchanges", json=body).json()
    return found


def sees(world: World, name: str, exchange_id: str) -> bool:
    return world.person(name).get(f"/v1/exchanges/{exchange_id}").status_code == 200


def test_a_consent_opens_no_record_of_somebody_else_whose_identifier_stands_beside(shared: World) -> None:
    willing, other = shared.newcomer(), shared.newcomer()
    decide(shared, willing, requested(shared, willing))
    about = subject(("nhs-number", PEOPLE[willing]["nhs-number"]), ("nino", PEOPLE[other]["nino"]))
    answer = ask(shared, willing, about)
    assert answer.get("code") == "consent-required", answer
    assert not [one for one in shared.adapter.queries if one.identifiers.get("nino") == PEOPLE[other]["nino"]]


def test_a_consent_opens_no_record_that_only_a_stranger_s_identifier_was_found_by(shared: World) -> None:
    """A source that looks at one identifier only is not asked by the one that is not known to be the willing's."""
    willing, other = shared.newcomer(), shared.newcomer()
    decide(shared, willing, requested(shared, willing))
    number = LICENCES[0]

    async def by_licence(query: Query) -> None:
        shared.adapter.held[query.identifiers["nino"]] = Record(
            licence(PEOPLE[other]["nino"]).data, identifiers={"driving-licence-number": number}
        )

    shared.adapter.before = by_licence
    try:
        about = subject(("nino", PEOPLE[willing]["nino"]), ("driving-licence-number", number))
        answer = ask(shared, willing, about)
    finally:
        shared.adapter.before = None
    assert answer.get("code") == "source-wrong-person", answer
    assert number not in shared.adapter.queries[-1].identifiers.values()


def test_a_notice_counts_only_while_all_that_the_source_was_asked_by_is_the_person_s(shared: World) -> None:
    """They are forgotten during the fetch, and told anew under one of the two identifiers: the other is nobody's."""
    name = shared.newcomer()
    nino, dataset = PEOPLE[name]["nino"], shared.offer(identifiers=("nino", "nhs-number"))
    shared.adapter.held[nino] = replace(licence(nino), identifiers=PEOPLE[name])
    about = known_as(name, "nino", "nhs-number")

    def told_anew() -> None:
        forget(shared, name)
        assert notify(shared, name, dataset=dataset, subject=known_as(name, "nino")).status_code == 201

    async def meanwhile(query: Query) -> None:
        assert len(query.identifiers) == 2
        await asyncio.to_thread(told_anew)

    shared.person(name).get("/v1/consent-requests")  # a token that names both
    assert notify(shared, name, dataset=dataset).status_code == 201
    body = shared.ask(name, dataset=dataset, purpose="notified", subject=about)
    assert shared.casework.post("/v1/exchanges", json=body).json()["outcome"] == "released"
    shared.adapter.before = meanwhile
    try:
        answer = shared.casework.post("/v1/exchanges", json=body)
    finally:
        shared.adapter.before = None
    assert (answer.status_code, answer.json()["code"]) == (403, "notice-required")


def missing(world: World, name: str) -> None:
    del world.adapter.held[PEOPLE[name]["nino"]]


def restricted(world: World, name: str) -> None:
    world.adapter.held[PEOPLE[name]["nino"]] = licence(PEOPLE[name]["nino"], restricted=True)


def agreed_to(world: World, name: str, dataset: str, purpose: str) -> None:
    """The person has consented, or was given notice."""
    about = known_as(name, "nhs-number")
    if purpose == "with-consent":
        decide(world, name, requested(world, name, dataset=dataset, subject=about))
        return
    given = datetime.fromtimestamp(world.clock.now() / 1_000_000 - 60, UTC).isoformat()
    body = {"dataset": dataset, "purpose": purpose, "subject": about, "givenAt": given}
    body |= {"noticeVersion": "notice-1", "channel": "letter"}
    answer = world.casework.post("/v1/notices", json=body)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("purpose", ["with-consent", "notified"])
def test_what_one_person_agreed_to_tells_nothing_of_a_record_of_another(shared: World, purpose: str) -> None:
    """The other is nobody that the gateway knows, so there is no conflict: only the source could tell."""
    dataset = shared.offer(identifiers=("nino", "nhs-number"))
    willing = shared.newcomer()
    agreed_to(shared, willing, dataset, purpose)
    told = []
    for make in (missing, restricted, lambda *_: None):
        other = shared.newcomer()
        make(shared, other)
        about = subject(("nhs-number", PEOPLE[willing]["nhs-number"]), ("nino", PEOPLE[other]["nino"]))
        body = shared.ask(willing, purpose=purpose, fields=FIELDS, subject=about, dataset=dataset)
        answer = shared.casework.post("/v1/exchanges", json=body)
        told.append((answer.status_code, answer.json().get("outcome")))
        asked = shared.adapter.queries[-1]
        assert asked.exchange_id == answer.json()["exchangeId"]
        assert dict(asked.identifiers) == {"nhs-number": PEOPLE[willing]["nhs-number"]}
    assert told == [(201, "not-held")] * 3


def test_a_consent_opens_the_person_s_own_record_whatever_stands_beside(shared: World) -> None:
    dataset = shared.offer(identifiers=("nino", "nhs-number"))
    willing, other = shared.newcomer(), shared.newcomer()
    agreed_to(shared, willing, dataset, "with-consent")
    about = subject(("nino", PEOPLE[willing]["nino"]), ("nhs-number", PEOPLE[other]["nhs-number"]))
    for beside, schemes in ((about, {"nino"}), (known_as(willing, "nino", "nhs-number"), {"nino", "nhs-number"})):
        body = shared.ask(willing, purpose="with-consent", fields=FIELDS, subject=beside, dataset=dataset)
        answer = shared.casework.post("/v1/exchanges", json=body).json()
        assert answer.get("outcome") == "released", answer
        assert set(shared.adapter.queries[-1].identifiers) == schemes
        assert sees(shared, willing, answer["exchangeId"])
        assert not sees(shared, other, answer["exchangeId"])


def test_who_is_known_by_none_of_the_identifiers_has_agreed_to_nothing(shared: World) -> None:
    dataset = shared.offer(identifiers=("nino", "nhs-number"))
    reads = len(shared.adapter.queries)
    for purpose, code in (("with-consent", "consent-required"), ("notified", "notice-required")):
        name = shared.newcomer()
        body = shared.ask(
            name, purpose=purpose, dataset=dataset, fields=FIELDS, subject=known_as(name, "nino", "nhs-number")
        )
        assert shared.casework.post("/v1/exchanges", json=body).json()["code"] == code
    assert len(shared.adapter.queries) == reads


def test_who_looked_is_told_to_whom_the_record_is_about_whatever_stands_beside(shared: World) -> None:
    decoy, looked_at = shared.newcomer(), shared.newcomer()
    ask(shared, decoy, known_as(decoy, "nhs-number", "nino"), "by-statute")
    shared.person(decoy).get("/v1/consent-requests")
    about = subject(("nhs-number", PEOPLE[decoy]["nhs-number"]), ("nino", PEOPLE[looked_at]["nino"]))
    answer = ask(shared, decoy, about, "by-statute")
    assert answer["outcome"] == "released"
    assert sees(shared, looked_at, answer["exchangeId"])
    assert not sees(shared, decoy, answer["exchangeId"])


def test_a_record_that_carries_another_identifier_than_asked_is_released_to_nobody(shared: World) -> None:
    one, two = shared.newcomer(), shared.newcomer()
    shared.adapter.held[PEOPLE[one]["nino"]] = licence(PEOPLE[two]["nino"])
    assert ask(shared, one, known_as(one, "nino"), "by-statute")["code"] == "source-wrong-person"
    shared.adapter.held[PEOPLE[one]["nino"]] = Record(licence(PEOPLE[one]["nino"]).data, identifiers={})
    assert ask(shared, one, known_as(one, "nino"), "by-statute")["code"] == "source-wrong-person"


def test_the_commit_too_counts_a_consent_only_where_every_identifier_asked_by_is_that_person_s(shared: World) -> None:
    """However the source came to be asked by one that is not known to be theirs, nothing is released by it."""
    name = shared.newcomer()
    decide(shared, name, requested(shared, name))
    about = subject(("nino", PEOPLE[name]["nino"]), ("driving-licence-number", "CCCCC804010A99AA"))
    caller = ClientCaller(f"{CONSUMER}.casework", CONSUMER, frozenset(), "", b"")
    body = json.dumps(shared.ask(name, purpose="with-consent", subject=about)).encode()

    async def commit(gateway: Gateway) -> list[str]:
        asked = replace(await gateway.exchanges.ask(caller, parse(body)), proof=None)
        case = await gateway.store.read(look, gateway.clock, asked, "an-exchange")
        first = policy.decide(asked.asked, case.facts)
        assert isinstance(first, Permit)
        told = []
        for n, one in enumerate((asked, case.permitted(asked))):
            done = await gateway.store.commit(
                CommitExchange(one, f"an-exchange-{n}", first, "held", gateway.exchanges.replier.receipts)
            )
            told.append(done.refusal.reasons[0].code if done.refusal else done.outcome)
        return told

    assert shared.in_gateway(commit) == ["consent-required", "released"]
