"""Of a dropped file's rows that cannot be read, why the first of them cannot, and no value of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.errors import Permanent
from tests.adapters.test_csv_file import HEADER, KNOWN, ROWS, Make, drop, making, of

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "council_tax.csv"


@pytest.fixture
async def make(path: Path) -> AsyncIterator[Make]:
    async with making(path) as make:
        yield make


async def test_a_row_without_an_identifier_says_which_columns_are_empty(make: Make, path: Path) -> None:
    drop(path, [*ROWS, "7;;;Sandbox-Nobody;;1;N"])
    assert str(await make().probe()).endswith("; line 5: the row has nothing in NINO or UPRN")


async def test_a_column_that_nothing_reads_is_told_by_its_number(make: Make, path: Path) -> None:
    drop(path, (HEADER + ";ZZ123470A\n" + ROWS[0] + ";").encode("iso-8859-1") + b"\xe9\n")
    assert "; line 2: the column number 8 holds bytes that are not utf-8;" in str(
        await make(encoding="utf-8").probe()
    )


async def test_of_many_bad_rows_the_first_is_told_by_its_reason(make: Make, path: Path) -> None:
    drop(path, [*ROWS, "7;ZZ123470A;999900000070;Sandbox-Bad;31/02/1980;1;N", "8;x", "9;;;a;;1;N"])
    note = str(await make().probe())
    assert note.startswith("3 of 6 rows cannot be read whole, on line 5, 6, 7; line 5: the source field DOB ")
    with pytest.raises(Permanent, match="the last on line 6; line 5: the source field DOB does not convert"):
        await make(mostBadRows=1).fetch(KNOWN)


async def test_a_byte_that_does_not_decode_spoils_its_row_alone(make: Make, path: Path) -> None:
    good = "7;ZZ123471A;999900000071;Sandbox-Été;;1;N".encode()
    bad = "7;ZZ123470A;999900000070;Sandbox-Été;;1;N".encode("iso-8859-1")
    drop(path, b"\xef\xbb\xbf" + HEADER.encode() + b"\n" + bad + b"\n" + good + b"\n")
    adapter = make(encoding="utf-8")
    assert await adapter.probe() == (
        "1 of 2 rows cannot be read whole, on line 2; "
        "line 2: the column SURNAME holds bytes that are not utf-8; mend `encoding`, or the file"
    )
    record = await adapter.fetch(of(nino="ZZ123471A"))
    assert record is not None
    assert record.data["person"]["familyName"] == "Sandbox-Été"
    with pytest.raises(Permanent):
        await adapter.fetch(of(nino="ZZ123470A"))
