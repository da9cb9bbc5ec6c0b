"""What a request is made of, checked so that nothing can break out of its line."""

import re
from collections.abc import Iterable
from typing import Final

from adapters.errors import Misconfigured

# RFC 9110, sections 5.1 and 5.5: what may stand in a name and in a value. No CR, LF or NUL.
NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
TARGET: Final = re.compile(r"/[\x21\x24-\x7e]*")  # printable ASCII but space, '"' and '#'
IDEMPOTENT: Final = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110, section 9.2.2


def header_lines(headers: Iterable[tuple[str, str]]) -> str:
    """Header lines as they go on the wire. Raises `Misconfigured`."""
    lines = []
    for name, value in headers:
        if not NAME.fullmatch(name):
            raise Misconfigured("the name of a header has characters that none may have")
        if not _VALUE.fullmatch(value):
            raise Misconfigured(f"the value of the header {name} has characters that none may have")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines)
