"""Bodies that cannot be taken, over real HTTP: each told by its own problem, none reaches a source or the ledger."""

import json
import socket
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.web.problems import CODE_MARK, MARK, pointers, problem
from tests.world import CONFIRMED, DATASET, PEOPLE, World

JSON = {"Content-Type": "application/json"}
TWENTY_MB = 20 * 1024 * 1024
# The exchange is read outside FastAPI's routing, the others inside: both must be as strict.
PATHS = ["/v1/exchanges", "/v1/decisions", "/v1/consent-requests"]
MALFORMED = {
    "nothing that is JSON": b'{"dataset": "' + MARK.encode(),
    "empty text": b" ",
    "two values": b"{} {}",
    "a trailing comma": b'{"dataset": "x",}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "no UTF-8": b'{"purpose": "\xff\xfe' + MARK.encode() + b'"}',
    "half a surrogate pair": b'{"purpose": "\\ud800"}',
    "NaN": b'{"fields": NaN}',
    "Infinity": b'{"fields": Infinity}',
    "minus Infinity": b'{"fields": -Infinity}',
    "a name twice": b'{"purpose": "' + CODE_MARK.encode() + b'", "purpose": "by-statute"}',
    "a name twice, once escaped": b'{"purpose": "a", "\\u0070urpose": "by-statute"}',
    "a name twice further in": b'{"subject": {"' + MARK.encode() + b'": 1, "' + MARK.encode() + b'": 2}}',
    "deep nesting in lists": b'{"fields": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "deep nesting in objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "a number without end": b'{"fields": ' + b"9" * 100_000 + b"}",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(f"sqlite:///{tmp_path_factory.mktemp('bad-input') / 'gateway.db'}") as entered:
        yield entered


@pytest.fixture(autouse=True)
def nothing_is_read(world: World) -> Iterator[None]:
    """Whatever a test of this file sends, no source is asked and the gateway still answers."""
    world.adapter.queries.clear()
    yield
    assert world.adapter.queries == []
    assert world.anyone().get("/health/ready").status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_json_that_has_not_one_meaning_is_malformed(world: World, path: str, body: bytes) -> None:
    told = problem(world.casework.post(path, content=body, headers=JSON), 400, "malformed-json")
    assert told["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_a_number_too_large_for_a_double_is_refused(world: World, path: str) -> None:
    body = json.dumps(world.ask()).replace('"fields"', '"validDays": 1e999, "fields"').encode()
    answer = world.casework.post(path, content=body, headers=JSON)
    told = problem(answer, 422, "invalid-request")
    assert pointers(told) == (["/validDays"] if path == "/v1/consent-requests" else [""])


@pytest.mark.parametrize("path", PATHS)
def test_without_a_body_it_is_told_so(world: World, path: str) -> None:
    answer = world.casework.post(path, headers=JSON)
    assert answer.status_code in (400, 422)
    problem(answer, answer.status_code, "malformed-json" if answer.status_code == 400 else "invalid-request")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xml",
             "application/json-patch+json", f"text/{MARK}", None],
)  # fmt: skip
def test_another_content_type_is_refused_whatever_the_body(world: World, path: str, kind: str | None) -> None:
    headers = {"Content-Type": kind} if kind else {}
    answer = world.casework.post(path, content=json.dumps(world.ask()).encode(), headers=headers)
    told = problem(answer, 415, "wrong-content-type")
    assert told["detail"] == "Send Content-Type: application/json."


@pytest.mark.parametrize("path", PATHS)
def test_twenty_megabytes_are_refused(world: World, path: str) -> None:
    answer = world.casework.post(path, content=b'{"a":"' + b"x" * TWENTY_MB + b'"}', headers=JSON)
    problem(answer, 413, "body-too-large")


@pytest.mark.parametrize("path", PATHS)
def test_twenty_megabytes_in_chunks_without_a_length_are_refused(world: World, path: str) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(TWENTY_MB // 65_536):
            yield b"[" * 65_536

    answer = world.casework.post(path, content=chunks(), headers=JSON)
    assert "content-length" not in answer.request.headers
    problem(answer, 413, "body-too-large")


@pytest.mark.parametrize("path", [*PATHS, "/oauth/token"])
def test_a_body_too_large_is_refused_by_its_length_before_it_comes(world: World, path: str) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {TWENTY_MB}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", world.settings.port), timeout=5) as connection:
        connection.sendall(head.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 4" if path == "/oauth/token" else b"HTTP/1.1 413")


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


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("put", "parent", "known"),
    [((), "", {"dataset", "purpose", "subject", "fields", "caseReference"}),
     (("subject",), "/subject", {"identifiers", "confirm"}),
     (("subject", "identifiers", 0), "/subject/identifiers/0", {"scheme", "value"})],
)  # fmt: skip
def test_an_unknown_field_is_told_by_its_parent_with_the_fields_that_are_known_there(
    world: World, path: str, put: tuple[str | int, ...], parent: str, known: set[str]
) -> None:
    body = world.ask()
    place: Any = body
    for part in put:
        place = place[part]
    place[MARK] = MARK
    told = problem(world.casework.post(path, json=body), 422, "invalid-request")
    assert pointers(told) == [parent]
    said, _, listed = told["errors"][0]["detail"].partition("; known are: ")
    assert said == "an unknown member stands here"
    assert known <= set(listed.split(", "))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [[], "text", 1, None, True, [{}]])
def test_another_value_than_an_object_is_refused(world: World, path: str, body: object) -> None:
    answer = world.casework.post(path, content=json.dumps(body).encode(), headers=JSON)
    assert pointers(problem(answer, 422, "invalid-request")) == [""]


@pytest.mark.parametrize("path", [*PATHS, "/v1/notices"])
def test_an_unknown_dataset_is_not_found(world: World, path: str) -> None:
    body = world.ask(dataset=f"{CODE_MARK}/driving-licence/v1", purpose="with-consent")
    if path == "/v1/notices":
        del body["fields"]
        body |= {"noticeVersion": "notice-1", "channel": "letter", "givenAt": "2026-01-01T00:00:00Z"}
    problem(world.casework.post(path, json=body), 404, "no-such-dataset")


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    ("scheme", "value"),
    [("nhs-number", "9990000019"), ("nino", "DZ123456A"), ("nino", "ZZ00000A1"), ("driving-licence-number", MARK),
     ("nino", f"ZZ000001A\0{MARK}"), ("uprn", "0-00-000"), ("postcode", "ZZ1")],
)  # fmt: skip
def test_a_bad_check_digit_or_form_is_told_without_the_value(
    world: World, path: str, scheme: str, value: str
) -> None:
    body = world.ask(purpose="with-consent", subject={"identifiers": [{"scheme": scheme, "value": value}]})
    told = problem(world.casework.post(path, json=body), 422, "invalid-request", value)
    assert "/subject/identifiers/0/value" in pointers(told)


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


