"""Reads a mapping's file, which is YAML as `schemas.yaml_text` reads it."""

from pathlib import Path
from typing import Any

from schemas.yaml_text import read_yaml

__all__ = ["read_mapping_file"]


def read_mapping_file(name: str) -> Any:
    """The content of a mapping file. Raises ValueError where it cannot be read."""
    try:
        text = Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ValueError(f"the mapping file {name} cannot be read: {reason}") from None
    try:
        return read_yaml(text)
    except ValueError as error:
        raise ValueError(f"the mapping file {name}: {error}") from None
