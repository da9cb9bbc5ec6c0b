"""The SQL adapter against a real PostgreSQL and real SQLite files."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, make_url

from adapters.base import Query, Record
from adapters.conformance import AdapterConformance
from adapters.errors import Misconfigured, Permanent, Retriable
from adapters.registry import faults
from adapters.sql import SqlAdapter, SqlSettings

TABLES = [
    "CREATE TABLE drv_licence (licno text, ni_no text, sname text, brth_dt text, expires date, flag text, pts int)",
    "CREATE TABLE drv_entitlement (licno text, cat text, from_dt date)",
    "INSERT INTO drv_licence VALUES ('L1','ZZ123456A','Sandbox-Ashworth','19800401','2031-04-01','N',3),"
    " ('L2','ZZ123457A','Sandbox-Twin','1950',NULL,'Y',0), ('L3','ZZ123457A','Sandbox-Twin','1950',NULL,'N',0),"
    " ('L4','ZZ123458A','Sandbox-Broken','not a date',NULL,'N',0)",
    "INSERT INTO drv_entitlement VALUES ('L1','B','2000-01-01'), ('L1','C','2010-01-01')",
]
MAPPING: dict[str, Any] = {
    "fields": {
        "licenceNumber": "licno",
        "holder.familyName": "sname",
        "holder.dateOfBirth": {"from": "brth_dt", "as": "partial-date", "format": "yyyymmdd"},
        "validUntil": {"from": "expires", "as": "date"},
        "points": "pts",
        "categories": {
            "each": "entitlements",
            "fields": {"code": "cat", "validFrom": {"from": "from_dt", "as": "date"}},
        },
    },
    "restricted": "flag",
    "identifiers": {"nino": "ni_no"},
}
BY_QUERY: dict[str, Any] = {
    "query": "SELECT * FROM drv_licence WHERE ni_no = :nino OR licno = :driving_licence_number",
    "lists": {"entitlements": "SELECT cat, from_dt FROM drv_entitlement WHERE licno = :licno ORDER BY cat"},
    "mapping": MAPPING,
}
BY_TABLE: dict[str, Any] = {
    "table": "drv_licence",
    "key": {"nino": "ni_no", "driving-licence-number": "licno"},
    "lists": BY_QUERY["lists"],
    "mapping": MAPPING,
}
ALL = frozenset({"licenceNumber", "holder", "validUntil", "points", "categories"})
KNOWN = Query({"nino": "ZZ123456A"}, ALL, "exchange-1", 5.0)
UNKNOWN = Query({"nino": "ZZ999999A"}, ALL, "exchange-2", 5.0)

Make = Callable[..., SqlAdapter]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The agency's database, on both kinds; nothing writes to it."""
    if request.param == "sqlite":
        file = tmp_path_factory.mktemp("agency") / "agency.db"
        connection = sqlite3.connect(file)
        for statement in TABLES:
            connection.execute(statement)
        connection.commit()
        connection.close()
        return f"sqlite:///{file}"
    server_url = make_url(request.getfixturevalue("postgres_server"))
    text = server_url.render_as_string(hide_password=False)
    with psycopg.connect(text, autocommit=True) as server:
        server.execute("CREATE DATABASE agency")
    url = server_url.set(database="agency").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as server:
        for statement in TABLES:
            server.execute(statement.encode())
    return url


@pytest.fixture
def make(filled: str, monkeypatch: pytest.MonkeyPatch) -> Make:
    monkeypatch.setenv("AGENCY_DATABASE", filled)

    def made(**settings: Any) -> SqlAdapter:
        return SqlAdapter(SqlSettings.model_validate({"url": "env:AGENCY_DATABASE", **BY_QUERY, **settings}))

    return made


def fetch(adapter: SqlAdapter, query: Query = KNOWN) -> Record | None:
    async def run() -> Record | None:
        try:
            return await adapter.fetch(query)
        finally:
            await adapter.aclose()

    return asyncio.run(run())


def of(nino: str, **more: Any) -> Query:
    return Query(**{"identifiers": {"nino": nino}, "fields": ALL, "exchange_id": "e", "deadline": 5.0, **more})


