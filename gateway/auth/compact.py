"""Reading a compact JWT strictly, and verifying it with joserfc against one key and that key's own algorithms."""

from dataclasses import dataclass
from typing import Any

from jiter import from_json
from joserfc import jws
from joserfc.errors import JoseError

from gateway.agencies.keys import PublicKey, algorithms
from gateway.signing import base64url

LONGEST = 8192
_EXACT = 2**53


class Unreadable(ValueError):
    """Not a JWT that we would look at. The text may be shown: it holds nothing of the token."""


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a JWT claims, before its signature was checked: good for finding the key, and for nothing else."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]

    @property
    def typ(self) -> str:
        """The type in lower case, without `application/` (RFC 7515, section 4.1.9); `jwt` where there is none."""
        typ = self.header.get("typ", "jwt")
        return typ.lower().removeprefix("application/") if isinstance(typ, str) else "?"

    def verified_by(self, key: PublicKey) -> bool:
        """Whether this key signed it, with an algorithm of that key's own kind."""
        try:
            jws.deserialize_compact(self.text, key, algorithms=list(algorithms(key)))
        except (JoseError, ValueError):
            return False
        return True


def read(text: str) -> Unverified:
    """Header and claims. Raises `Unreadable`: too long, not canonical, names twice, NaN, or a `crit` header."""
    if len(text) > LONGEST:
        raise Unreadable("the JWT is too long")
    parts = text.split(".")
    if len(parts) != 3:
        raise Unreadable("not a signed JWT in compact form")
    try:
        header, claims = (
            from_json(base64url.decode(part), catch_duplicate_keys=True, allow_inf_nan=False) for part in parts[:2]
        )
        base64url.decode(parts[2])
    except ValueError:
        raise Unreadable("the JWT cannot be read") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise Unreadable("the JWT cannot be read")
    if "crit" in header:
        raise Unreadable("crit is not understood")
    return Unverified(text, header, claims)


def payload(text: str) -> bytes:
    """What the token signs, byte for byte; it was read before."""
    return base64url.decode(text.split(".")[1])


def seconds(claims: dict[str, Any], name: str) -> float | None:
    """A NumericDate (RFC 7519, section 2). None where absent, no number, or none that can be a time: beyond the
    integers that JSON carries exactly (RFC 7493, section 2.2), or the infinity that `1e400` is read as."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) < _EXACT else None
