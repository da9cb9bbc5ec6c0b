"""Whether two URLs name one target, as `htu` wants it: normalised, no query, no fragment (RFC 9449, section 4.3)."""

import re
from urllib.parse import urlsplit

_PORTS = {"https": 443, "http": 80}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def same_target(given: object, expected: str) -> bool:
    """Compare after syntax-based and scheme-based normalisation (RFC 3986, sections 6.2.2 and 6.2.3)."""
    if not isinstance(given, str) or len(given) > 2048:
        return False
    try:
        return _normal(given) == _normal(expected)
    except ValueError:
        return False


def _normal(url: str) -> tuple[str, str, int, str]:
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise ValueError("not a plain URL of http or https")
    port = parts.port or _PORTS[parts.scheme]
    return parts.scheme, parts.hostname, port, _ESCAPE.sub(_escape, parts.path) or "/"


def _escape(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    return character if character in _UNRESERVED else f"%{match[1].upper()}"
