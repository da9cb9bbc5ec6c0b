"""The proofs' counts and their seed belong to what a run shows, green or red."""

import pytest

from tests.journeys.counts import FULL, SEED, TOLD


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print them at the end."""
    terminalreporter.section("proofs")
    for line in TOLD:
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"{'full counts' if FULL else 'a tenth of the counts'}, THREEKEYS_SEED={SEED}")
