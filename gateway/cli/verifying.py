"""`verify`: a receipt, offline, with a public key alone."""

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.settings import ConfigurationError

if TYPE_CHECKING:
    from gateway.ledger.proofs import InclusionProof
    from gateway.signing.jws import Jwks


def verify(
    receipt: Annotated[Path, typer.Argument(help="A file with the receipt; - reads standard input.")],
    keys: Annotated[Path, typer.Option(help="The gateway's public keys, as you trust them: JWKS, JWK or PEM.")],
    proof: Annotated[Path | None, typer.Option(help="What /v1/ledger/proofs/inclusion answered.")] = None,
    newer: Annotated[
        Path | None,
        typer.Option(help="Its JWKS of later: of these, keys are trusted that the trusted ones handed over to."),
    ] = None,
) -> None:
    """Check a receipt: "signed, inclusion promised", or with a proof "included"."""
    from gateway.receipts.answers import contradicted, unstated
    from gateway.receipts.errors import ReceiptRejected
    from gateway.receipts.verify import verify_receipt

    token, answer = _receipt(receipt)
    included = _proof(proof) if proof else None
    try:
        found = verify_receipt(token, _keys(keys), included, newer=_keys(newer) if newer else None)
    except ReceiptRejected as error:
        print(f"REJECTED: {error}")
        sys.exit(2)
    contradiction = contradicted(answer, found.claims)
    if contradiction:
        print(f"REJECTED: {contradiction} is not what the receipt says")
        sys.exit(2)
    print(found.verdict)
    trusted = f", which one of the keys in {keys} vouches for" if found.handed_over else ""
    print(f"  signed by: {found.signer}{trusted}")
    for name, value in found.claims.items():
        print(f"  {name}: {_shown(name, value)}")
    beyond = unstated(answer, found.claims)
    if beyond:
        print(f"  (of the answer these stand in no receipt, and were not checked: {', '.join(beyond)})")


def _receipt(path: Path) -> tuple[str, dict[str, Any]]:
    """The receipt, and the answer that it stood in where the file holds one."""
    text = sys.stdin.read() if str(path) == "-" else _read(path)
    wanted = f"{path} holds no receipt: give an answer of the gateway that has one, or the receipt alone"
    try:
        answer = json.loads(text)
    except ValueError:
        if text.strip().count(".") == 2:
            return text, {}
        raise ConfigurationError(wanted) from None
    if not isinstance(answer, dict) or not isinstance(answer.get("receipt"), str):
        raise ConfigurationError(wanted)
    return answer["receipt"], answer


def _keys(path: Path) -> "Jwks":
    from gateway.signing.errors import KeyFileError
    from gateway.signing.jws import public_keys

    try:
        found = public_keys(_read(path))
    except (KeyFileError, ValueError):
        found = {"keys": []}
    if not found["keys"]:
        raise ConfigurationError(f"{path} holds no public keys: give what /.well-known/jwks.json answers")
    return found


def _proof(path: Path) -> "InclusionProof":
    from gateway.ledger.proofs import InclusionProof

    try:
        return InclusionProof.model_validate_json(_read(path))
    except ValueError:
        wanted = "give what /v1/ledger/proofs/inclusion answered"
        raise ConfigurationError(f"{path} holds no proof of inclusion: {wanted}") from None


def _shown(name: str, value: Any) -> str:
    """A claim; a NumericDate (RFC 7519, section 2) also as somebody reads it."""
    if name in ("iat", "nbf", "exp") and isinstance(value, int):
        with suppress(ValueError, OverflowError, OSError):  # not a year that there is
            return f"{value} ({datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ})"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: this is not text in UTF-8") from None
