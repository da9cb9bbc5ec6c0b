"""A thin connection: SQLAlchemy Core statements, compiled once a dialect, run on the driver.

Rows are plain tuples; columns hold only integers, text and bytes, so that no result processing is needed and both
drivers answer alike. Times are integer microseconds, flags are 0 or 1, documents are JSON text.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Executable
from sqlalchemy.engine import Dialect

Row = tuple[Any, ...]
Params = Mapping[str, Any]
NONE: Params = {}


class Driver(Protocol):
    """A DB-API cursor's two verbs and its two results, as sqlite3 and psycopg both give them."""

    def execute(self, sql: str, params: Params, /) -> Any: ...
    def executemany(self, sql: str, params: Sequence[Params], /) -> Any: ...


class Statements:
    """Compiled statements of one dialect, kept by the statement object (which callers hold for ever)."""

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._compiled: dict[Executable, tuple[str, dict[str, Any]]] = {}

    def compiled(self, statement: Executable) -> tuple[str, dict[str, Any]]:
        """The SQL text and the values bound in the statement itself."""
        found = self._compiled.get(statement)
        if found is None:
            compiled = statement.compile(dialect=self.dialect)  # type: ignore[attr-defined]  # ClauseElement
            constants = {k: v for k, v in compiled.params.items() if v is not None}
            found = self._compiled[statement] = (str(compiled), constants)
        return found

    def bound(self, statement: Executable, params: Params) -> tuple[str, Params]:
        """The SQL text, and all that is bound in it."""
        sql, constants = self.compiled(statement)
        return sql, {**constants, **params} if constants else params

    def gathered(self, statement: Executable, rows: Sequence[Params]) -> tuple[str, Params] | None:
        """SQL and its parameters that do for all rows at once what the statement does for each; None where this
        dialect has nothing better than to run it once a row."""
        return None


class Connection:
    """Runs statements. Pass module-level statements with `bindparam`s; values go in `params` by name."""

    def __init__(self, raw: Any, statements: Statements) -> None:
        self.raw = raw
        self.statements = statements
        self.cursor = raw.cursor()

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.statements.dialect.name

    def all(self, statement: Executable, params: Params = NONE) -> list[Row]:
        """All rows, as tuples."""
        self._execute(statement, params)
        rows: list[Row] = self.cursor.fetchall()
        return rows

    def first(self, statement: Executable, params: Params = NONE) -> Row | None:
        """The first row, or None."""
        self._execute(statement, params)
        row: Row | None = self.cursor.fetchone()
        return row

    def run(self, statement: Executable, params: Params = NONE) -> int:
        """Run, and return how many rows it touched."""
        self._execute(statement, params)
        count: int = self.cursor.rowcount
        return count

    def run_many(self, statement: Executable, rows: Sequence[Params]) -> int:
        """Run for each row of parameters, none of which is about the same row of the table as another; returns how
        many rows were touched in all."""
        count: int = self._run_many(statement, rows).rowcount
        return count

    def script(self, sql: str) -> None:
        """One statement of plain SQL without parameters (savepoints, pragmas)."""
        self.cursor.execute(sql)

    def _run_many(self, statement: Executable, rows: Sequence[Params]) -> Any:
        cursor = self.raw.cursor()  # one of its own: others may still wait for their answers
        gathered = self.statements.gathered(statement, rows) if len(rows) > 1 else None
        if gathered is not None:
            cursor.execute(*gathered)
            return cursor
        sql, constants = self.statements.compiled(statement)
        cursor.executemany(sql, [{**constants, **row} for row in rows] if constants else rows)
        return cursor

    def _execute(self, statement: Executable, params: Params) -> None:
        self.cursor.execute(*self.statements.bound(statement, params))


def flat(rows: Iterable[Row]) -> list[Any]:
    """The only column of each row."""
    return [row[0] for row in rows]
