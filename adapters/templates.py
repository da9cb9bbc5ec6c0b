"""Templates of a request: strings in which `{scheme}` stands for an identifier of the query."""

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from adapters.errors import Misconfigured

_PLACE: Final = re.compile(r"\{([a-z][a-z0-9-]*)\}")


def placeholders(template: Any) -> frozenset[str]:
    """The schemes named in it, however deep."""
    if isinstance(template, str):
        return frozenset(_PLACE.findall(template))
    if isinstance(template, Mapping):
        return frozenset().union(*(placeholders(value) for value in template.values()))
    if isinstance(template, list):
        return frozenset().union(*(placeholders(value) for value in template))
    return frozenset()


def fill(template: Any, identifiers: Mapping[str, str]) -> Any:
    """The same with the identifiers in their places. Raises `Misconfigured` where the query carries no such one."""
    if isinstance(template, str):
        try:
            return _PLACE.sub(lambda found: identifiers[found[1]], template)
        except KeyError as error:
            raise Misconfigured(f"`request` needs the identifier {error.args[0]}, and the query has none") from None
    if isinstance(template, Mapping):
        return {key: fill(value, identifiers) for key, value in template.items()}
    if isinstance(template, list):
        return [fill(value, identifiers) for value in template]
    return template


def quoted(identifiers: Mapping[str, str]) -> dict[str, str]:
    """Identifiers as one segment of a path takes them."""
    return {scheme: quote(value, safe="") for scheme, value in identifiers.items()}
