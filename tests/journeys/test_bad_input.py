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
    problem(answer, 404, "no-such-problem-type" if path.startswith("/problems") else "no-such-route")


def test_a_method_that_a_route_does_not_know_is_told_with_those_that_it_does(world: World) -> None:
    answer = world.casework.request("PATCH", "/v1/exchanges", json=world.ask())
    problem(answer, 405, "method-not-allowed")
    assert "POST" in answer.headers["allow"]


def test_the_right_request_still_passes_after_all_that(world: World) -> None:
    answer = world.casework.post("/v1/exchanges", json=world.ask(dataset=DATASET))
    assert answer.status_code == 201, answer.text
    world.adapter.queries.clear()
