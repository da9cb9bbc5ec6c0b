"""The page "Beyond the sandbox", typed as it stands: from nothing to a first exchange without the demo."""

from pathlib import Path

from gateway.sandbox.layout import free_base
from tests.terminal import Terminal

PAGE = Path(__file__).parents[2] / "docs" / "quickstart.md"


def test_the_quickstart_leads_from_nothing_to_a_first_exchange(tmp_path: Path) -> None:
    base = free_base()
    terminal = Terminal(tmp_path, {8400: base, 8401: base + 1})
    try:
        terminal.follow(PAGE)
    finally:
        terminal.close()
