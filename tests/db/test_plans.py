"""No statement walks through a table that grows with people or exchanges, and no page of a list sorts all of it."""

import pkgutil
import sqlite3
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import ClauseElement, Executable
from sqlalchemy.dialects.sqlite.base import SQLiteDialect

import gateway
from gateway.consent import repository as consents
from gateway.db.migrating import migrate

_ROOMS = [
    f"gateway.{room.name}.repository"
    for room in pkgutil.iter_modules(gateway.__path__)
    if room.ispkg and (Path(gateway.__file__).parent / room.name / "repository.py").exists()
]
_MAY_SCAN = (
    "SCAN agency USING INDEX", "SCAN agreement USING INDEX", "SCAN dataset",  # few, and all of them are wanted
    "SCAN ledger_entry USING INDEX ledger_entry_unnumbered",  # those of the last second
    "SCAN ledger_checkpoint USING INDEX sqlite_autoindex_ledger_checkpoint_1",  # the newest alone
)  # fmt: skip


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    path = tmp_path_factory.mktemp("plans") / "g.db"
    migrate(f"sqlite:///{path}")
    return sqlite3.connect(path)


def statements(name: str, value: Any) -> Iterator[tuple[str, ClauseElement]]:
    if isinstance(value, dict):
        for key, one in value.items():
            yield from statements(f"{name}[{key}]", one)
    elif isinstance(value, Executable) and isinstance(value, ClauseElement):
        yield name, value


def plan(database: sqlite3.Connection, statement: ClauseElement) -> list[str]:
    compiled = statement.compile(dialect=SQLiteDialect(paramstyle="named"))
    rows = database.execute(f"EXPLAIN QUERY PLAN {compiled}", dict.fromkeys(compiled.params))
    return [row[3] for row in rows]


def test_no_statement_walks_through_a_table_that_grows(database: sqlite3.Connection) -> None:
    looked, walks = 0, []
    for room in _ROOMS:
        for name, value in vars(import_module(room)).items():
            for full_name, statement in statements(name, value):
                looked += 1
                for step in plan(database, statement):
                    if step.startswith("SCAN") and not step.startswith(_MAY_SCAN):
                        walks.append(f"{room}.{full_name}: {step}")
    assert walks == []
    assert looked > 100


def test_a_page_of_an_agencys_consents_is_read_in_order(database: sqlite3.Connection) -> None:
    for listing in (consents._LISTS["consumer_id"], consents._MORE["consumer_id"]):
        [step] = plan(database, listing)
        assert "consent_of_consumer" in step
