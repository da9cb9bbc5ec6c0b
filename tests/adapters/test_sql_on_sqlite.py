"""The SQL adapter over SQLite files: opened as they are, read-only, and waited for."""

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from adapters.errors import Misconfigured, Retriable
from adapters.sql import SqlAdapter, SqlSettings
from tests.adapters.test_sql import BY_QUERY, TABLES, fetch


def test_a_sqlite_file_that_is_not_there_is_named_and_never_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistyped = tmp_path / "agncy 100%?.db"
    monkeypatch.setenv("AGENCY_DATABASE", f"sqlite:///{mistyped}".replace("?", "%3F"))
    adapter = SqlAdapter(SqlSettings.model_validate({"url": "env:AGENCY_DATABASE", **BY_QUERY}))
    with pytest.raises(Misconfigured, match=r"not there.*agncy"):
        fetch(adapter)
    assert list(tmp_path.iterdir()) == []


def test_a_sqlite_file_is_opened_read_only_whatever_its_name_and_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "the #1 agency, 100%.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        for statement in TABLES:
            connection.execute(statement)
    connection.close()
    monkeypatch.setenv("AGENCY_DATABASE", f"sqlite:///{file}")
    adapter = SqlAdapter(SqlSettings.model_validate({"url": "env:AGENCY_DATABASE", **BY_QUERY}))
    assert fetch(adapter) is not None
    with adapter._engine.connect() as reading:
        reading.exec_driver_sql("PRAGMA query_only = OFF")
        with pytest.raises(DBAPIError, match="readonly"):
            reading.exec_driver_sql("DELETE FROM drv_licence")


def test_a_locked_sqlite_database_is_retriable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a.db"
    holder = sqlite3.connect(file, isolation_level=None)
    for statement in TABLES:
        holder.execute(statement)
    holder.execute("BEGIN EXCLUSIVE")
    monkeypatch.setenv("AGENCY_DATABASE", f"sqlite:///{file}")
    adapter = SqlAdapter(SqlSettings.model_validate({"url": "env:AGENCY_DATABASE", "connectTimeout": 2, **BY_QUERY}))
    with pytest.raises(Retriable):
        fetch(adapter)
    holder.close()
