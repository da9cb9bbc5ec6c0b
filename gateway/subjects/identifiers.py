"""Identifiers as sent, normalised: every fault at once, none with a value."""

from collections.abc import Sequence

from gateway.errors import InvalidRequest
from schemas.api.subject import Identifier
from schemas.identifiers import InvalidIdentifier, normalise


def normalised(identifiers: Sequence[Identifier], pointer: str) -> dict[str, str]:
    """Scheme -> normalised value. Raises `InvalidRequest` with pointers below `pointer`."""
    found: dict[str, str] = {}
    faults: list[dict[str, str]] = []
    for n, identifier in enumerate(identifiers):
        at = f"{pointer}/{n}"
        if identifier.scheme in found:
            faults.append({"pointer": f"{at}/scheme", "detail": "this scheme stands here twice"})
            continue
        try:
            found[identifier.scheme] = normalise(identifier.scheme, identifier.value)
        except InvalidIdentifier as error:
            part = "value" if error.scheme else "scheme"
            faults.append({"pointer": f"{at}/{part}", "detail": error.reason})
    if faults:
        raise InvalidRequest(errors=faults)
    return found
