"""Statements over one table: the columns that are needed, found by key."""

from collections.abc import Iterable, Mapping

from sqlalchemy import TextClause, text
from sqlalchemy.engine import Dialect


def parameters(query: str) -> frozenset[str]:
    """The names bound in a query, `:name` as SQLAlchemy reads them (`::type` is a cast, and `\\:` a colon)."""
    return frozenset(text(query)._bindparams)


def select(dialect: Dialect, table: str, columns: Iterable[str], key: Mapping[str, str]) -> TextClause:
    """SELECT these columns WHERE each key column is its identifier. Names are quoted, a dotted table part by part."""
    quote = dialect.identifier_preparer.quote
    named = ", ".join(quote(column) for column in sorted(columns)) or "1"
    where = " AND ".join(f"{quote(column)} = :{scheme.replace('-', '_')}" for scheme, column in key.items())
    source = ".".join(quote(part) for part in table.split("."))
    # Every name is quoted by the dialect and every value is bound.
    return text(f"SELECT {named} FROM {source} WHERE {where}")  # noqa: S608  # see above
