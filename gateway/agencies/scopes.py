"""What a client may be allowed to do, and which of it may not meet in one client."""

from collections.abc import Iterable

from gateway.agencies.errors import ScopesNotAllowed

SCOPES = frozenset(
    {
        "exchanges:write",
        "exchanges:read",
        "decisions:write",
        "permissions:read",
        "consents:write",
        "consents:read",
        "notices:write",
        "agreements:read",
        "agreements:write",
        "agreements:accept",
        "ledger:read",
    }
)
# Who fetches records must not be able to widen what may be fetched.
APART = frozenset({"exchanges:write", "agreements:accept"})


def allowed(scopes: Iterable[str]) -> tuple[str, ...]:
    """The scopes sorted, each once. Raises `ScopesNotAllowed` for unknown ones or for a pair kept apart."""
    wanted = frozenset(scopes)
    if not wanted:
        raise ScopesNotAllowed("a client needs at least one scope")
    if wanted - SCOPES:
        raise ScopesNotAllowed(f"there is no such scope; choose among: {' '.join(sorted(SCOPES))}")
    if wanted >= APART:
        raise ScopesNotAllowed("a client that holds exchanges:write may not hold agreements:accept")
    return tuple(sorted(wanted))
