"""The right person: what the caller knows is compared, told alike whatever was wrong, and guesses run out."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from adapters.base import Record
from tests.world import CONFIRMED, FIELDS, PEOPLE, PROVIDER, STRANGER, World, licence

RIGHT, WRONG = "1980-04-01", "1980-04-02"


def send(world: World, name: str, born: str, *beside: tuple[str, str], **more: Any) -> httpx.Response:
    identifiers = [("nino", PEOPLE[name]["nino"]), *beside]
    subject = {
        "identifiers": [{"scheme": scheme, "value": value} for scheme, value in identifiers],
        "confirm": {"dateOfBirth": born},
    }
    body = {"dataset": CONFIRMED, "purpose": "by-statute", "fields": FIELDS, "subject": subject, **more}
    return world.casework.post("/v1/exchanges", json=body)


def told(answer: httpx.Response) -> str:
    body = answer.json()
    return str(body["outcome"] if answer.status_code == 201 else body["code"])


def miss(world: World, name: str) -> None:
    del world.adapter.held[PEOPLE[name]["nino"]]


def restricted(world: World, name: str) -> None:
    world.adapter.held[PEOPLE[name]["nino"]] = licence(PEOPLE[name]["nino"], restricted=True)


def other_birthday(world: World, name: str) -> None:
    held = world.adapter.held[PEOPLE[name]["nino"]]
    holder = {**held.data["holder"], "dateOfBirth": "1990-09-09"}
    world.adapter.held[PEOPLE[name]["nino"]] = Record({**held.data, "holder": holder}, identifiers=held.identifiers)


CASES: dict[str, Callable[[World, str], None]] = {
    "miss": miss,
    "mismatch": other_birthday,
    "restricted": restricted,
}


def test_who_is_confirmed_gets_the_record_without_what_confirmed_it(shared: World) -> None:
    answer = send(shared, shared.newcomer(), RIGHT)
    assert told(answer) == "released"
    assert answer.json()["record"]["holder"] == {"familyName": "Sandbox-Test"}


@pytest.mark.parametrize(
    ("held", "given", "same"),
    [
        ("Ångström-Ó Súilleabháin", "A\u030angstro\u0308m-O\u0301 Su\u0301illeabha\u0301in", True),
        ("Zoe\u0308", " ZOË ", True),
        ("Ångström", "Angstrom", False),
    ],
)
def test_a_name_is_the_same_however_its_accents_are_written(shared: World, held: str, given: str, same: bool) -> None:
    dataset, name = shared.offer(confirm=("familyName",)), shared.newcomer()
    nino = PEOPLE[name]["nino"]
    record = licence(nino)
    holder = {**record.data["holder"], "familyName": held}
    shared.adapter.held[nino] = Record({**record.data, "holder": holder}, identifiers=record.identifiers)
    subject = {"identifiers": [{"scheme": "nino", "value": nino}], "confirm": {"familyName": given}}
    answer = send(shared, name, RIGHT, dataset=dataset, subject=subject)
    assert told(answer) == ("released" if same else "not-confirmed")


def test_what_confirms_must_be_sent(shared: World) -> None:
    body = shared.ask(dataset=CONFIRMED)
    answer = shared.casework.post("/v1/exchanges", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "confirmation-needed")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/subject/confirm"]


@pytest.mark.parametrize("path", ["/v1/exchanges", "/v1/decisions"])
def test_what_would_not_be_compared_is_refused(shared: World, path: str) -> None:
    """Who sends a wrong name with the right date of birth is not to believe that both were looked at."""
    subject = {
        "identifiers": [{"scheme": "nino", "value": PEOPLE["ann"]["nino"]}],
        "confirm": {"dateOfBirth": RIGHT, "familyName": "Nobody"},
    }
    asked = len(shared.adapter.queries)
    answer = shared.casework.post(path, json=shared.ask(dataset=CONFIRMED, subject=subject))
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    [fault] = answer.json()["errors"]
    assert fault["pointer"] == "/subject/confirm/familyName"
    assert "confirms a person by dateOfBirth alone" in fault["detail"]
    answer = shared.casework.post(path, json=shared.ask(subject=subject))
    assert [one["pointer"] for one in answer.json()["errors"]] == [
        "/subject/confirm/dateOfBirth", "/subject/confirm/familyName",
    ]  # fmt: skip
    assert "nobody is confirmed here" in answer.json()["errors"][0]["detail"]
    assert len(shared.adapter.queries) == asked


def test_miss_mismatch_and_restricted_record_are_told_alike(shared: World) -> None:
    answers, accounts, found = [], [], []
    for kind, make in CASES.items():
        name = shared.newcomer()
        make(shared, name)
        answer = send(shared, name, RIGHT)
        assert answer.status_code == 403
        body = answer.json()
        exchange_id = body.pop("exchangeId")
        body.pop("requestId")
        answers.append((body, {k: v for k, v in answer.headers.items() if k not in ("date", "x-request-id")}))
        own = shared.casework.get(f"/v1/exchanges/{exchange_id}").json()
        [entry] = own["entries"]
        accounts.append((own["outcome"], {k: v for k, v in entry["event"].items() if k not in ("id", "at")}))
        accounts[-1][1].pop("exchangeId")
        theirs = shared.client(f"{PROVIDER}.data-office").get(f"/v1/exchanges/{exchange_id}").json()
        found.append([e["event"]["found"] for e in theirs["entries"] if e["event"]["kind"] == "exchange-detail"])
        assert (theirs["outcome"] == "restricted") == (kind == "restricted")
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0]["code"] == "not-confirmed"
    assert "missingKey" not in answers[0][0]["reasons"][0] or answers[0][0]["reasons"][0]["missingKey"] is None
    assert accounts[0] == accounts[1] == accounts[2]
    assert found == [["miss"], ["mismatch"], ["restricted"]]


def test_without_a_confirmation_a_restricted_record_is_told_as_none(shared: World) -> None:
    answers, accounts = [], []
    for make in (miss, restricted):
        name = shared.newcomer()
        make(shared, name)
        shared.person(name).get("/v1/consent-requests")
        answer = shared.casework.post("/v1/exchanges", json=shared.ask(name))
        assert told(answer) == "not-held"
        own = shared.casework.get(f"/v1/exchanges/{answer.json()['exchangeId']}").json()
        answers.append(sorted(answer.json()))
        accounts.append((own["outcome"], [sorted(entry["event"]) for entry in own["entries"]]))
        provider = shared.client(f"{PROVIDER}.data-office").get(f"/v1/exchanges/{answer.json()['exchangeId']}").json()
        assert provider["outcome"] == ("restricted" if make is restricted else "not-held")
    assert answers[0] == answers[1]
    assert accounts[0] == accounts[1]
    person = shared.person(name).get(f"/v1/exchanges/{answer.json()['exchangeId']}").json()
    assert (person["outcome"], len(person["entries"])) == ("not-held", 1)


def test_five_wrong_ones_in_a_day_lock_it_for_a_right_one_too(shared: World) -> None:
    name = shared.newcomer()
    with shared.clock.still():
        for _ in range(5):
            assert told(send(shared, name, WRONG)) == "not-confirmed"
            shared.clock.advance(60)
        for born in (WRONG, RIGHT):
            locked = send(shared, name, born)
            assert (locked.status_code, told(locked)) == (429, "confirmation-locked")
            assert locked.headers["retry-after"] == str(86_400 - 5 * 60)
        reads = len(shared.adapter.queries)
        shared.clock.advance(86_400 - 5 * 60 - 1)
        assert told(send(shared, name, RIGHT)) == "confirmation-locked"
        assert len(shared.adapter.queries) == reads  # locked means that the source is not read
        shared.clock.advance(1)
        assert told(send(shared, name, RIGHT)) == "released"
        # The window slides: four of the five are still within it, so one more wrong one locks again.
        assert told(send(shared, name, WRONG)) == "not-confirmed"
        assert told(send(shared, name, RIGHT)) == "confirmation-locked"


def test_right_ones_neither_count_nor_wipe_out_wrong_ones(shared: World) -> None:
    name = shared.newcomer()
    for _ in range(4):
        assert told(send(shared, name, WRONG)) == "not-confirmed"
        assert told(send(shared, name, RIGHT)) == "released"
    assert told(send(shared, name, WRONG)) == "not-confirmed"
    assert told(send(shared, name, RIGHT)) == "confirmation-locked"


def test_guesses_in_parallel_count_one_after_another(shared: World) -> None:
    name = shared.newcomer()
    days = [f"1981-05-{day:02d}" for day in range(1, 21)]
    with ThreadPoolExecutor(20) as pool:
        answers = [told(one) for one in pool.map(lambda born: send(shared, name, born), days)]
    assert sorted(answers) == ["confirmation-locked"] * 15 + ["not-confirmed"] * 5
    assert told(send(shared, name, RIGHT)) == "confirmation-locked"


@pytest.mark.parametrize("scheme", ["nhs-number", "driving-licence-number"])
def test_another_identifier_beside_buys_no_further_guesses(shared: World, scheme: str) -> None:
    name = shared.newcomer()
    for n in range(5):
        decoy = PEOPLE[shared.newcomer()]["nhs-number"] if scheme == "nhs-number" else f"SANDB804010A9{n}AA"
        assert told(send(shared, name, WRONG, (scheme, decoy))) == "not-confirmed"
    assert told(send(shared, name, RIGHT)) == "confirmation-locked"


@pytest.mark.parametrize("scheme", ["nhs-number", "driving-licence-number"])
def test_what_was_sent_beside_is_locked_with_it(shared: World, scheme: str) -> None:
    """Else five guesses by one identifier, and another five by the one that stood beside it."""
    name = shared.newcomer()
    beside = PEOPLE[name]["nhs-number"] if scheme == "nhs-number" else "SANDB804010A97BB"
    for _ in range(5):
        assert told(send(shared, name, WRONG, (scheme, beside))) == "not-confirmed"
    asked_by_it = shared.offer(confirm=("dateOfBirth",), identifiers=(scheme,))
    reads = len(shared.adapter.queries)
    subject = {"identifiers": [{"scheme": scheme, "value": beside}], "confirm": {"dateOfBirth": RIGHT}}
    assert told(send(shared, name, RIGHT, dataset=asked_by_it, subject=subject)) == "confirmation-locked"
    assert len(shared.adapter.queries) == reads


def test_a_lock_is_one_agency_s_and_one_identifier_s(shared: World) -> None:
    name = shared.newcomer()
    dataset = shared.offer(confirm=("dateOfBirth",), text={"consumer": STRANGER})
    for _ in range(5):
        send(shared, name, WRONG)
    assert told(send(shared, name, RIGHT)) == "confirmation-locked"
    assert told(send(shared, shared.newcomer(), RIGHT)) == "released"
    subject = {
        "identifiers": [{"scheme": "nino", "value": PEOPLE[name]["nino"]}],
        "confirm": {"dateOfBirth": RIGHT},
    }
    body = {"dataset": dataset, "purpose": "by-statute", "fields": FIELDS, "subject": subject}
    assert told(shared.client(f"{STRANGER}.casework").post("/v1/exchanges", json=body)) == "released"


def test_what_was_guessed_stands_in_no_answer_and_no_entry(shared: World) -> None:
    name = shared.newcomer()
    answer = send(shared, name, "1977-07-17")
    events = shared.events(answer.json()["exchangeId"])
    for text in (answer.text, str(events)):
        assert "1977" not in text
        assert PEOPLE[name]["nino"] not in text
