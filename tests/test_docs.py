"""The docs cannot lie: their commands are typed, their links lead somewhere, and what they should tell is there."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer.main
from pydantic import BaseModel
from sqlmodel import SQLModel

import adapters.base
import adapters.errors
import gateway.migrations.tables  # noqa: F401  # every room's tables
from adapters.converters import CONVERTERS
from adapters.csv_file import Complete, CsvSettings
from adapters.mapping import Constant, EachRow, RecordMapping, Value, WrittenRows
from adapters.oauth import OAuthSettings
from adapters.paging import Paging
from adapters.rest import RequestSettings, RestSettings
from adapters.sql import SqlSettings
from gateway.agencies.scopes import SCOPES
from gateway.app import openapi_document
from gateway.cli.main import app as command_line
from gateway.document import problem_types
from gateway.policy import REASONS
from gateway.settings import AdapterConfiguration, IssuerSettings, Settings, Tls
from gateway.telemetry.metrics import Metrics
from tests import error_page
from tests.journeys.running import THREEKEYS, Demo, running_demo
from tests.pages import blocks, commands
from tests.terminal import Terminal

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*DOCS.rglob("*.md"), *ROOT.glob("*.md"), *(ROOT / "examples").rglob("README.md")]
TYPED_HERE = [ROOT / "README.md", DOCS / "tutorial.md", DOCS / "guide-caller.md", DOCS / "guide-auditor.md"]
TYPED_ELSEWHERE = {
    DOCS / "quickstart.md": "tests/journeys/test_quickstart.py",
    DOCS / "installing.md": "tests/test_installing.py",
}
# What is shown and typed by no test as it stands, and why that is enough.
SHOWN_ONLY = {
    "make demo": "tests/journeys/test_demo.py starts the demo and types its whole tour",
    "make test": "this is the run",
    "threekeys client key": "tests/cli/test_mistakes.py makes one",
    "openssl genpkey": "tests/connector/test_keys.py takes a key as openssl writes it",
    "chmod 600": "the same",
    "threekeys connect": "tests/journeys/test_connect.py starts one",
    "useradd": "a machine's own user; tests/test_installing.py installs as whoever runs it",
    "install -d": "the same",
    "systemctl": "tests/test_installing.py reads the unit",
    "sudo -u threekeys -H /opt/threekeys-0.2.0": "the same page migrates by the version before",
    "ln -sfn /opt/threekeys-0.2.0": "the same page makes the first link",
    "threekeys dataset try": "tests/cli/test_dataset_try.py tries one",
    "python -m pytest": "tests/adapters/test_example.py runs the example's tests",
}


def text_of(*names: str) -> str:
    return "\n".join((DOCS / name).read_text(encoding="utf-8") for name in names)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for all pages, in the folder where `make demo` would put it."""
    with running_demo(tmp_path_factory.mktemp("docs") / "var" / "demo") as running:
        yield running


@pytest.mark.parametrize("page", TYPED_HERE, ids=lambda page: page.name)
def test_what_the_page_tells_to_type_gives_what_the_page_shows(page: Path, demo: Demo) -> None:
    base = int(demo.description["baseUrl"].rpartition(":")[2])
    folder = demo.folder.parents[1]
    before = {path.name for path in folder.iterdir()}
    terminal = Terminal(folder, {8400: base, 8401: base + 1})
    try:
        terminal.follow(page)
    finally:
        terminal.close()
    if page.name == "tutorial.md":
        left = {path.name for path in folder.iterdir()} - before
        assert left <= {".typed"}, "the page does not remove what it told to write"


def test_what_a_page_leaves_in_the_checkout_is_heeded_by_no_git() -> None:
    ignored = set((ROOT / ".gitignore").read_text(encoding="utf-8").splitlines())
    for page in TYPED_HERE:
        typed = [block.text for block in commands(page) if "elsewhere" not in block.marks]
        for text in [*typed, *(f"> {block.marks['file']}" for block in blocks(page) if "file" in block.marks)]:
            for name in re.findall(r"(?:> ?|ledger export .*?)([a-z0-9-]+\.[a-z]+)$", text, re.MULTILINE):
                assert f"/{name}" in ignored, f"{page.name} leaves {name}"


def test_every_command_shown_is_typed_by_some_test() -> None:
    for page in PAGES:
        for block in commands(page):
            if page in TYPED_HERE or page in TYPED_ELSEWHERE:
                if "elsewhere" not in block.marks:
                    continue
            else:
                assert "elsewhere" in block.marks or page.parent.name == "primary-care", f"{page.name}:{block.line}"
            for line in filter(None, (line.partition(" #")[0].strip() for line in block.text.splitlines())):
                known = any(line.startswith(start) for start in SHOWN_ONLY) or line.startswith(
                    ("make ", "pre-commit")
                )
                assert known, f"{page.name}:{block.line}: nobody types {line!r}"