def test_an_identifier_of_a_scheme_that_the_dataset_does_not_take_is_refused(world: World) -> None:
    body = world.ask(subject={"identifiers": [{"scheme": "nhs-number", "value": PEOPLE["ann"]["nhs-number"]}]})
    told = problem(world.casework.post("/v1/exchanges", json=body), 422, "invalid-request", "9990000018")
    assert pointers(told) == ["/subject/identifiers"]


def test_an_idempotency_key_of_another_form_or_that_is_an_identifier_is_refused(world: World) -> None:
    for key in ("with space", "x" * 65, "", "ZZ000001A", f"{MARK}/", "ZZ.00.00.01.A"):
        answer = world.casework.post("/v1/exchanges", json=world.ask(), headers={"Idempotency-Key": key})
        problem(answer, 422, "invalid-request", *filter(None, [key]))


def test_a_confirmation_that_the_dataset_wants_and_the_request_lacks_is_told(world: World) -> None:
    told = problem(
        world.casework.post("/v1/exchanges", json=world.ask(dataset=CONFIRMED)), 422, "confirmation-needed"
    )
    assert pointers(told) == ["/subject/confirm"]


@pytest.mark.parametrize(
    "path",
    ["/v1/datasets?limit=0", "/v1/datasets?limit=Zyzzyva", "/v1/datasets?q=" + "Zyzzyva" * 40,
     "/v1/register?limit=101", "/v1/ledger/proofs/inclusion?commitment=Zyzzyva",
     "/v1/ledger/proofs/consistency?from=-1&to=Zyzzyva", "/v1/ledger/proofs/consistency"],
)  # fmt: skip
def test_a_bad_query_is_refused_without_its_value(world: World, path: str) -> None:
    told = problem(world.anyone().get(path), 422, "invalid-request")
    assert told["detail"] == "the fault lies in the query"


@pytest.mark.parametrize("path", ["/v1/Zyzzyva", "/v1/exchanges/", "/Zyzzyva", "/v1//exchanges", "/problems/Zyzzyva"])
def test_a_path_that_is_none_is_not_found_without_being_repeated(world: World, path: str) -> None:
    answer = world.anyone().get(path)
    problem(answer, 404, "not-found" if path.startswith("/problems") else "no-such-route")


def test_a_method_that_a_route_does_not_know_is_told_with_those_that_it_does(world: World) -> None:
    answer = world.casework.request("PATCH", "/v1/exchanges", json=world.ask())
    problem(answer, 405, "method-not-allowed")
    assert "POST" in answer.headers["allow"]


def test_the_right_request_still_passes_after_all_that(world: World) -> None:
    answer = world.casework.post("/v1/exchanges", json=world.ask(dataset=DATASET))
    assert answer.status_code == 201, answer.text
    world.adapter.queries.clear()
