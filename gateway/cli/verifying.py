"""`verify`: a receipt, offline, with a public key alone."""

import json
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.settings import ConfigurationError


def verify(
    receipt: Annotated[Path, typer.Argument(help="A file with the receipt; - reads standard input.")],
    keys: Annotated[Path, typer.Option(help="The gateway's public keys: JWKS, JWK or PEM.")],
    proof: Annotated[Path | None, typer.Option(help="What /v1/ledger/proofs/inclusion answered.")] = None,
) -> None:
    """Check a receipt: "signed, inclusion promised", or with a proof "included"."""
    from gateway.receipts.errors import ReceiptRejected
    from gateway.receipts.verify import contradicted, verify_receipt
    from gateway.signing.errors import KeyFileError
    from gateway.signing.jws import public_keys

    token = sys.stdin.read() if str(receipt) == "-" else _read(receipt)
    answer: dict[str, Any] = {}
    if token.lstrip().startswith("{"):  # a whole answer: an object, then, where it is JSON at all
        answer = _json(token, receipt)
        token = str(answer.get("receipt", ""))
    try:
        jwks = public_keys(_read(keys))
    except (KeyFileError, ValueError):
        raise ConfigurationError(f"{keys} holds no public keys: give what /.well-known/jwks.json answers") from None
    try:
        found = verify_receipt(token, jwks, _json(_read(proof), proof) if proof else None)
    except ReceiptRejected as error:
        print(f"REJECTED: {error}")
        sys.exit(2)
    contradiction = contradicted(answer, found.claims)
    if contradiction:
        print(f"REJECTED: {contradiction} is not what the receipt says")
        sys.exit(2)
    print(found.verdict)
    for name, value in found.claims.items():
        print(f"  {name}: {_shown(name, value)}")
    if "record" in answer:
        print("  (a receipt says which fields were released; the values in them it does not cover)")


def _shown(name: str, value: Any) -> str:
    """A claim; a NumericDate (RFC 7519, section 2) also as somebody reads it."""
    if name in ("iat", "nbf", "exp") and isinstance(value, int):
        with suppress(ValueError, OverflowError, OSError):  # not a year that there is
            return f"{value} ({datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ})"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _json(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise ConfigurationError(f"{path} is not JSON") from None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: this is not text in UTF-8") from None
