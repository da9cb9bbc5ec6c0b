"""The adapter against a real TCP server that speaks the primary care system's protocol."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from threekeys_primary_care import PrimaryCareAdapter, PrimaryCareSettings

from adapters.base import Query, Record
from adapters.conformance import AdapterConformance
from adapters.errors import Misconfigured, Permanent, Retriable

PATIENT = {
    "nhs_no": "9990000018",
    "surname": "Sandbox-Ashworth",
    "forenames": "Amara",
    "dob": "19800401",
    "reg_gp": {"code": "Z99001", "name": "Sandham Harbour Surgery"},
    "registered_on": "20151102",
    "status": "R",
    "restricted": "N",
}
KNOWN = Query(
    {"nhs-number": "9990000018"}, frozenset({"person", "practice", "registeredFrom", "status"}), "exchange-1", 2.0
)
Respond = Callable[[dict[str, Any]], bytes]


def system(question: dict[str, Any]) -> bytes:
    """What the real system says."""
    if question["op"] == "ping":
        return b'{"pong": true}\n'
    if question["key"] != "open sesame":
        return b'{"error": "denied"}\n'
    if question["nhsNumber"] != PATIENT["nhs_no"]:
        return b'{"found": false}\n'
    return json.dumps({"found": True, "patient": PATIENT}).encode() + b"\n"


def saying(**changed: Any) -> Respond:
    return lambda question: json.dumps({"found": True, "patient": {**PATIENT, **changed}}).encode() + b"\n"


@asynccontextmanager
async def running(respond: Respond, seen: list[dict[str, Any]] | None = None) -> AsyncIterator[int]:
    """A server on a free port; `respond` gives the bytes for each question, none to say nothing."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        if line:
            question = json.loads(line)
            if seen is not None:
                seen.append(question)
            writer.write(respond(question))
            if respond is silence:
                await asyncio.sleep(30)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def silence(question: dict[str, Any]) -> bytes:
    return b""


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRIMARY_CARE_KEY", "open sesame")


def adapter_at(port: int, **more: Any) -> PrimaryCareAdapter:
    return PrimaryCareAdapter(PrimaryCareSettings(port=port, key="env:PRIMARY_CARE_KEY", **more))


class TestContract(AdapterConformance):
    @pytest.fixture
    async def adapter(self) -> AsyncIterator[PrimaryCareAdapter]:
        async with running(system) as port:
            yield adapter_at(port)

    @pytest.fixture
    async def broken(self) -> PrimaryCareAdapter:
        async with running(system) as port:
            pass
        return adapter_at(port)

    @pytest.fixture
    def known(self) -> Query:
        return KNOWN

    @pytest.fixture
    def unknown(self) -> Query:
        return Query({"nhs-number": "9990000026"}, KNOWN.fields, "exchange-2", 2.0)


def fetch(respond: Respond, **more: Any) -> Record | None:
    async def run() -> Record | None:
        async with running(respond) as port:
            return await adapter_at(port, **more).fetch(KNOWN)

    work: Awaitable[Record | None] = run()
    return asyncio.run(work)  # type: ignore[arg-type]  # a coroutine, typed as its protocol


def test_a_patient_comes_out_as_a_gp_registration() -> None:
    record = fetch(system)
    assert record is not None
    assert record.data == {
        "person": {
            "nhsNumber": "9990000018",
            "familyName": "Sandbox-Ashworth",
            "givenNames": "Amara",
            "dateOfBirth": "1980-04-01",
        },
        "practice": {"code": "Z99001", "name": "Sandham Harbour Surgery"},
        "registeredFrom": "2015-11-02",
        "status": "registered",
    }
    assert record.identifiers == {"nhs-number": "9990000018"}
    assert not record.restricted


@pytest.mark.parametrize(("dob", "expected"), [("1950", "1950"), ("195004", "1950-04"), (None, None)])
def test_a_partial_date_stays_partial(dob: str | None, expected: str | None) -> None:
    record = fetch(saying(dob=dob))
    assert record is not None
    assert record.data["person"]["dateOfBirth"] == expected


@pytest.mark.parametrize(("status", "expected"), [("L", "left"), ("D", "deceased")])
def test_a_status_is_translated(status: str, expected: str) -> None:
    record = fetch(saying(status=status))
    assert record is not None
    assert record.data["status"] == expected


def test_a_restricted_patient_is_marked() -> None:
    record = fetch(saying(restricted="Y"))
    assert record is not None
    assert record.restricted


@pytest.mark.parametrize(
    "changed",
    [{"dob": "secret-dob"}, {"status": "X"}, {"restricted": "?"}, {"reg_gp": "secret-gp"}, {"registered_on": "1.1."}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_patient_in_another_shape_is_permanent_and_no_value_is_told(changed: dict[str, Any]) -> None:
    with pytest.raises(Permanent) as raised:
        fetch(saying(**changed))
    assert all(str(value) not in str(raised.value) for value in changed.values())


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b'{"error": "busy"}\n', Retriable),
        (b'{"error": "denied"}\n', Misconfigured),
        (b'{"error": "bad"}\n', Permanent),
        (b"<html>\n", Permanent),
        (b"[]\n", Permanent),
        (b'{"found": true}\n', Permanent),
        (b'{"found": true, "pat', Retriable),
        (b"x" * 100_000 + b"\n", Permanent),
        (b"", Retriable),
    ],
    ids=["busy", "denied", "bad", "html", "list", "no patient", "cut short", "endless", "hung up"],
)
def test_what_goes_wrong_is_named_by_what_to_do(answer: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        fetch(lambda question: answer)


def test_a_silent_system_is_retriable_within_the_timeout() -> None:
    with pytest.raises(Retriable, match=r"0\.2 s"):
        fetch(silence, timeout=0.2)


def test_the_exchange_id_and_the_key_go_along() -> None:
    seen: list[dict[str, Any]] = []

    async def run() -> None:
        async with running(system, seen) as port:
            await adapter_at(port).fetch(KNOWN)

    asyncio.run(run())
    assert [(question["exchangeId"], question["key"]) for question in seen] == [("exchange-1", "open sesame")]
