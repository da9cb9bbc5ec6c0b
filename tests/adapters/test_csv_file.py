"""The CSV adapter over real files: whole ones, half ones, broken ones."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from adapters.base import Query, Record
from adapters.conformance import AdapterConformance
from adapters.csv_file import CsvAdapter, CsvSettings
from adapters.errors import Misconfigured, Permanent, Retriable
from adapters.registry import faults

pytestmark = pytest.mark.anyio

HEADER = "REF;NINO;UPRN;SURNAME;DOB;CHARGE_P;RESTRICTED"
ROWS = [
    "1;ZZ123456A;999900000001;Sandbox-Ashworth;01/04/1980;123456;N",
    "2;zz 12 34 57 a;999900000002;Sandbox-Été;1950;5;Y",
    '3;;999900000003;"Sandbox; ""Quoted""";;0;N',
]
MAPPING: dict[str, Any] = {
    "fields": {
        "reference": "REF",
        "person.familyName": "SURNAME",
        "person.dateOfBirth": {"from": "DOB", "as": "partial-date", "format": "dd/mm/yyyy"},
        "charge": {"from": "CHARGE_P", "as": "money", "unit": "pence"},
    },
    "restricted": "RESTRICTED",
    "identifiers": {"nino": "NINO", "uprn": "UPRN"},
}
FIELDS = frozenset({"reference", "person", "charge"})
KNOWN = Query({"nino": "ZZ123456A"}, FIELDS, "exchange-1", 5.0)
UNKNOWN = Query({"nino": "ZZ999999A"}, FIELDS, "exchange-2", 5.0)
WRITTEN = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def of(**identifiers: str) -> Query:
    return Query(identifiers, FIELDS, "e", 5.0)


def drop(path: Path, rows: list[str] | bytes, *, header: str = HEADER, marker: bool = True) -> None:
    """Write the file whole and mark it, as the council does at two in the morning."""
    content = rows if isinstance(rows, bytes) else "\r\n".join([header, *rows, ""]).encode("iso-8859-1")
    beside = path.with_suffix(".part")
    beside.write_bytes(content)
    os.utime(beside, (WRITTEN.timestamp(), WRITTEN.timestamp()))
    beside.replace(path)
    if marker:
        Path(f"{path}.done").touch()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "council_tax.csv"
    drop(file, ROWS)
    return file


def settings(path: Path, **more: Any) -> CsvSettings:
    given = {
        "path": path,
        "encoding": "iso-8859-1",
        "delimiter": ";",
        "key": {"nino": "NINO", "uprn": "UPRN"},
        "recheckSeconds": 0,
        "mapping": MAPPING,
    }
    return CsvSettings.model_validate({**given, **more})


Make = Callable[..., CsvAdapter]


@asynccontextmanager
async def making(path: Path) -> AsyncIterator[Make]:
    """Makes adapters over a file, with settings as they are given; closes all in the end."""
    made: list[CsvAdapter] = []

    def make(**more: Any) -> CsvAdapter:
        made.append(CsvAdapter(settings(path, **more)))
        return made[-1]

    yield make
    for adapter in made:
        await adapter.aclose()


@pytest.fixture
async def make(path: Path) -> AsyncIterator[Make]:
    async with making(path) as make:
        yield make


class TestContract(AdapterConformance):
    @pytest.fixture
    async def adapter(self, path: Path) -> AsyncIterator[CsvAdapter]:
        adapter = CsvAdapter(settings(path))
        yield adapter
        await adapter.aclose()

    @pytest.fixture
    async def broken(self, tmp_path: Path) -> AsyncIterator[CsvAdapter]:
        adapter = CsvAdapter(settings(tmp_path / "gone.csv"))
        yield adapter
        await adapter.aclose()

    @pytest.fixture
    def known(self) -> Query:
        return KNOWN

    @pytest.fixture
    def unknown(self) -> Query:
        return UNKNOWN


async def test_a_row_becomes_a_record_as_of_the_files_time(make: Make) -> None:
    record = await make().fetch(KNOWN)
    assert record == Record(
        data={
            "reference": "1",
            "person": {"familyName": "Sandbox-Ashworth", "dateOfBirth": "1980-04-01"},
            "charge": {"amount": "1234.56", "currency": "GBP"},
        },
        restricted=False,
        as_of=WRITTEN,
        identifiers={"nino": "ZZ123456A", "uprn": "999900000001"},
    )