EXPECTED = {
    "licenceNumber": "L1",
    "holder": {"familyName": "Sandbox-Ashworth", "dateOfBirth": "1980-04-01"},
    "validUntil": "2031-04-01",
    "points": 3,
    "categories": [{"code": "B", "validFrom": "2000-01-01"}, {"code": "C", "validFrom": "2010-01-01"}],
}


class Contract(AdapterConformance):
    settings: dict[str, Any]

    @pytest.fixture
    async def adapter(self, filled: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqlAdapter]:
        monkeypatch.setenv("AGENCY_DATABASE", filled)
        adapter = SqlAdapter(SqlSettings.model_validate({"url": "env:AGENCY_DATABASE", **self.settings}))
        yield adapter
        await adapter.aclose()

    @pytest.fixture
    async def broken(self, filled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SqlAdapter]:
        gone = f"sqlite:///{tmp_path}/gone/agency.db" if filled.startswith("sqlite") else "postgresql://127.0.0.1:1/x"
        monkeypatch.setenv("GONE_DATABASE", gone)
        adapter = SqlAdapter(SqlSettings.model_validate({"url": "env:GONE_DATABASE", **self.settings}))
        yield adapter
        await adapter.aclose()

    @pytest.fixture
    def known(self) -> Query:
        return KNOWN

    @pytest.fixture
    def unknown(self) -> Query:
        return UNKNOWN


class TestContractByQuery(Contract):
    settings = BY_QUERY


class TestContractByTable(Contract):
    settings = BY_TABLE


@pytest.mark.parametrize("how", [{}, {"query": None, **BY_TABLE}], ids=["query", "table"])
def test_a_row_and_its_lists_become_a_record(make: Make, how: dict[str, Any]) -> None:
    record = fetch(make(**how))
    assert record is not None
    assert record.data == EXPECTED
    assert record.identifiers == {"nino": "ZZ123456A"}
    assert record.restricted is False


@pytest.mark.parametrize("how", [{}, {"query": None, **BY_TABLE}], ids=["query", "table"])
def test_another_identifier_finds_it_too(make: Make, how: dict[str, Any]) -> None:
    record = fetch(make(**how), Query({"driving-licence-number": "L1"}, ALL, "e", 5.0))
    assert record is not None
    assert record.data == EXPECTED


def test_more_than_one_row_is_permanent(make: Make) -> None:
    with pytest.raises(Permanent, match="more than one row"):
        fetch(make(), of("ZZ123457A"))


def test_rows_of_two_people_whose_identifiers_were_sent_together_are_nobody_s_record(make: Make) -> None:
    """Else the fault would tell that there is a person to the one identifier, made up beside one that is known."""
    query = "SELECT * FROM drv_licence WHERE ni_no = :nino OR licno = :driving_licence_number"
    mapping = {
        **MAPPING,
        "identifiers": {"nino": "ni_no", "driving-licence-number": {"from": "licno", "as": "upper"}},
    }
    for nino, found in (("ZZ123456A", True), ("ZZ123458A", False)):
        asked = Query({"nino": nino, "driving-licence-number": "L1"}, frozenset({"points"}), "e", 5.0)
        assert (fetch(make(query=query, mapping=mapping), asked) is not None) is found


def test_a_table_is_asked_for_the_needed_columns_only(make: Make) -> None:
    mapping = {**MAPPING, "fields": {**MAPPING["fields"], "gone": "no_such_column"}}
    adapter = make(query=None, **{**BY_TABLE, "mapping": mapping})
    record = fetch(adapter, of("ZZ123456A", fields=frozenset({"points"})))
    assert record is not None
    assert record.data == {"points": 3}


