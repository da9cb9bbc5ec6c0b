"""A person who is not confirmed: miss, mismatch and restricted record are told alike, and guesses run out."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.web.problems import problem
from tests.world import CONFIRMED, CONSUMER, PEOPLE, PROVIDER, STRANGER, World, licence

ASK = "/v1/exchanges"
RIGHT, WRONG = "1980-04-01", "1980-04-02"


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered


def guess(
    world: World, name: str, born: str = WRONG, *, dataset: str = CONFIRMED, client: Any = None
) -> httpx.Response:
    body = world.ask(name, dataset=dataset)
    body["subject"]["confirm"] = {"dateOfBirth": born}
    answer: httpx.Response = (client or world.casework).post(ASK, json=body)
    return answer


def alike(answer: httpx.Response) -> tuple[int, bytes, dict[str, str]]:
    """Every byte of an answer but its ids and the time of day."""
    body = re.sub(rb'"(exchangeId|requestId)":"[0-9a-f-]{36}"', rb'"\1":""', answer.content)
    headers = {name: value for name, value in answer.headers.items() if name not in ("x-request-id", "date")}
    return answer.status_code, body, headers


def test_the_right_confirmation_releases_and_the_date_itself_is_not_released_for_it(world: World) -> None:
    answer = guess(world, world.newcomer(), RIGHT)
    assert answer.status_code == 201, answer.text
    assert RIGHT not in answer.text


def test_miss_mismatch_and_restricted_record_are_told_byte_for_byte_alike(world: World) -> None:
    missing, mismatched, restricted, both = (world.newcomer() for _ in range(4))
    held = world.adapter.held
    del held[PEOPLE[missing]["nino"]]
    held[PEOPLE[restricted]["nino"]] = licence(PEOPLE[restricted]["nino"], restricted=True)
    held[PEOPLE[both]["nino"]] = licence(PEOPLE[both]["nino"], restricted=True)
    cases = {
        "miss": guess(world, missing, RIGHT),
        "mismatch": guess(world, mismatched, WRONG),
        "restricted": guess(world, restricted, RIGHT),
    }
    told = {found: problem(answer, 403, "not-confirmed", RIGHT, WRONG) for found, answer in cases.items()}
    assert len({str(alike(answer)) for answer in (*cases.values(), guess(world, both, WRONG))}) == 1
    for body in told.values():
        assert body["reasons"][0].get("missingKey") is None
    # Nor does the caller's own account of it tell: the provider alone is told which it was.
    accounts = []
    for found, body in told.items():
        consumer = world.client(f"{CONSUMER}.casework").get(f"{ASK}/{body['exchangeId']}").json()
        for entry in consumer["entries"]:
            del entry["entryId"], entry["at"], entry["commitment"], entry["salt"], entry["event"]["at"]
            entry["event"] |= {"exchangeId": "", "id": ""}
        accounts.append({**consumer, "exchangeId": ""})
        events = world.events(body["exchangeId"], f"{PROVIDER}.data-office")
        assert [event["found"] for event in events if event["kind"] == "exchange-detail"] == [found]
    assert accounts[0] == accounts[1] == accounts[2]


def test_without_a_confirmation_a_restricted_record_is_a_record_that_is_not_held(world: World) -> None:
    missing, restricted = world.newcomer(), world.newcomer()
    del world.adapter.held[PEOPLE[missing]["nino"]]
    world.adapter.held[PEOPLE[restricted]["nino"]] = licence(PEOPLE[restricted]["nino"], restricted=True)
    answers = [world.casework.post(ASK, json=world.ask(name)) for name in (missing, restricted)]
    for answer in answers:
        assert (answer.status_code, answer.json()["outcome"]) == (201, "not-held")
        assert "Sandbox-Test" not in answer.text
    shapes = [{name: value for name, value in answer.json().items() if name in ("outcome", "recordType", "agreement")}
              for answer in answers]  # fmt: skip
    assert shapes[0] == shapes[1]
    assert answers[0].json().keys() == answers[1].json().keys()
    assert len(answers[0].content) == len(answers[1].content)


def test_after_five_wrong_ones_even_the_right_one_is_locked_out_for_a_day(world: World) -> None:
    name = world.newcomer()
    for _ in range(5):
        problem(guess(world, name), 403, "not-confirmed")
    for born in (RIGHT, WRONG, RIGHT):
        world.adapter.queries.clear()
        answer = guess(world, name, born)
        told = problem(answer, 429, "confirmation-locked", RIGHT, WRONG)
        assert world.adapter.queries == []
        assert 86_300 <= int(answer.headers["retry-after"]) <= 86_401
        [event] = world.events(told["exchangeId"])
        assert (event["outcome"], event["reasons"][0]["code"]) == ("refused", "confirmation-locked")
    assert guess(world, world.newcomer(), RIGHT).status_code == 201  # nobody else is locked
    assert world.casework.post(ASK, json=world.ask(name)).status_code == 201  # nor a dataset that asks for none
    wait = int(guess(world, name, RIGHT).headers["retry-after"])
    world.clock.advance(wait - 3)
    problem(guess(world, name, RIGHT), 429, "confirmation-locked")
    world.clock.advance(3)
    assert guess(world, name, RIGHT).status_code == 201


def test_a_right_one_between_does_not_start_the_count_anew(world: World) -> None:
    name = world.newcomer()
    for _ in range(4):
        problem(guess(world, name), 403, "not-confirmed")
    assert guess(world, name, RIGHT).status_code == 201
    problem(guess(world, name), 403, "not-confirmed")
    problem(guess(world, name, RIGHT), 429, "confirmation-locked")


def test_guesses_at_once_get_no_more_than_five_answers(world: World) -> None:
    name = world.newcomer()
    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda n: guess(world, name, f"1980-05-{n:02d}"), range(1, 13)))
    codes = sorted(answer.json()["code"] for answer in answers)
    assert codes == ["confirmation-locked"] * 7 + ["not-confirmed"] * 5
    problem(guess(world, name, RIGHT), 429, "confirmation-locked")


def test_another_agency_counts_by_itself(world: World) -> None:
    name = world.newcomer()
    for _ in range(5):
        problem(guess(world, name), 403, "not-confirmed")
    shared = world.offer(confirm=("dateOfBirth",), text={"consumer": STRANGER})
    stranger = world.client(f"{STRANGER}.casework")
    assert guess(world, name, RIGHT, dataset=shared, client=stranger).status_code == 201
    problem(guess(world, name, RIGHT), 429, "confirmation-locked")


def test_the_same_agency_counts_over_all_datasets(world: World) -> None:
    name = world.newcomer()
    second = world.offer(confirm=("dateOfBirth",))
    for n in range(5):
        problem(guess(world, name, dataset=(CONFIRMED, second)[n % 2]), 403, "not-confirmed")
    for dataset in (CONFIRMED, second):
        problem(guess(world, name, RIGHT, dataset=dataset), 429, "confirmation-locked")


def test_a_source_that_fails_is_no_wrong_guess(world: World) -> None:
    name = world.newcomer()
    world.adapter.held[PEOPLE[name]["nino"]] = licence(PEOPLE[name]["nino"], data={"status": 7})
    for _ in range(6):
        problem(guess(world, name, RIGHT), 502, "source-wrong-schema")
    world.adapter.held[PEOPLE[name]["nino"]] = licence(PEOPLE[name]["nino"])
    assert guess(world, name, RIGHT).status_code == 201
