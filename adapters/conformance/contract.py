"""The scenarios that every adapter goes through, in the words of the contract (`adapters.base`)."""

import asyncio
import json
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import pytest
from pydantic import BaseModel

from adapters.base import Adapter, Probes, Query, Record
from adapters.errors import AdapterError, NotFound, Permanent, Retriable

_CAMEL: Final = re.compile(r"[a-z][A-Za-z0-9]*")
_HOSTILE: Final = (
    "' OR '1'='1",
    "../../etc/passwd",
    "x\r\nX-Injected: 1",
    "{nino}",
    "%s%s%s",
    "Z" * 5000,
    "\x00",
    "*%*",
)
_GRACE: Final = 2.0  # seconds past its deadline in which a fetch has to give up by itself
_STANDSTILL: Final = 0.05  # seconds in which nothing else runs; a fetch may be as long about its own work
_TRIES: Final = 5  # a machine that is busy stands still too, and not each time
_ENOUGH: Final = 3.0  # seconds of trying


class AdapterConformance:
    """Inherit it in a class whose name begins with `Test`; see the room's docstring for the fixtures."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    async def test_it_has_settings_and_the_two_verbs(self, adapter: Adapter) -> None:
        assert isinstance(adapter, Adapter)
        assert issubclass(type(adapter).Settings, BaseModel), "`Settings` is a Pydantic model"
        assert type(adapter).Settings.model_config.get("extra") == "forbid", "unknown settings are refused"

    async def test_a_known_person_gives_a_record(self, adapter: Adapter, known: Query) -> None:
        record = await adapter.fetch(known)
        assert isinstance(record, Record), "fetch returns a Record for somebody whom the source holds"
        assert record.data, "the record of a known person is not empty"
        assert record.as_of is None or record.as_of.tzinfo is not None, "`as_of` has a time zone"

    async def test_an_unknown_person_gives_none(self, adapter: Adapter, unknown: Query) -> None:
        found = await _answer(adapter, unknown)
        assert found is None or isinstance(found, NotFound), "fetch returns None for somebody whom the source has not"

    async def test_the_data_is_json_ready_and_camel_case(self, adapter: Adapter, known: Query) -> None:
        record = await adapter.fetch(known)
        assert record is not None
        assert json.loads(json.dumps(record.data, allow_nan=False)) == record.data
        wrong = [name for name in _names(record.data) if not _CAMEL.fullmatch(name)]
        assert not wrong, f"members are named in camelCase, and these are not: {wrong}"

    async def test_the_record_says_whose_it_is(self, adapter: Adapter, known: Query) -> None:
        record = await adapter.fetch(known)
        assert record is not None
        shared = record.identifiers.keys() & known.identifiers.keys()
        assert shared, "`identifiers` carries what the source's own record holds, so that the gateway can compare"
        for scheme in shared:
            assert record.identifiers[scheme] == known.identifiers[scheme], f"{scheme} is normalised, and the same"

    async def test_fewer_fields_never_give_more(self, adapter: Adapter, known: Query) -> None:
        whole = await adapter.fetch(known)
        one = await adapter.fetch(replace(known, fields=frozenset(sorted(known.fields)[:1])))
        assert whole is not None
        assert one is not None
        assert set(one.data) <= set(whole.data)

    async def test_many_at_once_answer_each_their_own(self, adapter: Adapter, known: Query, unknown: Query) -> None:
        queries = [replace(known if n % 2 else unknown, exchange_id=f"conformance-{n}") for n in range(24)]
        first = await adapter.fetch(known)
        found = await asyncio.gather(*(_answer(adapter, query) for query in queries))
        for n, record in enumerate(found):
            if n % 2:
                assert record == first, "concurrent fetches do not disturb each other"
            else:
                assert not isinstance(record, Record), "nobody gets another's record"

    async def test_a_cancelled_fetch_leaves_it_usable(self, adapter: Adapter, known: Query) -> None:
        for turns in range(8):
            task = asyncio.ensure_future(adapter.fetch(known))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert isinstance(await adapter.fetch(known), Record)

    async def test_a_deadline_that_has_passed_is_kept(self, adapter: Adapter, known: Query) -> None:
        started = time.monotonic()
        found = await _answer(adapter, replace(known, deadline=0.0))
        assert time.monotonic() - started < _GRACE, "fetch ends by itself soon after its deadline"
        assert isinstance(found, Record | Retriable), "what is too late may succeed later"
        assert isinstance(await adapter.fetch(known), Record), "a missed deadline leaves it usable"

    async def test_the_event_loop_goes_on_while_it_fetches(self, adapter: Adapter, known: Query) -> None:
        """Of a source that answers at once it cannot be told: let the one of your test take its 0.1 seconds."""
        until = time.monotonic() + _ENOUGH
        shortest = await _longest_standstill(adapter, known)
        for _ in range(_TRIES - 1):
            if shortest < _STANDSTILL or time.monotonic() > until:
                break
            shortest = min(shortest, await _longest_standstill(adapter, known))
        assert shortest < _STANDSTILL, (
            f"fetch held up the event loop for {shortest:.2f} s: on a gateway every other request stands still;"
            " `await` what it waits for, or run it in a thread (`await asyncio.to_thread(…)`)"
        )

    @pytest.mark.parametrize("value", _HOSTILE, ids=range(len(_HOSTILE)))
    async def test_a_hostile_identifier_finds_nobody(self, adapter: Adapter, known: Query, value: str) -> None:
        query = replace(known, identifiers=dict.fromkeys(known.identifiers, value))
        found = await _answer(adapter, query)
        assert not isinstance(found, Record), "nobody has this identifier"
        assert value not in _everything_said(found), "no error holds an identifier"
        assert isinstance(await adapter.fetch(known), Record), "and it is usable afterwards"

    async def test_an_identifier_that_it_does_not_take_is_an_error_or_none(
        self, adapter: Adapter, known: Query
    ) -> None:
        query = replace(known, identifiers={"no-such-scheme": "CANARY-0451"})
        found = await _answer(adapter, query, "asked by a scheme that it does not take, ")
        assert not isinstance(found, Record), "nobody was asked for that it could find"
        assert "CANARY-0451" not in _everything_said(found), "no error holds an identifier"

    async def test_a_source_that_is_gone_is_an_error_of_the_tree(self, broken: Adapter, known: Query) -> None:
        with pytest.raises(AdapterError) as raised:
            await asyncio.wait_for(broken.fetch(known), known.deadline + _GRACE)
        assert not isinstance(raised.value, NotFound | Permanent), "a source that is gone may come back"
        said = _everything_said(raised.value)
        for value in known.identifiers.values():
            assert value not in said, "no error holds an identifier"

    async def test_a_probe_tells_a_good_source_from_one_that_is_gone(self, adapter: Adapter, broken: Adapter) -> None:
        if not isinstance(adapter, Probes) or not isinstance(broken, Probes):
            return  # probing is optional
        note = await adapter.probe()
        assert note is None or isinstance(note, str)
        with pytest.raises(AdapterError):
            await broken.probe()

    async def test_it_closes_after_its_last_fetch(self, adapter: Adapter, known: Query) -> None:
        await adapter.fetch(known)
        await asyncio.wait_for(adapter.aclose(), _GRACE)


async def _answer(adapter: Adapter, query: Query, when: str = "") -> Record | AdapterError | None:
    try:
        return await adapter.fetch(query)
    except AdapterError as error:
        return error
    except Exception as error:
        kind = type(error).__name__
        raise AssertionError(
            f"{when}fetch raises {kind}, which says nothing of what to do about it: raise an error of"
            " `adapters.errors` (`Misconfigured` where an operator must act), or return None"
        ) from error


async def _longest_standstill(adapter: Adapter, query: Query) -> float:
    """Seconds for which a ticker beside `fetch` did not get its turn."""
    last, longest = time.monotonic(), 0.0

    def turn() -> None:
        nonlocal last, longest
        before, last = last, time.monotonic()
        longest = max(longest, last - before)

    async def tick() -> None:
        while True:
            turn()
            await asyncio.sleep(0)

    ticker = asyncio.ensure_future(tick())
    try:
        await asyncio.sleep(0)
        await adapter.fetch(query)
    finally:
        turn()
        ticker.cancel()
    return longest


def _names(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from _names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner)


def _everything_said(found: object) -> str:
    """What a log would show of an error: itself and, unless suppressed, what it came from."""
    said = []
    error = found if isinstance(found, BaseException) else None
    while error is not None:
        said.append(repr(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n".join(said)