async def test_identifiers_are_found_in_whatever_shape_the_file_keeps_them(make: Make) -> None:
    record = await make().fetch(of(nino="ZZ123457A"))
    assert record is not None
    assert record.restricted
    assert record.data == {}
    by_home = await make().fetch(of(uprn="999900000003"))
    assert by_home is not None
    assert by_home.data["person"] == {"familyName": 'Sandbox; "Quoted"', "dateOfBirth": None}
    assert by_home.identifiers == {"uprn": "999900000003"}


async def test_two_identifiers_must_not_contradict_each_other(make: Make) -> None:
    adapter = make()
    assert await adapter.fetch(of(nino="ZZ123456A", uprn="999900000001")) is not None
    assert await adapter.fetch(of(nino="ZZ123456A", uprn="999900000002")) is None
    # The row says nothing of a NINO: nothing contradicts it, and the record's identifiers show the gateway so.
    assert await adapter.fetch(of(nino="ZZ999999A", uprn="999900000003")) is not None


async def test_more_than_one_row_is_permanent_unless_many_are_expected(make: Make, path: Path) -> None:
    drop(path, [*ROWS, "9;ZZ123456A;999900000009;Sandbox-Ashworth;01/04/1980;7;N"])
    with pytest.raises(Permanent, match="more than one row"):
        await make().fetch(KNOWN)
    each = {"each": "rows", "fields": {"reference": "REF", "charge": MAPPING["fields"]["charge"]}}
    mapping = {**MAPPING, "fields": {"person.familyName": "SURNAME", "accounts": each}}
    many = make(rows="many", mapping=mapping)
    record = await many.fetch(Query({"nino": "ZZ123456A"}, frozenset({"accounts.reference", "person"}), "e", 5.0))
    assert record is not None
    assert record.data == {
        "person": {"familyName": "Sandbox-Ashworth"},
        "accounts": [{"reference": "1"}, {"reference": "9"}],
    }


async def test_one_restricted_row_of_many_restricts_the_person(make: Make, path: Path) -> None:
    drop(path, [*ROWS, "9;ZZ123456A;999900000009;Sandbox-Ashworth;01/04/1980;7;Y"])
    mapping = {**MAPPING, "fields": {"accounts": {"each": "rows", "fields": {"reference": "REF"}}}}
    record = await make(rows="many", mapping=mapping).fetch(KNOWN)
    assert record is not None
    assert record.restricted


async def test_a_new_drop_is_read_and_the_old_one_answers_until_it_is_whole(make: Make, path: Path) -> None:
    adapter = make()

    async def charge() -> str:
        record = await adapter.fetch(KNOWN)
        assert record is not None
        amount: str = record.data["charge"]["amount"]
        return amount

    assert await charge() == "1234.56"
    # Written in place and slowly: the marker is older than the file, so what was read before still answers.
    time.sleep(0.02)
    with path.open("w", encoding="iso-8859-1") as file:
        file.write(f"{HEADER}\n1;ZZ123456A;9999000")
        file.flush()
        assert await charge() == "1234.56"
        file.write("00001;Sandbox-Ashworth;01/04/1980;200;N\n")
    assert await charge() == "1234.56"
    time.sleep(0.02)
    Path(f"{path}.done").touch()
    assert await charge() == "2.00"
    drop(path, ["1;ZZ123456A;999900000001;Sandbox-Ashworth;01/04/1980;300;N"])
    assert await charge() == "3.00"


async def test_without_its_marker_a_file_is_not_read(make: Make, path: Path) -> None:
    Path(f"{path}.done").unlink()
    with pytest.raises(Retriable, match=f"{path.name}.done beside it must be as new"):
        await make().fetch(KNOWN)


async def test_a_file_that_is_still_growing_is_not_read_where_stability_is_the_rule(make: Make, path: Path) -> None:
    adapter = make(complete={"stableSeconds": 0.3})
    path.touch()
    with pytest.raises(Retriable, match=r"it has to rest for 0\.3 seconds"):
        await adapter.fetch(KNOWN)
    await asyncio.sleep(0.35)
    assert await adapter.fetch(KNOWN) is not None


