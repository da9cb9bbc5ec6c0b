"""Identifiers as sent, normalised: every fault at once, none with a value."""

from collections.abc import Sequence

from gateway.errors import InvalidRequest
from schemas.api.subject import Identifier
from schemas.identifiers import InvalidIdentifier, looks_like_identifier, normalise

Faults = list[dict[str, str]]


def normalised(
    identifiers: Sequence[Identifier], pointer: str, others: Sequence[dict[str, str]] = ()
) -> dict[str, str]:
    """Scheme -> normalised value. Raises `InvalidRequest` with pointers below `pointer`, and with the `others` that
    were found in the rest of the body."""
    found: dict[str, str] = {}
    faults: Faults = list(others)
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


def check_reference(value: str | None, pointer: str, faults: Faults) -> None:
    """References travel into logs and the ledger: what parses as an identifier of a person is refused."""
    if value is not None and looks_like_identifier(value):
        faults.append({"pointer": pointer, "detail": "it looks like an identifier of a person; use a reference"})
