"""From an identifier as sent to its pseudonyms; and the same of several, as one frozen value."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.signing.pseudonyms import PseudonymKeys


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """The pseudonyms of one scheme's identifier, current key first: (key id, digest). A new row gets the first
    `written` of them (see `gateway.signing.pseudonyms`)."""

    scheme: str
    keyed: tuple[tuple[str, str], ...]
    written: int = 1

    @property
    def digests(self) -> tuple[str, ...]:
        """The digests under all live keys."""
        return tuple(digest for _, digest in self.keyed)


def pseudonyms(keys: PseudonymKeys, identifiers: Mapping[str, str]) -> tuple[Pseudonyms, ...]:
    """Of normalised identifiers, by scheme in a fixed order."""
    return tuple(
        Pseudonyms(scheme, tuple(keys.digest(scheme, identifiers[scheme])), keys.written)
        for scheme in sorted(identifiers)
    )
