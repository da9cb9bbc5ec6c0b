"""Kinds are found by real entry points, of distributions laid into a folder on the path."""

import sys
from pathlib import Path

import pytest

from adapters.base import Adapter
from adapters.errors import Misconfigured
from adapters.registry import build, kinds, load

MODULE = """
from adapters.base import AdapterSettings, Secret
class GoodAdapter:
    class Settings(AdapterSettings):
        host_name: str
        port: int = 1
        key: Secret = "env:KEY"
    def __init__(self, settings): self.settings = settings
    async def fetch(self, query): return None
    async def aclose(self): pass
class NoSettings:
    async def fetch(self, query): return None
    async def aclose(self): pass
class NotAsync:
    Settings = GoodAdapter.Settings
    def fetch(self, query): return None
    async def aclose(self): pass
"""


def _install(folder: Path, name: str, points: dict[str, str]) -> None:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = "\n".join(f"{kind} = {value}" for kind, value in points.items())
    (info / "entry_points.txt").write_text(f"[threekeys.adapters]\n{lines}\n")


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "foreign_adapters.py").write_text(MODULE)
    (tmp_path / "falls_over.py").write_text("raise RuntimeError('no licence found')")
    good = "foreign_adapters:GoodAdapter"
    _install(tmp_path, "foreign", {"good": good, "bare": "foreign_adapters:NoSettings"})
    _install(tmp_path, "odd", {"sync": "foreign_adapters:NotAsync", "falls": "falls_over:X", "gone": "nowhere:X"})
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "foreign_adapters", raising=False)
    return tmp_path


def test_an_installed_kind_is_found_by_its_entry_point() -> None:
    adapter_class = load("good")
    assert adapter_class.__name__ == "GoodAdapter"
    assert {"good", "bare", "sync"} <= set(kinds())


def test_an_unknown_kind_names_those_that_are_installed() -> None:
    with pytest.raises(Misconfigured, match=r"'goood' is installed; installed are: .*good"):
        load("goood")


def test_nothing_is_imported_before_its_kind_is_named() -> None:
    kinds()
    assert "falls_over" not in sys.modules
    assert "foreign_adapters" not in sys.modules


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("bare", "no `Settings`"),
        ("sync", "no `async def fetch`"),
        ("falls", "RuntimeError: no licence found"),
        ("gone", "ModuleNotFoundError"),
    ],
)
def test_a_class_that_is_no_adapter_says_why(kind: str, why: str) -> None:
    with pytest.raises(Misconfigured, match=why):
        load(kind)


def test_a_kind_claimed_by_two_distributions_is_refused(installed: Path) -> None:
    _install(installed, "shadow", {"good": "shadow_of:GoodAdapter"})
    with pytest.raises(Misconfigured, match="claimed twice"):
        load("good")


def test_settings_are_read_in_camel_case_and_in_snake_case() -> None:
    for settings in ({"hostName": "h"}, {"host_name": "h"}):
        adapter = build("good", settings)
        assert isinstance(adapter, Adapter)
        assert adapter.settings.host_name == "h"  # type: ignore[attr-defined]  # the foreign class has it


def test_wrong_settings_name_each_key_and_no_value() -> None:
    with pytest.raises(Misconfigured) as raised:
        build("good", {"hostName": "h", "port": "hunter2", "key": "hunter2", "colour": "hunter2"})
    said = str(raised.value)
    assert "good adapter" in said
    for key in ("port: ", "key: a secret is given as env:NAME", "colour: "):
        assert key in said
    assert "hunter2" not in said


def test_a_wrong_mapping_is_told_by_its_path() -> None:
    from adapters.mapping import RecordMapping
    from adapters.registry import faults

    wrong = {"fields": {"a.b": {"from": "x", "as": "dat"}, "l": {"each": "r", "fields": {"c": {"form": "y"}}}}}
    with pytest.raises(ValueError, match="validation errors") as raised:
        RecordMapping.model_validate(wrong)
    said = faults(raised.value, RecordMapping)  # type: ignore[arg-type]  # pydantic's error is a ValueError
    assert "fields.a.b: there is no converter 'dat'" in said
    assert "fields.l.fields.c.from: Field required" in said
