"""From an identifier as sent to its pseudonyms; and the same of several, as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.signing.pseudonyms import PseudonymKeys


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The pseudonyms of one scheme's identifier, current key first: (key id, digest). A new row gets the first
    `written` of them (see `gateway.signing.pseudonyms`)."""

    scheme: str
    keyed: tuple[tuple[str, str], ...]
    written: int = 1
    digests: tuple[str, ...] = field(init=False, compare=False, repr=False)
    """Those under all live keys; they are asked for many times an exchange."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "digests", tuple(digest for _, digest in self.keyed))


def pseudonyms(keys: PseudonymKeys, identifiers: Mapping[str, str]) -> tuple[Pseudonyms, ...]:
    """Of normalised identifiers, by scheme in a fixed order."""
    return tuple(
        Pseudonyms(scheme, tuple(keys.digest(scheme, identifiers[scheme])), keys.written)
        for scheme in sorted(identifiers)
    )
