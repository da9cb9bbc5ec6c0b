"""RFC 8785 (JSON Canonicalization Scheme) for the ledger's events, fast.

Events hold text, whole numbers, booleans, null, lists and objects with ASCII names. For these pydantic's encoder
gives exactly what RFC 8785 asks for once members are in order (`tests/ledger/test_canonical.py` holds it to the
`rfc8785` library). All else is refused: floats (another number format), other names (RFC 8785 sorts by UTF-16) and
large integers.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

_LARGEST = 2**53 - 1


def canonical(event: Mapping[str, Any]) -> bytes:
    """The canonical JSON text, in UTF-8. A TypeError or ValueError where the event holds what an event may not."""
    return to_json(_ordered(dict(event)))


def _ordered(value: Any) -> Any:
    """The same with the members of all objects in order."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return value
    if kind is int:
        if not -_LARGEST <= value <= _LARGEST:
            raise ValueError("an event's integers are those of RFC 8785: up to 2**53 - 1")
        return value
    if kind is list or kind is tuple:
        return [member if type(member) is str else _ordered(member) for member in value]
    if kind is not dict:
        raise TypeError(f"an event holds text, integers, booleans, null, lists and objects, not {kind.__name__}")
    for name in value:
        if type(name) is not str or not name.isascii():
            raise TypeError("an event's names are ASCII text")
    return {name: m if type(m := value[name]) is str else _ordered(m) for name in sorted(value)}
