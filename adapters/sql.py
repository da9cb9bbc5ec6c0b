"""The SQL adapter: a record from the tables of an agency's own database.

    url: env:LICENSING_DATABASE_URL      # any database that SQLAlchemy has a driver for
    query: |                             # named parameters are the identifiers' schemes, - written as _
      SELECT * FROM drv_licence WHERE ni_no = :nino
    lists:                               # rows beneath the record, by columns of its row or by identifiers
      entitlements: SELECT cat, valid_from FROM drv_entitlement WHERE licno = :licno
    mapping: licensing.yaml              # or written here

or, instead of `query`, `table: drv_licence` and `key: {nino: ni_no}`: then only the columns that the wanted fields
need are read.

Each read is a transaction of its own, read-only where the database can say so (PostgreSQL, MySQL, SQLite), with the
query's deadline as its statement timeout on PostgreSQL. The exchange's id goes along: on PostgreSQL as
`application_name` (`%a` in its log lines) and as the setting `threekeys.exchange_id`, elsewhere as a comment in the
statement. Values are bound parameters, never text of a statement.
"""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from pydantic import Field, model_validator
from sqlalchemy import Connection, TextClause, text
from sqlalchemy.exc import SQLAlchemyError

from adapters.base import AdapterSettings, Offer, Query, Record, Secret, secret
from adapters.errors import Misconfigured, Permanent
from adapters.mapped import Mapped, mapped_offer
from adapters.mapping import RecordMapping
from adapters.sql_engine import begin_read, make_engine
from adapters.sql_errors import translated
from adapters.sql_select import parameters, select


class SqlSettings(AdapterSettings):
    """One of `query`, or `table` with `key` (scheme: column)."""

    url: Secret
    query: str | None = None
    table: str | None = None
    key: dict[str, str] = Field(default_factory=dict)
    lists: dict[str, str] = Field(default_factory=dict)
    mapping: RecordMapping
    threads: int = Field(default=4, ge=1, le=64)
    connect_timeout: int = Field(default=5, ge=2, le=60)  # seconds; libpq takes no less than 2

    @model_validator(mode="after")
    def _query_or_table(self) -> Self:
        if (self.query is None) == (self.table is None):
            raise ValueError("give either `query`, or `table` and `key`")
        if self.table is not None and not self.key:
            raise ValueError("`key` says which column of `table` holds which identifier, such as {nino: ni_no}")
        if self.query is not None and not parameters(self.query):
            raise ValueError("`query` has no parameter, such as :nino, and would give the same row for everybody")
        for name, query in self.lists.items():
            if not parameters(query):
                raise ValueError(f"`lists.{name}` has no parameter: it would give the same rows for everybody")
        return self


_MOST_ROWS = 20
"""A query by several identifiers may give rows of several people: then what was asked for is nobody's record."""