def test_a_value_that_does_not_convert_is_permanent_and_not_told(make: Make) -> None:
    record = fetch(make(), of("ZZ123458A"))
    assert record is not None
    assert isinstance(record.fault, Permanent)
    assert "brth_dt does not convert" in str(record.fault)
    assert "not a date" not in str(record.fault)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"query": "SELECT nope FROM drv_licence WHERE ni_no = :nino"}, "nope"),
        ({"query": "SELECT * FROM nowhere WHERE ni_no = :nino"}, "nowhere"),
        ({"query": "SELEKT :nino"}, "SELEKT"),
        ({"query": "SELECT licno, ni_no, flag FROM drv_licence WHERE ni_no = :nino"}, "no column"),
        (
            {"lists": {"entitlement": "SELECT cat FROM drv_entitlement WHERE licno = :licno"}},
            "no column entitlements, which the mapping reads; `lists` gives entitlement; the query gives .*licno",
        ),
        ({"lists": {"entitlements": "SELECT cat FROM drv_entitlement WHERE licno = :lic_no"}}, "lic_no"),
        ({"lists": {"entitlements": "SELECT nope FROM drv_entitlement WHERE licno = :licno"}}, "nope"),
        ({"query": "DELETE FROM drv_licence WHERE ni_no = :nino RETURNING *"}, "refused"),
    ],
    ids=["column", "table", "syntax", "mapped column", "list's name", "list's parameter", "list's column", "writing"],
)
def test_a_query_that_cannot_work_is_misconfigured_and_says_what_to_mend(
    make: Make, settings: dict[str, Any], said: str
) -> None:
    with pytest.raises(Misconfigured, match=said) as raised:
        fetch(make(**settings))
    assert "ZZ123456A" not in str(raised.value)
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_nothing_was_written(make: Make) -> None:
    with pytest.raises(Misconfigured):
        fetch(make(query="UPDATE drv_licence SET sname = 'x' WHERE ni_no = :nino RETURNING *"))
    record = fetch(make())
    assert record is not None
    assert record.data == EXPECTED


def test_a_probe_sees_a_missing_column_before_any_exchange_does(make: Make) -> None:
    async def probe(adapter: SqlAdapter) -> None:
        try:
            await adapter.probe()
        finally:
            await adapter.aclose()

    asyncio.run(probe(make()))
    asyncio.run(probe(make(query=None, **BY_TABLE)))
    with pytest.raises(Misconfigured, match="no column brth_dt"):
        asyncio.run(
            probe(make(query="SELECT licno, ni_no, sname, expires, flag, pts FROM drv_licence WHERE ni_no = :nino"))
        )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"query": None}, "give either `query`"),
        ({"table": "x"}, "give either `query`"),
        ({"query": None, "table": "x", "key": {}}, "`key` says"),
        ({"query": "SELECT * FROM drv_licence"}, "no parameter"),
        ({"lists": {"a": "SELECT 1"}}, "`lists.a` has no parameter"),
        ({"url": "postgresql://u:hunter2@h/d"}, "url: a secret is given as env:NAME"),
        ({"threads": 0}, "threads: "),
        ({"mapping": {"fields": {"a": {"from": "x", "as": "y"}}}}, "mapping.fields.a: there is no converter"),
    ],
)
def test_wrong_settings_say_which_key_to_mend(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="validation error") as raised:
        SqlSettings.model_validate({"url": "env:X", **BY_QUERY, **settings})
    told = faults(raised.value, SqlSettings)  # type: ignore[arg-type]  # pydantic's error is a ValueError
    assert said in told
    assert "hunter2" not in told


@pytest.mark.parametrize("url", ["no url", "cobol://x", "postgresql+nodriver://x"])
def test_a_url_without_a_driver_is_misconfigured_and_not_shown(make: Make, url: str, monkeypatch: Any) -> None:
    monkeypatch.setenv("AGENCY_DATABASE", url)
    with pytest.raises(Misconfigured, match="`url` does not lead to a database"):
        make()


