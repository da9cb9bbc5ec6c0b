"""`docs/reason-codes.md` and the table say the same, both ways."""

import re
import subprocess
import sys
from pathlib import Path

from gateway.policy import REASONS
from gateway.policy.__main__ import page

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reason-codes.md"


def rows() -> dict[str, list[str]]:
    """The first table of the page, by code, read from the file and not from the code that wrote it."""
    table = PAGE.read_text("utf-8").partition("## Not refusals")[0]
    lines = [line.strip("|").split("|") for line in table.splitlines() if line.startswith("| `")]
    return {cells[0].strip(" `"): [cell.strip() for cell in cells[1:]] for cells in lines}


def test_every_code_of_the_table_is_on_the_page_with_its_key_status_title_and_remedy() -> None:
    found = rows()
    for code, reason in REASONS.items():
        call = f"`{reason.method} {reason.href}`" if reason.method else ""
        assert found[code] == [reason.key or "none", str(reason.status), reason.title, reason.remedy, call]


def test_every_code_on_the_page_is_in_the_table() -> None:
    assert set(rows()) == set(REASONS)


def test_every_reason_to_withhold_is_on_the_page() -> None:
    source = (ROOT / "gateway" / "policy" / "decide.py").read_text("utf-8")
    given = set(re.findall(r'Withheld\([^"]*"([a-z-]+)"', source))
    told = PAGE.read_text("utf-8").partition("## Not refusals")[2]
    assert given
    assert given == set(re.findall(r"^\| `([a-z-]+)`", told, re.MULTILINE))


def test_the_page_is_what_the_command_named_on_it_prints() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "gateway.policy"], cwd=ROOT, check=True, capture_output=True, encoding="utf-8"
    )
    assert printed.stdout == page() == PAGE.read_text("utf-8")
    assert "python -m gateway.policy" in printed.stdout