async def test_a_missing_file_is_retriable_before_and_after(make: Make, path: Path) -> None:
    adapter = make()
    assert await adapter.fetch(KNOWN) is not None
    path.unlink()
    with pytest.raises(Retriable, match="is not there"):
        await adapter.fetch(KNOWN)
    drop(path, ROWS)
    assert await adapter.fetch(KNOWN) is not None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no header line"),
        (b"REF;NINO\r\n", "lacks CHARGE_P, DOB, RESTRICTED, SURNAME, UPRN"),
        (HEADER.replace(";", ",").encode(), "check `delimiter`"),
        (f"{HEADER};REF\r\n".encode(), "has REF twice"),
    ],
    ids=["empty", "columns missing", "other delimiter", "column twice"],
)
async def test_a_wrong_header_is_misconfigured(make: Make, path: Path, content: bytes, said: str) -> None:
    drop(path, content)
    with pytest.raises(Misconfigured, match=said):
        await make().fetch(KNOWN)


BAD = {
    "too few cells": ("7;ZZ123470A;999900000070", "the row has 3 cells, and there are 7 columns"),
    "too many cells": ("7;ZZ123470A;999900000070;a;;1;N;x", "the row has 8 cells, and there are 7 columns"),
    "identifier": (
        "7;ZZ123470A;no uprn;a;;1;N",
        "the column UPRN is no uprn: characters: a UPRN has digits only",
    ),
    "quoting": (
        '7;ZZ123470A;999900000070;"a"b;;1;N',
        "a quote stands within a cell, or something behind one that closes",
    ),
}


@pytest.mark.parametrize(("row", "why"), BAD.values(), ids=BAD)
async def test_a_bad_row_is_skipped_and_counted_and_permanent_for_its_own_person(
    make: Make, path: Path, row: str, why: str
) -> None:
    drop(path, [ROWS[0], row, *ROWS[1:]])
    adapter = make()
    assert await adapter.probe() == f"1 of 4 rows cannot be read whole, on line 3; line 3: {why}"
    for nino in ("ZZ123456A", "ZZ123457A"):
        assert await adapter.fetch(of(nino=nino)) is not None
    with pytest.raises(Permanent, match="row for this person cannot be read") as raised:
        await adapter.fetch(of(nino="ZZ123470A"))
    assert "ZZ123470A" not in str(raised.value)


async def test_a_value_that_does_not_convert_is_counted_and_permanent_only_where_it_is_asked_for(
    make: Make, path: Path
) -> None:
    drop(path, [*ROWS, "7;ZZ123470A;999900000070;Sandbox-Bad;31/02/1980;1;N"])
    adapter = make()
    assert await adapter.probe() == (
        "1 of 4 rows cannot be read whole, on line 5; "
        "line 5: the source field DOB does not convert: there is no such date"
    )
    whole = await adapter.fetch(of(nino="ZZ123470A"))
    assert whole is not None
    assert isinstance(whole.fault, Permanent)
    assert "the source field DOB does not convert" in str(whole.fault)
    assert "31/02" not in str(whole.fault)
    record = await adapter.fetch(Query({"nino": "ZZ123470A"}, frozenset({"reference"}), "e", 5.0))
    assert record is not None
    assert record.data == {"reference": "7"}


async def test_a_quote_that_never_closes_refuses_the_file(make: Make, path: Path) -> None:
    drop(path, [ROWS[0], '7;ZZ123470A;999900000070;"open;;1;N', ROWS[1]])
    with pytest.raises(Permanent, match="line 3 of the file never closes"):
        await make().fetch(KNOWN)


@pytest.mark.parametrize(
    "closing", [ROWS[2], '8;ZZ123472A;999900000072;a;;1;"', '";ZZ123472A;999900000072;a;;1;N'], ids=range(3)
)
async def test_whoever_a_stray_quote_swallows_is_never_said_not_to_be_held(
    make: Make, path: Path, closing: str
) -> None:
    drop(path, [ROWS[0], '7;ZZ123470A;999900000070;"open;;1;N', ROWS[1], closing])
    adapter = make()
    note = str(await adapter.probe())
    assert note.startswith("3 of 4 rows cannot be read whole, on line 3, 4, 5; line 3: ")
    assert " quote " in note
    assert await adapter.fetch(KNOWN) is not None
    for nino in ("ZZ123470A", "ZZ123457A"):
        with pytest.raises(Permanent):
            await adapter.fetch(of(nino=nino))


