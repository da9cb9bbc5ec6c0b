"""Every fault of a body comes at once, those of its shape and those of its values, over real HTTP."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.problems import CODE_MARK, MARK, pointers, problem
from tests.world import CONFIRMED, PEOPLE, World

# The exchange is read outside FastAPI's routing, the others inside: both must be as strict.
PATHS = ["/v1/exchanges", "/v1/decisions", "/v1/consent-requests"]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(f"sqlite:///{tmp_path_factory.mktemp('faults') / 'gateway.db'}") as entered:
        yield entered


@pytest.mark.parametrize("path", PATHS)
def test_every_fault_of_the_body_is_told_at_once_by_pointer(world: World, path: str) -> None:
    body = {
        "dataset": f"Not a dataset {MARK}",
        "purpose": 7,
        "subject": {"identifiers": [{"scheme": MARK, "value": MARK, MARK: 1}], "confirm": {"dateOfBirth": MARK}},
        "fields": ["status", f"{MARK}()", "validUntil"],
        "caseReference": f"{MARK} with spaces",
        MARK: {"deep": MARK},
    }
    told = problem(world.casework.post(path, json=body), 422, "invalid-request")
    assert pointers(told) == [
        "",
        "/caseReference",
        "/dataset",
        "/fields/1",
        "/purpose",
        "/subject/confirm/dateOfBirth",
        "/subject/identifiers/0",
        "/subject/identifiers/0/scheme",
    ]


@pytest.mark.parametrize("path", ["/v1/exchanges", "/v1/decisions"])
def test_faults_that_the_shape_does_not_show_are_told_at_once_too(world: World, path: str) -> None:
    body = world.ask(
        dataset=CONFIRMED,
        subject={
            "identifiers": [{"scheme": "nhs-number", "value": "9990000019"}, {"scheme": "nino", "value": "QQ1"}]
        },
        fields=["status", f"{CODE_MARK.split('-')[0]}"],
        caseReference=PEOPLE["ann"]["nino"],
        actingUser="999.000.0018",
        explicitRequest={"requestedAt": "2026-01-01T00:00:00Z", "channel": "phone", "reference": "ZZ-00-00-01-A"},
    )
    told = problem(world.casework.post(path, json=body), 422, "invalid-request", PEOPLE["ann"]["nino"])
    assert pointers(told) == [
        "/actingUser",
        "/caseReference",
        "/explicitRequest/reference",
        "/fields/1",
        "/subject/confirm",
        "/subject/identifiers/0/value",
        "/subject/identifiers/1/value",
    ]


@pytest.mark.parametrize("path", ["/v1/exchanges", "/v1/decisions"])
def test_faults_of_shape_and_of_value_come_at_once(world: World, path: str) -> None:
    body: dict[str, Any] = world.ask(
        dataset=CONFIRMED,
        subject={
            "identifiers": [
                {"scheme": "nhs-number", "value": "9990000019"},
                {"scheme": "uprn", "value": "10", "kind": MARK},
                {"scheme": "uprn", "value": "11"},
            ],
            "confirm": {"familyName": 7},
        },
        fields=["status", 7, "shoeSize", f"{MARK}()", "valid"],
        caseReference=PEOPLE["ann"]["nino"],
        actingUser=f"{MARK} with spaces",
        explicitRequest={"requestedAt": "2026-01-01T00:00:00", "channel": "phone", "reference": "ZZ-00-00-01-A"},
        caseRefrence="A-1",
    )
    del body["purpose"]
    told = problem(world.casework.post(path, json=body), 422, "invalid-request", PEOPLE["ann"]["nino"])
    assert pointers(told) == [
        "",
        "/actingUser",
        "/caseReference",
        "/explicitRequest/reference",
        "/explicitRequest/requestedAt",
        "/fields/1",
        "/fields/2",
        "/fields/3",
        "/fields/4",
        "/purpose",
        "/subject/confirm",
        "/subject/confirm/familyName",
        "/subject/confirm/familyName",  # it is no text, and would not be compared if it were
        "/subject/identifiers",
        "/subject/identifiers/0/value",
        "/subject/identifiers/1",
        "/subject/identifiers/2/scheme",
    ]
    # Mended by what was told, and by nothing else, it has no other fault.
    mended = world.ask(dataset=CONFIRMED, fields=["status", "validUntil"], caseReference="A-1")
    mended["subject"]["confirm"] = {"dateOfBirth": "1980-04-01"}
    answer = world.casework.post("/v1/decisions", json=mended)
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", [*PATHS, "/v1/notices"])
def test_an_unknown_dataset_beside_other_faults_is_one_of_them(world: World, path: str) -> None:
    twice = [{"scheme": "nino", "value": "ZZ000001A"}, {"scheme": "nino", "value": "ZZ000002B"}]
    body = world.ask(
        dataset=f"{CODE_MARK}/driving-licence/v1", purpose="with-consent", subject={"identifiers": twice}
    )
    if path == "/v1/notices":
        del body["fields"]
        body |= {"noticeVersion": "notice-1", "channel": "letter", "givenAt": "2026-01-01T00:00:00Z"}
    expected = ["/dataset", "/subject/identifiers/1/scheme"]
    told = problem(world.casework.post(path, json=body), 422, "invalid-request", "ZZ000002B")
    assert pointers(told) == expected
    told = problem(world.casework.post(path, json=body | {"purpose": "not a code"}), 422, "invalid-request")
    assert pointers(told) == [expected[0], "/purpose", expected[1]]


def test_a_notice_tells_all_its_faults_at_once_too(world: World) -> None:
    body = {
        "dataset": f"{CODE_MARK}/driving-licence/v1",
        "purpose": "zz000001a",
        "subject": {"identifiers": [{"scheme": "nino", "value": "QQ1"}]},
        "noticeVersion": "9990000018",
        "channel": "by letter",
        "givenAt": "yesterday",
    }
    told = problem(world.casework.post("/v1/notices", json=body), 422, "invalid-request", "9990000018", "zz000001a")
    assert pointers(told) == [
        "/channel",
        "/dataset",
        "/givenAt",
        "/noticeVersion",
        "/purpose",
        "/subject/identifiers/0/value",
    ]


def test_a_request_for_consent_of_the_wrong_shape_tells_its_values_too(world: World) -> None:
    body = world.ask(
        purpose="with-consent",
        subject={"identifiers": [{"scheme": "nino", "value": "QQ1"}]},
        fields=["status", 7, CODE_MARK.split("-")[0]],
        optionalFields=["a b", "status", "validUntil", "shoeSize"],
        caseReference=PEOPLE["ann"]["nino"],
        validDays="long",
    )
    told = problem(world.casework.post("/v1/consent-requests", json=body), 422, "invalid-request")
    assert pointers(told) == [
        "/caseReference",
        "/fields/1",
        "/fields/2",
        "/optionalFields/0",
        "/optionalFields/1",
        "/optionalFields/3",
        "/subject/identifiers/0/value",
        "/validDays",
    ]


def test_a_wrong_member_of_an_explicit_request_hides_no_missing_one(world: World) -> None:
    for sent, expected in (
        ({"channel": "by phone"}, ["/explicitRequest", "/explicitRequest/channel"]),
        ({"channel": "by phone", "reference": "A-1", "requestedAt": "2026-01-01T00:00:00Z"},
         ["/explicitRequest/channel"]),
        ({"channel": "phone"}, ["/explicitRequest"]),
    ):  # fmt: skip
        answer = world.casework.post("/v1/exchanges", json=world.ask(explicitRequest=sent))
        assert pointers(problem(answer, 422, "invalid-request")) == expected


def test_what_is_not_there_is_not_missed_twice(world: World) -> None:
    """A part that has a fault already says nothing about the parts that would need it."""
    told = problem(world.casework.post("/v1/exchanges", json={"dataset": CONFIRMED}), 422, "invalid-request")
    assert pointers(told) == ["/fields", "/purpose", "/subject"]
    body = world.ask(dataset=CONFIRMED, subject={"identifiers": [7], "confirm": {"dateOfBirth": 7}})
    told = problem(world.casework.post("/v1/exchanges", json=body), 422, "invalid-request")
    assert pointers(told) == ["/subject/confirm/dateOfBirth", "/subject/identifiers/0"]


def test_a_request_for_consent_tells_all_its_faults_at_once_too(world: World) -> None:
    body = world.ask(
        purpose="with-consent",
        subject={"identifiers": [{"scheme": "nino", "value": "QQ1"}]},
        fields=["status", CODE_MARK.split("-")[0]],
        optionalFields=["status"],
        caseReference=PEOPLE["ann"]["nino"],
    )
    told = problem(world.casework.post("/v1/consent-requests", json=body), 422, "invalid-request")
    assert pointers(told) == ["/caseReference", "/fields/1", "/optionalFields/0", "/subject/identifiers/0/value"]
