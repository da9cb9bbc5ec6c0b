"""Columns as every table uses them: text keys, integer microseconds, JSON as text, flags as 0 or 1."""

from typing import Any

from sqlalchemy import BigInteger, LargeBinary, Text
from sqlmodel import Field


def key(*, index: bool = False) -> Any:
    """A text primary key, or a part of one; `index`: found by it alone, though it is not the first part."""
    return Field(primary_key=True, sa_type=Text, index=index)


def text(*, index: bool = False) -> Any:
    """Text of any length."""
    return Field(sa_type=Text, index=index)


def optional_text(*, index: bool = False) -> Any:
    """Text of any length, or null."""
    return Field(default=None, sa_type=Text, nullable=True, index=index)


def micros(*, index: bool = False) -> Any:
    """Microseconds since 1970, UTC."""
    return Field(sa_type=BigInteger, index=index)


def optional_micros() -> Any:
    """Microseconds since 1970, UTC, or null."""
    return Field(default=None, sa_type=BigInteger, nullable=True)


def blob() -> Any:
    """Bytes."""
    return Field(sa_type=LargeBinary)