async def test_a_line_break_within_quotes_is_part_of_its_cell(make: Make, path: Path) -> None:
    drop(path, ['7;ZZ123470A;999900000070;"Sandbox\nTwo Lines";;1;N', ROWS[0]])
    adapter = make()
    assert await adapter.probe() is None
    record = await adapter.fetch(of(nino="ZZ123470A"))
    assert record is not None
    assert record.data["person"]["familyName"] == "Sandbox\nTwo Lines"


async def test_too_many_bad_rows_refuse_the_file(make: Make, path: Path) -> None:
    drop(path, [*ROWS, *["bad;row"] * 4])
    assert await make(mostBadRows=4).fetch(KNOWN) is not None
    with pytest.raises(Permanent, match="more than 3 rows of the file cannot be read, the last on line 8"):
        await make(mostBadRows=3).fetch(KNOWN)


async def test_a_file_without_a_header_line_is_given_its_columns(make: Make, path: Path) -> None:
    drop(path, "\n".join(ROWS).encode("iso-8859-1"))
    assert await make(columns=HEADER.split(";")).fetch(KNOWN) is not None


async def test_a_file_in_sixteen_bits_is_read_too(make: Make, path: Path) -> None:
    drop(path, "\n".join([HEADER, *ROWS]).encode("utf-16"))
    assert await make(encoding="utf-16").fetch(KNOWN) is not None
    drop(path, b"odd")
    with pytest.raises(Misconfigured, match="the file is not utf-16"):
        await make(encoding="utf-16").fetch(KNOWN)


async def test_a_large_file_is_read_once_for_all_and_leaves_the_loop_alive(make: Make, path: Path) -> None:
    drop(path, [f"{n};ZZ{n:06d}A;{n + 1};Sandbox-{n};01/04/1980;{n};N" for n in range(20_000)])
    adapter = make(recheckSeconds=60)
    gaps = []

    async def beat() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0)
            now = time.perf_counter()
            gaps.append(now - last)
            last = now

    heart = asyncio.ensure_future(beat())
    began = time.perf_counter()
    found = await asyncio.gather(*(adapter.fetch(of(nino=f"ZZ{n:06d}A")) for n in range(0, 20_000, 1000)))
    took = time.perf_counter() - began
    heart.cancel()
    assert [record.data["reference"] if record else None for record in found] == [
        str(n) for n in range(0, 20_000, 1000)
    ]
    # A reading in the loop is one gap as long as the whole; on a busy machine the loop itself may wait for its turn.
    assert max(gaps) < took * 0.6, "the reading held up the loop"


async def test_who_cannot_wait_for_a_large_file_is_told_to_come_again_and_the_reading_goes_on(
    make: Make, path: Path
) -> None:
    drop(path, [f"{n};ZZ{n:06d}A;{n + 1};Sandbox-{n};01/04/1980;{n};N" for n in range(5_000)])
    adapter = make(recheckSeconds=60)
    with pytest.raises(Retriable, match="still being read"):
        await adapter.fetch(Query({"nino": "ZZ000007A"}, FIELDS, "e", 0.001))
    assert await adapter.fetch(of(nino="ZZ000007A")) is not None


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"key": {}}, "key: "),
        ({"delimiter": ";;"}, "delimiter: "),
        ({"encoding": "klingon"}, "there is no encoding 'klingon'"),
        ({"complete": {}}, "complete: give either `marker`"),
        ({"complete": {"marker": "../x"}}, "complete.marker: "),
        ({"rows": "some"}, "rows: "),
        ({"mapping": "nowhere.yaml"}, "mapping: the mapping file nowhere.yaml cannot be read"),
    ],
)
def test_wrong_settings_say_which_key_to_mend(path: Path, wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="validation error") as raised:
        settings(path, **wrong)
    assert said in faults(raised.value, CsvSettings)  # type: ignore[arg-type]  # pydantic's error is a ValueError
