"""RFC 8785 (JSON Canonicalization Scheme) for the ledger's events, fast.

Events hold text, whole numbers, booleans, null, lists and objects with ASCII names. For these the standard library's
encoder gives exactly what RFC 8785 asks for (`tests/ledger/test_canonical.py` holds it to the `rfc8785` library).
All else is refused: floats (another number format), other names (RFC 8785 sorts by UTF-16) and large integers.
"""

import json
from collections.abc import Mapping
from typing import Any

_LARGEST = 2**53 - 1
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def canonical(event: Mapping[str, Any]) -> str:
    """The canonical JSON text. A TypeError or ValueError where the event holds what an event may not."""
    _check(event)
    return _encode(event)


def _check(value: Any) -> None:
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return
    if kind is int:
        if not -_LARGEST <= value <= _LARGEST:
            raise ValueError("an event's integers are those of RFC 8785: up to 2**53 - 1")
    elif kind is dict:
        for name, member in value.items():
            if type(name) is not str or not name.isascii():
                raise TypeError("an event's names are ASCII text")
            if type(member) is not str:
                _check(member)
    elif kind is list or kind is tuple:
        for member in value:
            if type(member) is not str:
                _check(member)
    else:
        raise TypeError(f"an event holds text, integers, booleans, null, lists and objects, not {kind.__name__}")
