"""The demo's folder: nothing of anybody else's is ever deleted, and one demo holds it at a time."""

from pathlib import Path

import pytest

from gateway.sandbox.folder import MARK, empty, held
from gateway.settings import ConfigurationError


def test_a_folder_that_holds_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "threekeys.yaml").write_text("baseUrl: https://gateway.example\n")
    (tmp_path / "keys").mkdir()
    with pytest.raises(ConfigurationError, match="something else than a demo"), held(tmp_path):
        pytest.fail("it was taken")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys", "threekeys.yaml"]


def test_a_second_demo_in_the_folder_is_refused_before_anything_is_deleted(tmp_path: Path) -> None:
    with held(tmp_path / "demo") as folder:
        (folder / "gateway.db").write_text("x")
        with pytest.raises(ConfigurationError, match="already"), held(folder):
            pytest.fail("it was taken")
        assert (folder / "gateway.db").exists()
    with held(folder):
        assert (folder / "gateway.db").exists()


def test_fresh_empties_the_demos_own_folder(tmp_path: Path) -> None:
    with held(tmp_path) as folder:
        (folder / "keys").mkdir()
        (folder / "keys" / "a.pem").write_text("x")
        (folder / "gateway.db").write_text("x")
        empty(folder)
        assert [path.name for path in tmp_path.iterdir()] == [MARK]
