"""What a dropped file marks, and what of it cannot be read: whom it restricts, and what the log says."""

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.csv_file import CsvAdapter
from adapters.errors import Permanent
from tests.adapters.test_csv_file import KNOWN, MAPPING, ROWS, WRITTEN, drop, of, settings
from tests.web.logs import logged

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "council_tax.csv"


@pytest.fixture
async def adapter(path: Path) -> AsyncIterator[CsvAdapter]:
    made = CsvAdapter(settings(path))
    yield made
    await made.aclose()


async def test_a_mark_that_the_mapping_does_not_know_restricts_the_person(adapter: CsvAdapter, path: Path) -> None:
    drop(path, [*ROWS, "9;ZZ123470A;999900000070;Sandbox-Hidden;01/04/1980;7;P"])
    marked = {"from": "RESTRICTED", "trueWhen": ["Y"]}
    one_list = CsvAdapter(settings(path, mapping={**MAPPING, "restricted": marked}))
    record = await one_list.fetch(of(nino="ZZ123470A"))
    await one_list.aclose()
    assert record is not None
    assert record.restricted
    with pytest.raises(Permanent, match="the source field RESTRICTED does not convert"):
        await adapter.fetch(of(nino="ZZ123470A"))


async def test_rows_that_cannot_be_read_are_logged_by_their_lines_when_the_file_is_and_without_a_value(
    adapter: CsvAdapter, path: Path
) -> None:
    drop(
        path, [ROWS[0], "7;ZZ123470A;999900000070", *ROWS[1:], "8;ZZ123471A;999900000071;Sandbox-Bad;31/02/1980;1;N"]
    )
    with logged() as log:
        for _ in range(2):
            assert await adapter.fetch(KNOWN) is not None
        told = [json.loads(line) for line in log.text.splitlines()]
        said = "2 of 5 rows cannot be read whole, on line 3, 6; line 3: the row has 3 cells, and there are 7 columns"
        assert [(one["room"], one["level"], one["message"]) for one in told] == [
            ("adapters", "warning", f"the file {path}: {said}")
        ]
        with pytest.raises(Permanent, match=f"this person cannot be read: {said}$"):
            await adapter.fetch(of(nino="ZZ123470A"))
        drop(path, ROWS)
        os.utime(path, (WRITTEN.timestamp() + 1, WRITTEN.timestamp() + 1))
        Path(f"{path}.done").touch()
        assert await adapter.probe() is None
        assert len(log.text.splitlines()) == 1
