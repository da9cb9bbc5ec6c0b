"""The house stands as it is drawn: sizes, names, floors, and what each room says of itself."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from statistics import median

import pytest

from gateway.app import openapi_document

ROOT = Path(__file__).parents[1]
HOUSES = ("gateway", "adapters", "schemas")
PRODUCT = [path for house in HOUSES for path in sorted((ROOT / house).rglob("*.py"))]
ALL = [*PRODUCT, *sorted((ROOT / "tests").rglob("*.py")), *sorted((ROOT / "examples").rglob("*.py"))]
ROOMS = sorted(path.parent for path in (ROOT / "gateway").glob("*/__init__.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add(node.module or "")
    return found


def test_no_file_is_longer_than_400_lines() -> None:
    written = [path for path in ALL if "migrations/versions" not in name(path)]
    assert {name(path): lines(path) for path in written if lines(path) > 400} == {}


def test_half_of_all_files_are_shorter_than_120_lines() -> None:
    assert median(lines(path) for path in PRODUCT if lines(path)) <= 120


def test_no_file_is_called_what_could_hold_anything() -> None:
    anything = re.compile(r"(^|_)(utils?|helpers?|common|managers?|misc|base_?class(es)?)(_|$)")
    assert [name(path) for path in ALL if any(anything.search(Path(part).stem) for part in path.parts[-3:])] == []


def test_every_module_says_what_it_is() -> None:
    empty = {path for path in PRODUCT if path.name == "__init__.py" and not path.read_text().strip()}
    assert [name(path) for path in PRODUCT if path not in empty and not docstring(path)] == []


@pytest.mark.parametrize("room", ROOMS, ids=lambda room: room.name)
def test_every_room_tells_its_idea_at_its_door(room: Path) -> None:
    assert len(docstring(room / "__init__.py")) > 20, f"{room.name}/__init__.py has no docstring"


def test_every_room_has_a_floor_and_stands_in_the_drawing() -> None:
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    [floors] = [contract for contract in contracts if contract["name"] == "floors of the gateway"]
    placed = {one.strip() for layer in floors["layers"] for one in layer.split("|")}
    there = {path.stem if path.suffix else path.name for path in (ROOT / "gateway").iterdir()}
    assert there - placed - {"__init__", "__pycache__", "py", "migrations"} == set()
    drawing = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    drawn = re.findall(r"^`cli` → .*?errors`", drawing, re.MULTILINE | re.DOTALL)[0]
    order = [layer.replace(" ", "") for layer in re.sub(r"[`.\n]", "", drawn).split("→")]
    assert order == [layer.replace(" ", "") for layer in floors["layers"]]
    house = drawing.partition("## The house")[2].partition("Make a room only")[0]
    assert {room for room in placed if not re.search(rf"\b{room}\b", house)} == set()


def test_a_room_with_tables_keeps_its_sql_in_its_repository() -> None:
    for path in (ROOT / "gateway").glob("*/*.py"):
        if path.parent.name in ("db", "migrations", "cli") or path.name in ("repository.py", "tables.py", "once.py"):
            continue
        of_sql = {one for one in imports(path) if one.startswith(("sqlalchemy", "sqlmodel"))}
        if of_sql:
            source = path.read_text(encoding="utf-8")
            assert not re.search(r"\b(select|insert|update|delete)\(", source), f"{name(path)} has SQL"


def test_no_room_below_auth_has_endpoints_and_no_error_imports_fastapi() -> None:
    for room in ("agencies", "receipts", "ledger", "policy", "signing", "connector", "db", "telemetry"):
        assert not (ROOT / "gateway" / room / "endpoints.py").exists()
    for path in [ROOT / "gateway" / "errors.py", *(ROOT / "gateway").glob("*/errors.py")]:
        assert not any(one.startswith(("fastapi", "starlette")) for one in imports(path)), name(path)


def test_only_exchange_and_the_assembly_reach_adapters() -> None:
    allowed = ("exchange/", "app.py", "serve.py", "cli/", "sandbox/")
    for path in (ROOT / "gateway").rglob("*.py"):
        reached = {one for one in imports(path) if one.split(".")[0] == "adapters" and one[:13] != "adapters.http"}
        inside = str(path.relative_to(ROOT / "gateway"))
        assert not reached or inside.startswith(allowed), f"{inside} imports {reached}"


def test_the_sandboxs_systems_import_nothing_of_ours() -> None:
    systems = [path for path in (ROOT / "gateway" / "sandbox" / "systems").glob("*.py") if path.name != "__init__.py"]
    assert len(systems) == 4
    for path in systems:
        assert {one.split(".")[0] for one in imports(path)} & {*HOUSES, "tests"} == set(), name(path)


def test_the_import_contracts_hold() -> None:
    linter = Path(sys.executable).parent / "lint-imports"
    done = subprocess.run([str(linter), "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-3000:]


def test_the_openapi_document_committed_is_that_of_the_code() -> None:
    committed = json.loads((ROOT / "openapi" / "threekeys.json").read_text(encoding="utf-8"))
    assert committed == json.loads(openapi_document()), "run `make openapi`"


def test_every_operation_has_a_summary_and_one_tag() -> None:
    for path, methods in json.loads(openapi_document())["paths"].items():
        for method, operation in methods.items():
            assert operation.get("summary"), f"{method} {path}"
            assert len(operation.get("tags", [])) == 1, f"{method} {path}: {operation.get('tags')}"


def test_every_exception_to_a_rule_names_its_code_and_its_cause() -> None:
    bare = re.compile(r"#\s*(type:\s*ignore(?!\[[a-z, -]+\]\s+#)|noqa(?!: [A-Z]+[0-9]+))")
    for path in PRODUCT:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert not bare.search(line), f"{name(path)}:{number}: {line.strip()}"