class SqlAdapter:
    """See the module. Threads are bounded; a read that finds none free waits within its deadline."""

    Settings = SqlSettings

    def __init__(self, settings: SqlSettings) -> None:
        self.settings = settings
        self._mapped = Mapped(settings.mapping)
        self._engine = make_engine(secret(settings.url), settings.threads, settings.connect_timeout)
        self._threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="sql-adapter")
        self._query = text(settings.query) if settings.query is not None else None
        self._named = parameters(settings.query) if settings.query is not None else frozenset()
        self._lists = {name: (text(query), parameters(query)) for name, query in settings.lists.items()}

    @classmethod
    def offer(cls, settings: SqlSettings) -> Offer:
        """What its settings say."""
        named = settings.key or {name.replace("_", "-") for name in parameters(settings.query or "")}
        return mapped_offer(settings.mapping, named)

    async def fetch(self, query: Query) -> Record | None:
        """The one row for these identifiers. More than one is `Permanent`: nobody can say which is the person."""
        deadline = time.monotonic() + query.deadline
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._read, query, deadline)

    def origin_of(self, path: str) -> str | None:
        """What a field of the record is read from."""
        return self._mapped.origin_of(path)

    async def probe(self) -> str | None:
        """Run the query for nobody, and see that it gives every column that the mapping reads."""
        nobody = dict.fromkeys(self.settings.key)
        deadline = time.monotonic() + self.settings.connect_timeout + 5.0
        await asyncio.get_running_loop().run_in_executor(self._threads, self._rows, nobody, None, "probe", deadline)
        return None

    async def aclose(self) -> None:
        """Close the connections; a read under way ends with its statement."""
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, lambda: self._threads.shutdown(wait=True, cancel_futures=True))
        await loop.run_in_executor(None, self._engine.dispose)

    # In a thread, from here on.

    def _read(self, query: Query, deadline: float) -> Record | None:
        row = self._rows(query.identifiers, query.fields, query.exchange_id, deadline)
        return None if row is None else self._mapped(row, query.fields)

    def _rows(
        self,
        identifiers: Mapping[str, str | None],
        fields: frozenset[str] | None,
        exchange_id: str,
        deadline: float,
    ) -> dict[str, Any] | None:
        sources = self._mapped.sources(fields)
        statement, values = self._statement(identifiers, sources, probing=fields is None)
        try:
            with begin_read(self._engine, exchange_id, deadline) as connection:
                row = self._person(connection, statement, values, sources, identifiers)
                if row is None:
                    return None
                for name, (list_query, named) in self._lists.items():
                    if name in sources:
                        row[name] = self._list(connection, name, list_query, named, {**values, **row})
                return row
        except SQLAlchemyError as error:
            raise translated(error) from None

    def _statement(
        self, identifiers: Mapping[str, str | None], sources: frozenset[str], *, probing: bool
    ) -> tuple[TextClause, dict[str, Any]]:
        given: dict[str, Any] = {scheme.replace("-", "_"): value for scheme, value in identifiers.items()}
        if self._query is not None:
            known = {name: given.get(name) for name in self._named}
            if not probing and all(value is None for value in known.values()):
                raise Misconfigured(f"the query needs one of {', '.join(sorted(known))}, and was asked with none")
            return self._query, known
        key = {scheme: column for scheme, column in self.settings.key.items() if scheme in identifiers}
        if not key:
            raise Misconfigured(
                f"the table's key has {', '.join(self.settings.key)}, and was asked with none of them"
            )
        columns = sources - set(self._lists)
        for _, named in self._lists.values():
            columns |= named - set(given)
        statement = select(self._engine.dialect, self.settings.table or "", columns, key)
        return statement, {scheme.replace("-", "_"): identifiers[scheme] for scheme in key}

    def _person(
        self,
        connection: Connection,
        statement: TextClause,
        values: dict[str, Any],
        sources: frozenset[str],
        identifiers: Mapping[str, str | None],
    ) -> dict[str, Any] | None:
        result = connection.execute(statement, values)
        missing = sources - set(result.keys()) - set(self._lists)
        if missing:
            beside = f" `lists` gives {', '.join(self._lists)};" if self._lists else ""
            raise Misconfigured(
                f"the query gives no column {', '.join(sorted(missing))}, which the mapping reads;{beside}"
                f" the query gives {', '.join(result.keys())}"
            )
        rows = [dict(row._mapping) for row in result.fetchmany(_MOST_ROWS)]
        result.close()
        if len(rows) > 1:
            rows = self._mapped.of_one(rows, {scheme: value for scheme, value in identifiers.items() if value})
        if len(rows) > 1:
            raise Permanent("the query gives more than one row for one person")
        return rows[0] if rows else None

    def _list(
        self, connection: Connection, name: str, query: TextClause, named: frozenset[str], values: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        missing = named - set(values)
        if missing:
            raise Misconfigured(f"`lists.{name}` needs {', '.join(sorted(missing))}, which the record's row has not")
        result = connection.execute(query, {key: values[key] for key in named})
        return [dict(row._mapping) for row in result]