def test_the_pages_typed_elsewhere_are_named_there() -> None:
    for page, test in TYPED_ELSEWHERE.items():
        assert page.name in (ROOT / test).read_text(encoding="utf-8")


def test_every_make_target_that_a_page_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"`make ([a-z-]+)[^`]*`", page.read_text(encoding="utf-8")):
            assert target in targets, f"{page.name}: make {target}"


def anchors(page: Path) -> set[str]:
    text = page.read_text(encoding="utf-8")
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}
    return slugs | set(re.findall(r"<a id=\"([^\"]+)\"", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for link in re.findall(r"\]\(([^)\s]+)\)", prose):
        if link.startswith(("https://", "http://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    ahead = [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        if page in seen:
            continue
        seen.add(page)
        links = re.findall(r"\]\(([^)#\s]+\.md)", page.read_text(encoding="utf-8"))
        ahead += [(page.parent / link).resolve() for link in links if not link.startswith("http")]
    assert {page for page in PAGES if page.name != "CHANGELOG.md"} - seen == set()


def aliases(model: type[BaseModel]) -> set[str]:
    return {field.alias or name for name, field in model.model_fields.items()}


@pytest.mark.parametrize(
    "model", [Settings, AdapterConfiguration, IssuerSettings, Tls], ids=lambda model: model.__name__
)
def test_every_setting_is_in_the_operators_guide(model: type[BaseModel]) -> None:
    page = text_of("guide-operator.md")
    assert {name for name in aliases(model) if f"`{name}`" not in page} == set()


def test_the_defaults_in_the_operators_guide_are_those_of_the_code() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", text_of("guide-operator.md"), re.MULTILINE))
    for model in (Settings, AdapterConfiguration):
        for name, field in model.model_fields.items():
            shown = rows.get(field.alias or name)
            if shown is not None:
                default = field.default
                assert shown == (str(default).lower() if isinstance(default, bool) else str(default)), name


def test_the_configuration_that_init_writes_explains_every_setting_of_an_operator() -> None:
    written = (ROOT / "gateway" / "cli" / "threekeys.yaml").read_text(encoding="utf-8")
    missing = {name for name in aliases(Settings) if not re.search(rf"^#? ?{name}:", written, re.MULTILINE)}
    assert missing == {"sandbox"}


KINDS = (SqlSettings, RestSettings, CsvSettings, RequestSettings, OAuthSettings, Paging, Complete)


@pytest.mark.parametrize("model", KINDS, ids=lambda model: model.__name__)
def test_every_setting_of_an_adapter_kind_is_in_the_integrators_guide(model: type[BaseModel]) -> None:
    page = text_of("guide-integrator.md")
    assert {name for name in aliases(model) if f"`{name}`" not in page} == set()


def test_the_whole_mapping_syntax_is_in_the_integrators_guide() -> None:
    page = text_of("guide-integrator.md")
    words = {name for model in (Value, Constant, EachRow, WrittenRows, RecordMapping) for name in aliases(model)}
    assert {word for word in words if f"`{word}`" not in page and f"{word}:" not in page} == set()
    assert {name for name in CONVERTERS if f"`{name}`" not in page} == set()


def test_the_mapping_that_the_integrators_guide_shows_can_be_read() -> None:
    from schemas.yaml_text import read_yaml

    [shown] = [block for block in blocks(DOCS / "guide-integrator.md") if block.text.startswith("fields:")]
    mapping = RecordMapping.model_validate(read_yaml(shown.text))
    assert len(mapping.fields) == 9


def test_the_adapter_contract_is_in_the_integrators_guide() -> None:
    page = text_of("guide-integrator.md")
    words = ["Settings", "fetch", "aclose", "probe", "AdapterSettings", "Probes", "Secret", "Offers", "offer"]
    for shape in (adapters.base.Query, adapters.base.Record, adapters.base.Offer):
        words += list(shape.__dataclass_fields__)
    assert {word for word in words if word not in page} == set()


def test_the_error_tree_of_adapters_is_in_the_integrators_guide() -> None:
    page = text_of("guide-integrator.md")
    base = adapters.errors.AdapterError
    tree: list[type[Exception]] = [base, *base.__subclasses__()]
    for error in tree:
        if error.__module__ == "adapters.errors":
            assert error.__name__ in page


def options(group: Any, path: str = "") -> Iterator[tuple[str, list[str]]]:
    """(command, its visible options) for every command."""
    for name, command in group.commands.items():
        where = f"{path} {name}".strip()
        if hasattr(command, "commands"):
            yield from options(command, where)
        else:
            visible = [p for p in command.params if p.param_type_name == "option" and not getattr(p, "hidden", False)]
            yield (
                where,
                [option for p in visible for option in p.opts if option.startswith("--")],
            )


def test_every_command_and_option_is_in_the_docs() -> None:
    everything = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    found = dict(options(typer.main.get_command(command_line)))
    assert len(found) > 20
    missing = []
    for command, its in found.items():
        words = command.split()
        said = (
            f"`{command}`" in everything
            or f"threekeys {command}" in everything
            or re.search(rf"threekeys {words[0]} [a-z|]*\b{words[-1]}\b", everything)
        )
        missing += [] if said else [command]
        missing += [f"{command} {option}" for option in its if option not in everything and option != "--help"]
    assert missing == []


def test_every_reason_code_is_in_its_page() -> None:
    page = text_of("reason-codes.md")
    assert {code for code in REASONS if f"`{code}`" not in page} == set()


def test_the_page_of_errors_is_the_codes() -> None:
    assert text_of("errors.md") == error_page.page()
    everywhere = text_of("errors.md", "reason-codes.md")
    assert {code for code in problem_types() if f"`{code}`" not in everywhere} == set()


def test_every_scope_and_metric_is_in_the_operators_guide() -> None:
    page = text_of("guide-operator.md")
    names = re.findall(r"^# TYPE (\w+)", Metrics().page().decode(), re.MULTILINE)
    assert {name for name in [*SCOPES, *names] if f"`{name}`" not in page} == set()


def test_all_that_the_demo_describes_is_in_the_callers_guide(demo: Demo) -> None:
    command = [THREEKEYS, "demo", "--describe", "--folder", str(demo.folder)]
    described = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    page = text_of("guide-caller.md").partition("## 9.")[2]
    parts = [described, described["people"][0], described["people"][0]["consents"][0], described["agreements"][0]]
    words = {name for part in parts for name in part}
    words |= {name for agreement in described["agreements"] for purpose in agreement["purposes"] for name in purpose}
    words |= {trait for person in described["people"] for trait in person["traits"]}
    assert {word for word in words if f"`{word}`" not in page} == set()


def test_every_table_is_in_the_page_about_data() -> None:
    page = text_of("data-model.md")
    assert {name for name in SQLModel.metadata.tables if f"`{name}`" not in page} == set()


def test_every_path_that_a_page_names_is_one_of_the_api() -> None:
    known = [re.sub(r"\{[^}]+\}", "[^/]+", path) for path in json.loads(openapi_document())["paths"]]
    for page in PAGES:
        for path in re.findall(r"`(?:GET |POST |POST/GET )?(/v1/[a-z/{}-]+)", page.read_text(encoding="utf-8")):
            path = path.rstrip("/")
            fits = any(re.fullmatch(one, path) or one.startswith(path + "/") for one in known)
            assert fits, f"{page.name}: {path}"


def test_no_decision_is_cited_that_is_not_there() -> None:
    numbers = {path.name[:4] for path in (DOCS / "adr").glob("0*.md")}
    index = (DOCS / "adr" / "README.md").read_text(encoding="utf-8")
    assert {path.name for path in (DOCS / "adr").glob("0*.md") if path.name not in index} == set()
    for file in [*ROOT.glob("gateway/**/*.py"), *ROOT.glob("adapters/**/*.py"), *PAGES]:
        for named in re.findall(r"adr/(\d{4}[a-z0-9-]*)", file.read_text(encoding="utf-8")):
            assert named[:4] in numbers, f"{file.name}: {named}"
            assert len(named) == 4 or (DOCS / "adr" / f"{named}.md").exists(), f"{file.name}: {named}"


def test_the_docs_speak_of_no_machine_and_no_registry() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        assert not re.search(r"/work/|/tmp/|/root/|pypi\.org|simple/", text), page.name


def test_the_words_of_the_house_are_in_the_glossary() -> None:
    house = text_of("architecture.md").partition("## Words")[2].partition("## The house")[0]
    words = re.findall(r"^\| ([a-z][a-z -]+) \|", house, re.MULTILINE)
    glossary = text_of("glossary.md")
    not_built = {"life event", "person view"}
    assert {word for word in words if f"\n| {word} |" not in glossary and word != "word"} == not_built