def postgres(postgres_url: str, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> SqlAdapter:
    with psycopg.connect(postgres_url, autocommit=True) as server:
        for statement in TABLES:
            server.execute(statement.encode())
    monkeypatch.setenv("AGENCY_DATABASE", postgres_url)
    return SqlAdapter(SqlSettings.model_validate({"url": "env:AGENCY_DATABASE", **BY_QUERY, **settings}))


SHOWN = (
    "SELECT *, current_setting('application_name') AS app, current_setting('threekeys.exchange_id') AS exchange,"
    " current_setting('transaction_read_only') AS ro FROM drv_licence WHERE ni_no = :nino"
)


def test_the_exchange_id_can_be_read_by_the_source(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = {"app": "app", "exchange": "exchange", "readOnly": "ro"}
    adapter = postgres(postgres_url, monkeypatch, query=SHOWN, lists={}, mapping={"fields": fields}, threads=1)

    async def run() -> list[Any]:
        asked = [of("ZZ123456A", exchange_id=f"0190-{n}", fields=frozenset(fields)) for n in range(8)]
        found = [await adapter.fetch(query) for query in asked]
        await adapter.aclose()
        return [record.data if record else None for record in found]

    assert asyncio.run(run()) == [
        {"app": f"threekeys 0190-{n}", "exchange": f"0190-{n}", "readOnly": "on"} for n in range(8)
    ]


def test_elsewhere_the_exchange_id_is_a_comment_in_the_statement(tmp_path: Path, monkeypatch: Any) -> None:
    seen: list[str] = []
    file = tmp_path / "a.db"
    connection = sqlite3.connect(file)
    for statement in TABLES:
        connection.execute(statement)
    connection.commit()
    monkeypatch.setenv("AGENCY_DATABASE", f"sqlite:///{file}")
    adapter = SqlAdapter(SqlSettings.model_validate({"url": "env:AGENCY_DATABASE", **BY_QUERY}))
    event.listen(adapter._engine, "connect", lambda raw, _: raw.set_trace_callback(seen.append))
    fetch(adapter, of("ZZ123456A", exchange_id="0190-77"))
    assert any(line.startswith("SELECT * FROM drv_licence") and "/* threekeys 0190-77 */" in line for line in seen)


def test_an_exchange_id_that_would_end_the_comment_is_refused(make: Make) -> None:
    with pytest.raises(Misconfigured, match="exchange's id"):
        fetch(make(), of("ZZ123456A", exchange_id="x */ DROP TABLE drv_licence; /*"))


def test_a_slow_statement_ends_at_the_deadline(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = "SELECT *, pg_sleep(20) FROM drv_licence WHERE ni_no = :nino"
    adapter = postgres(postgres_url, monkeypatch, query=slow)
    started = time.monotonic()
    with pytest.raises(Retriable, match="within the deadline"):
        fetch(adapter, of("ZZ123456A", deadline=0.3))
    assert time.monotonic() - started < 3


def test_who_finds_no_free_thread_in_time_is_told_to_come_again(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = "SELECT *, pg_sleep(0.5) FROM drv_licence WHERE ni_no = :nino"
    adapter = postgres(postgres_url, monkeypatch, query=slow, threads=1)

    async def run() -> list[Any]:
        queries = [of("ZZ123456A", deadline=3.0), of("ZZ123456A", deadline=0.2)]
        found = await asyncio.gather(*(adapter.fetch(query) for query in queries), return_exceptions=True)
        await adapter.aclose()
        return found

    first, second = asyncio.run(run())
    assert isinstance(first, Record)
    assert isinstance(second, Retriable)


def test_a_server_that_restarts_costs_one_error_at_most(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    adapter = postgres(postgres_url, monkeypatch)

    async def run() -> Record | None:
        assert await adapter.fetch(KNOWN) is not None
        with psycopg.connect(postgres_url, autocommit=True) as server:
            server.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE pid <> pg_backend_pid() AND datname = current_database()"
            )
        try:
            return await adapter.fetch(KNOWN)
        finally:
            await adapter.aclose()

    assert asyncio.run(run()) is not None


@pytest.mark.parametrize(
    ("change", "said"),
    [({"user": "nobody_known"}, "does not let us in"), ({"dbname": "no_such_database"}, "does not let us in")],
    ids=["user", "database"],
)
def test_a_wrong_user_or_database_is_misconfigured(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], said: str
) -> None:
    url = make_url(postgres_url)
    wrong = url.set(username=change.get("user", url.username), database=change.get("dbname", url.database))
    monkeypatch.setenv("AGENCY_DATABASE", wrong.render_as_string(hide_password=False))
    adapter = SqlAdapter(SqlSettings.model_validate({"url": "env:AGENCY_DATABASE", **BY_QUERY}))
    with pytest.raises(Misconfigured, match=said):
        fetch(adapter)


def test_an_identifier_of_the_wrong_type_is_permanent_and_not_told(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = "SELECT * FROM drv_licence WHERE pts = CAST(:nino AS integer)"
    adapter = postgres(postgres_url, monkeypatch, query=typed, lists={})
    with pytest.raises(Permanent) as raised:
        fetch(adapter)
    assert "ZZ123456A" not in str(raised.value)
