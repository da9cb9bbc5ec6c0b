"""The example that integrators copy passes its own tests, and its entry point leads to an adapter."""

import ast
import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from adapters.registry import GROUP

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "primary-care"


def test_the_examples_own_tests_pass() -> None:
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{EXAMPLE}"}
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", str(EXAMPLE), "tests"],
        cwd=EXAMPLE,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert " passed" in ran.stdout


def test_its_entry_point_leads_to_the_adapter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLE))
    declared = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["entry-points"][GROUP]
    (point,) = (EntryPoint(name, value, GROUP) for name, value in declared.items())
    assert point.name == "primary-care"
    assert point.load().__name__ == "PrimaryCareAdapter"


@pytest.mark.parametrize("example", ["primary-care", "parking-permit"])
def test_an_example_imports_what_the_guide_names_and_nothing_from_within_a_room(example: str) -> None:
    guide = (ROOT / "docs" / "guide-integrator.md").read_text()
    [module] = (ROOT / "examples" / example).glob("threekeys_*/__init__.py")
    ours = [
        one
        for one in ast.walk(ast.parse(module.read_text()))
        if isinstance(one, ast.ImportFrom) and (one.module or "").startswith(("schemas.", "adapters."))
    ]
    assert ours
    for one in ours:
        assert f"`{one.module}`" in guide
        assert {name.name for name in one.names if f"`{name.name}" not in guide} == set()


def test_the_kinds_do_not_import_pytest() -> None:
    code = (
        "import sys, adapters.registry, adapters.sql, adapters.rest, adapters.csv_file, adapters.http;"
        " sys.exit('pytest' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
