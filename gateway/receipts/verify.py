"""Checking a receipt offline, with public keys alone; with a proof, that the log holds its entry."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from gateway.ledger.canonical import canonical
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.entry import commit_to
from gateway.ledger.note import UnknownSigner, Verifier
from gateway.ledger.proofs import InclusionProof
from gateway.receipts.errors import ReceiptRejected
from gateway.receipts.issue import TYP
from gateway.signing.errors import SignatureError, UnknownKey
from gateway.signing.handover import follow
from gateway.signing.jws import Jwks, verified
from gateway.signing.keys import Purpose

Verdict = Literal["signed, inclusion promised", "included"]
PROMISED: Verdict = "signed, inclusion promised"
INCLUDED: Verdict = "included"

_TEXTS = ("iss", "jti", "kind", "ledger", "commitment", "salt", "includedBy")


@dataclass(frozen=True, slots=True)
class VerifiedReceipt:
    """A receipt that may be believed, as far as `verdict` says. `opened`: the event was checked against it too.

    `signer` is the thumbprint of the key that signed it, `handed_over` whether that is trusted by a hand-over only.
    """

    verdict: Verdict
    claims: Mapping[str, Any]
    signer: str
    handed_over: bool
    opened: bool = False


def verify_receipt(
    token: str,
    jwks: Jwks,
    proof: InclusionProof | Mapping[str, Any] | None = None,
    *,
    event: Mapping[str, Any] | None = None,
    newer: Jwks | None = None,
) -> VerifiedReceipt:
    """Check a receipt.

    `jwks` holds the gateway's public keys as the verifier trusts them: the P-256 receipt key, and for a proof the
    Ed25519 checkpoint key. `proof` is what `/v1/ledger/proofs` answered. `event` is the entry's opening: it must be
    what the commitment commits to, and must not contradict the receipt. `newer` holds keys as the gateway publishes
    them later, believed as far as a trusted key has handed over to them. Raises `ReceiptRejected` with the reason.
    """
    try:
        signer, claims, handed_over = _signed(token.strip(), jwks, newer)
    except UnknownKey as error:
        raise ReceiptRejected(f"{error}: it names {error.kid or 'none'}, and none of these vouches for it") from None
    except SignatureError as error:
        raise ReceiptRejected(str(error)) from None
    if not all(isinstance(claims.get(name), str) for name in _TEXTS):
        raise ReceiptRejected("a claim that every receipt has is missing")
    if event is not None:
        _check_event(claims, event)
    if proof is None:
        return VerifiedReceipt(PROMISED, claims, signer, handed_over, event is not None)
    _check_inclusion(claims, proof, _trusted(Purpose.CHECKPOINT, jwks, newer))
    return VerifiedReceipt(INCLUDED, claims, signer, handed_over, event is not None)


def _signed(token: str, jwks: Jwks, newer: Jwks | None) -> tuple[str, dict[str, Any], bool]:
    """By which key, what, and whether that key is trusted by a hand-over only."""
    try:
        return *verified(token, TYP, _trusted(Purpose.RECEIPT, jwks, None)), False
    except UnknownKey:
        if newer is None:
            raise
    return *verified(token, TYP, _trusted(Purpose.RECEIPT, jwks, newer)), True


def _trusted(purpose: Purpose, jwks: Jwks, newer: Jwks | None) -> Jwks:
    """Those of the keys that may sign for this end, with what they handed over to. A key whose purpose is not told,
    as in PEM, may be of any. `ReceiptRejected` where a hand-over by one of them is not to be believed."""
    keys = [key for key in jwks["keys"] if key.get("purpose", purpose) == purpose]
    if newer is None:
        return {"keys": keys}
    told = [key["handOver"] for key in (*jwks["keys"], *newer["keys"]) if isinstance(key.get("handOver"), str)]
    found = follow(purpose, keys, told)
    if found.faults:
        raise ReceiptRejected(found.faults[0])
    return {"keys": found.keys}


def _check_event(claims: Mapping[str, Any], event: Mapping[str, Any]) -> None:
    try:
        commitment = commit_to(bytes.fromhex(claims["salt"]), canonical(event)).hex()
    except (ValueError, TypeError):
        raise ReceiptRejected("the event is not one that a ledger holds") from None
    if commitment != claims["commitment"]:
        raise ReceiptRejected("the event is not what the receipt's commitment commits to")
    if event.get("id") != claims["jti"]:
        raise ReceiptRejected("the event is that of another receipt")
    for name in claims.keys() & event.keys() - {"kind"}:
        if claims[name] != event[name]:
            raise ReceiptRejected(f"the receipt and the event differ in {name}")


def _check_inclusion(claims: Mapping[str, Any], proof: InclusionProof | Mapping[str, Any], jwks: Jwks) -> None:
    try:
        if not isinstance(proof, InclusionProof):
            proof = InclusionProof.model_validate(proof)
        verifiers = Verifier.of_jwks(claims["ledger"], jwks)
        checkpoint = Checkpoint.open(proof.checkpoint, claims["ledger"], verifiers)
    except ValidationError:
        raise ReceiptRejected("the proof cannot be read") from None
    except UnknownSigner as error:
        by = " and ".join(error.claimed)
        raise ReceiptRejected(
            f"the proof's checkpoint: {error}: {by} did, and none of these vouches for it"
        ) from None
    except SignatureError as error:
        raise ReceiptRejected(f"the proof's checkpoint: {error}") from None
    except (ValueError, KeyError):
        raise ReceiptRejected("the checkpoint key cannot be read") from None
    if proof.commitment != claims["commitment"]:
        raise ReceiptRejected("the proof is that of another entry")
    if proof.tree_size != checkpoint.size or not proof.leads_to(checkpoint.root):
        raise ReceiptRejected("the proof does not lead to the checkpoint's root")
