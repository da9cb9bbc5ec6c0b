"""Receipts: what a stranger can check offline, and attacks on that."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import MICROSECONDS, SystemClock, to_iso
from gateway.db.intent import Lock, Transaction
from gateway.db.open import open_store
from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.entry import Commitment, append
from gateway.ledger.merkle import leaf_hash
from gateway.ledger.proofs import InclusionProof
from gateway.ledger.sequencer import Sequencer
from gateway.ledger.service import Ledger
from gateway.receipts.errors import ReceiptRejected
from gateway.receipts.issue import PROMISE, TYP, ConsentStatement, ExchangeStatement, ReceiptIssuer
from gateway.receipts.verify import verify_receipt
from gateway.signing import base64url
from gateway.signing.directory import KeyDirectory
from gateway.signing.jws import Jwks, public_keys
from gateway.signing.keys import Purpose

ORIGIN = "gateway.example/ledger"
STATEMENT = ExchangeStatement(
    exchange_id="01900000-0000-7000-8000-000000000001",
    outcome="released",
    dataset="sandbox.licensing/driving-licence/v1",
    record_type="driving-licence/v1",
    purpose="blue-badge-eligibility",
    fields=["categories", "validUntil"],
    withheld=[{"field": "points", "reason": "not-chosen-by-person"}],
    agreement_id="agreement-1",
    agreement_version=3,
    consent_id="consent-1",
    consumer="council",
    provider="licensing",
)


@dataclass(frozen=True)
class Enter:
    """Enter a statement as the room of exchanges would."""

    event: Mapping[str, Any]

    def locks(self) -> tuple[Lock, ...]:
        return ()

    def apply(self, tx: Transaction) -> tuple[Commitment, int]:
        return append(tx, self.event, ("council", "licensing")), tx.now


@dataclass(frozen=True)
class Case:
    """A receipt, and all that belongs to it."""

    keys: KeyDirectory
    receipt: str
    proof: InclusionProof
    other_proof: InclusionProof
    event: dict[str, Any]
    committed_at: int
    entry: Commitment

    @property
    def jwks(self) -> Jwks:
        return self.keys.jwks()


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("receipts")

    async def body() -> Case:
        clock = SystemClock()
        store = open_store(f"sqlite:///{folder / 'gateway.db'}", clock)
        store.create_all()
        keys = KeyDirectory(folder / "keys").ensure()
        entry, at = await store.commit(Enter({**STATEMENT.claims(), "kind": "exchange", "client": "council-1"}))
        other, _ = await store.commit(Enter({"kind": "exchange", "exchangeId": "another"}))
        await store.commit(Enter({"kind": "exchange", "exchangeId": "a third"}))
        await Sequencer(store, clock, keys, ORIGIN).number()
        ledger = Ledger(store)
        found = Case(
            keys,
            ReceiptIssuer(keys, "https://gateway.example", ORIGIN).issue(STATEMENT, entry, at),
            await ledger.inclusion_of_entry(entry.entry_id),
            await ledger.inclusion_of_entry(other.entry_id),
            json.loads((await ledger.opening(entry.entry_id, "council")).event),
            at,
            entry,
        )
        await store.aclose()
        return found

    return asyncio.run(body())


def _claims(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64url.decode(token.split(".")[1]))
    return claims


def _resigned(case: Case, **changes: Any) -> str:
    payload = json.dumps({**_claims(case.receipt), **changes}).encode()
    return case.keys.current(Purpose.RECEIPT).sign_jws(TYP, payload)


def test_with_the_receipt_key_alone_it_is_signed_and_inclusion_is_promised(case: Case) -> None:
    key = json.dumps(case.keys.current(Purpose.RECEIPT).jwk)
    found = verify_receipt(case.receipt + "\n", public_keys(key))
    assert found.verdict == "signed, inclusion promised"
    assert found.claims["exchangeId"] == STATEMENT.exchange_id


def test_with_a_proof_it_is_included(case: Case) -> None:
    for proof in (case.proof, case.proof.model_dump(by_alias=True), json.loads(case.proof.model_dump_json())):
        assert verify_receipt(case.receipt, case.jwks, proof).verdict == "included"


def test_with_its_opening_the_event_is_checked_too(case: Case) -> None:
    assert verify_receipt(case.receipt, case.jwks, event=case.event).opened
    for name in case.event:
        with pytest.raises(ReceiptRejected, match="the event is not"):
            verify_receipt(case.receipt, case.jwks, event=case.event | {name: "another"})


def test_a_receipt_says_what_was_decided_and_names_nobody(case: Case) -> None:
    header = json.loads(base64url.decode(case.receipt.split(".")[0]))
    assert header == {"alg": "ES256", "kid": case.keys.current(Purpose.RECEIPT).kid, "typ": TYP}
    claims = _claims(case.receipt)
    assert claims == {
        "iss": "https://gateway.example",
        "iat": pytest.approx(case.committed_at // MICROSECONDS, abs=30),
        "jti": case.entry.entry_id,
        "kind": "exchange",
        "exchangeId": STATEMENT.exchange_id,
        "outcome": "released",
        "dataset": "sandbox.licensing/driving-licence/v1",
        "recordType": "driving-licence/v1",
        "purpose": "blue-badge-eligibility",
        "fields": ["categories", "validUntil"],
        "withheld": [{"field": "points", "reason": "not-chosen-by-person"}],
        "agreement": {"id": "agreement-1", "version": 3},
        "consentId": "consent-1",
        "consumer": "council",
        "provider": "licensing",
        "decidedAt": to_iso(case.committed_at),
        "ledger": ORIGIN,
        "commitment": case.entry.commitment_hex,
        "salt": case.entry.salt.hex(),
        "includedBy": to_iso(case.committed_at + PROMISE),
    }


def test_a_consent_has_a_receipt_too(case: Case) -> None:
    statement = ConsentStatement(
        consent_id="consent-1",
        decision="granted",
        dataset=STATEMENT.dataset,
        purpose=STATEMENT.purpose,
        fields=["validUntil"],
        consumer="council",
        provider="licensing",
        expires_at=1_800_000_000 * MICROSECONDS,
    )
    issuer = ReceiptIssuer(case.keys, "https://gateway.example", ORIGIN)
    claims = verify_receipt(issuer.issue(statement, case.entry, case.committed_at), case.jwks).claims
    assert (claims["kind"], claims["decision"], claims["expiresAt"]) == (
        "consent",
        "granted",
        "2027-01-15T08:00:00.000Z",
    )
    without = issuer.issue(replace(statement, expires_at=None), case.entry, case.committed_at)
    assert _claims(without)["expiresAt"] is None


def test_after_a_rotation_an_old_receipt_still_verifies(case: Case, tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path).ensure()
    receipt = ReceiptIssuer(keys, "https://gateway.example", ORIGIN).issue(STATEMENT, case.entry, case.committed_at)
    keys.rotate(Purpose.RECEIPT)
    assert verify_receipt(receipt, keys.jwks()).claims["outcome"] == "released"


def test_every_changed_claim_spoils_the_signature(case: Case) -> None:
    head, _, signature = case.receipt.split(".")
    claims = _claims(case.receipt)
    for name in claims:
        forged = base64url.encode(json.dumps({**claims, name: "forged"}).encode())
        with pytest.raises(ReceiptRejected, match="does not verify"):
            verify_receipt(f"{head}.{forged}.{signature}", case.jwks)


@pytest.mark.parametrize("alg", ["none", "HS256", "ES384", "EdDSA"])
def test_another_algorithm_is_refused(case: Case, alg: str) -> None:
    _, payload, signature = case.receipt.split(".")
    head = base64url.encode(json.dumps({"alg": alg, "kid": case.jwks["keys"][1]["kid"], "typ": TYP}).encode())
    for end in ("", signature):
        with pytest.raises(ReceiptRejected, match="algorithm"):
            verify_receipt(f"{head}.{payload}.{end}", case.jwks)


@pytest.mark.parametrize(
    "header", [b"[" * 1500, b'{"alg":["ES256"]}', b'{"alg":{}}', b'{"alg":"ES256","alg":"ES256"}']
)
def test_a_header_of_any_shape_is_refused(case: Case, header: bytes) -> None:
    _, payload, signature = case.receipt.split(".")
    with pytest.raises(ReceiptRejected):
        verify_receipt(f"{base64url.encode(header)}.{payload}.{signature}", case.jwks)


@pytest.mark.parametrize("purpose", [Purpose.TOKEN, Purpose.CHECKPOINT])
def test_a_key_of_another_purpose_signs_no_receipt(case: Case, purpose: Purpose) -> None:
    signed = case.keys.current(purpose).sign_jws(TYP, json.dumps(_claims(case.receipt)).encode())
    with pytest.raises(ReceiptRejected):
        verify_receipt(signed, case.jwks)


def test_an_access_token_is_no_receipt(case: Case) -> None:
    token = case.keys.current(Purpose.RECEIPT).sign_jws("at+jwt", json.dumps(_claims(case.receipt)).encode())
    with pytest.raises(ReceiptRejected, match="type"):
        verify_receipt(token, case.jwks)


def test_a_receipt_of_another_gateway_is_refused(case: Case, tmp_path: Path) -> None:
    with pytest.raises(ReceiptRejected, match="key id"):
        verify_receipt(case.receipt, KeyDirectory(tmp_path).ensure().jwks())


def test_a_signed_token_without_a_receipts_claims_is_refused(case: Case) -> None:
    for name in ("commitment", "salt", "ledger", "includedBy", "jti", "iss", "kind"):
        with pytest.raises(ReceiptRejected, match="claim"):
            verify_receipt(_resigned(case, **{name: None}), case.jwks)


def test_the_proof_of_another_entry_is_refused(case: Case) -> None:
    with pytest.raises(ReceiptRejected, match="another entry"):
        verify_receipt(case.receipt, case.jwks, case.other_proof)
    renamed = case.other_proof.model_copy(update={"commitment": case.proof.commitment})
    with pytest.raises(ReceiptRejected, match="root"):
        verify_receipt(case.receipt, case.jwks, renamed)


def test_a_checkpoint_by_another_key_proves_nothing(case: Case, tmp_path: Path) -> None:
    forger = KeyDirectory(tmp_path).ensure().current(Purpose.CHECKPOINT)
    note = Checkpoint(ORIGIN, 1, leaf_hash(bytes.fromhex(case.entry.commitment_hex))).signed(forger)
    proof = InclusionProof(
        leaf_index=0, tree_size=1, commitment=case.entry.commitment_hex, hashes=[], checkpoint=note
    )
    with pytest.raises(ReceiptRejected, match="no known key"):
        verify_receipt(case.receipt, case.jwks, proof)


def test_a_checkpoint_of_another_log_by_the_same_key_proves_nothing(case: Case) -> None:
    key = case.keys.current(Purpose.CHECKPOINT)
    note = Checkpoint("other.example", 1, leaf_hash(bytes.fromhex(case.entry.commitment_hex))).signed(key)
    proof = InclusionProof(
        leaf_index=0, tree_size=1, commitment=case.entry.commitment_hex, hashes=[], checkpoint=note
    )
    with pytest.raises(ReceiptRejected, match="checkpoint"):
        verify_receipt(case.receipt, case.jwks, proof)


@pytest.mark.parametrize(
    "changes",
    [{"leafIndex": 1}, {"treeSize": 4}, {"treeSize": 2}, {"treeSize": 1, "hashes": []}, {"hashes": []},
     {"hashes": ["AA=="]}, {"leafIndex": -1}, {"checkpoint": ""}, {"commitment": "x"},
     {"extra": 1}, {"hashes": None}],
)  # fmt: skip
def test_a_tampered_proof_is_refused(case: Case, changes: dict[str, Any]) -> None:
    with pytest.raises(ReceiptRejected):
        verify_receipt(case.receipt, case.jwks, case.proof.model_dump(by_alias=True) | changes)


def test_without_the_checkpoint_key_no_proof_is_believed(case: Case) -> None:
    only = {"keys": [case.keys.current(Purpose.RECEIPT).jwk]}
    with pytest.raises(ReceiptRejected, match="no known key"):
        verify_receipt(case.receipt, only, case.proof)


def test_the_event_of_another_receipt_is_refused(case: Case) -> None:
    with pytest.raises(ReceiptRejected, match="another receipt"):
        verify_receipt(_resigned(case, jti="another"), case.jwks, event=case.event)


def test_a_receipt_that_contradicts_its_event_is_refused(case: Case) -> None:
    with pytest.raises(ReceiptRejected, match="differ in outcome"):
        verify_receipt(_resigned(case, outcome="refused"), case.jwks, event=case.event)


def test_no_error_repeats_a_value_of_the_receipt(case: Case) -> None:
    for token in (_resigned(case, jti="sesame"), _resigned(case, commitment="sesame", salt="sesame")):
        with pytest.raises(ReceiptRejected) as caught:
            verify_receipt(token, case.jwks, case.proof, event=case.event)
        assert "sesame" not in str(caught.value)


def _included_after(folder: Path, rotations: int) -> tuple[Jwks, Jwks, str, InclusionProof]:
    """(the keys at first, the keys now, a receipt of now, its proof of now)"""

    async def body() -> tuple[Jwks, Jwks, str, InclusionProof]:
        clock = SystemClock()
        store = open_store(f"sqlite:///{folder / 'gateway.db'}", clock)
        store.create_all()
        keys = KeyDirectory(folder / "keys").ensure()
        first = keys.jwks()
        for _ in range(rotations):
            keys.rotate(Purpose.RECEIPT)
            keys.rotate(Purpose.CHECKPOINT)
        entry, at = await store.commit(Enter({**STATEMENT.claims(), "kind": "exchange"}))
        await Sequencer(store, clock, keys, ORIGIN).number()
        proof = await Ledger(store).inclusion_of_entry(entry.entry_id)
        await store.aclose()
        return (
            first,
            keys.jwks(),
            ReceiptIssuer(keys, "https://gateway.example", ORIGIN).issue(STATEMENT, entry, at),
            proof,
        )

    return asyncio.run(body())


def test_after_two_rotations_the_first_keys_vouch_for_a_receipt_and_its_proof(tmp_path: Path) -> None:
    first, now, receipt, proof = _included_after(tmp_path, 2)
    found = verify_receipt(receipt, first, proof, newer=now)
    assert (found.verdict, found.signer, found.handed_over) == ("included", _kid(receipt), True)
    assert not verify_receipt(receipt, now, newer=now).handed_over
    with pytest.raises(ReceiptRejected, match=_kid(receipt)):
        verify_receipt(receipt, first)
    with pytest.raises(ReceiptRejected, match=_kid(receipt)):
        verify_receipt(receipt, first, newer={"keys": [{**key, "handOver": None} for key in now["keys"]]})
    receipts_only = {"keys": [key for key in now["keys"] if key["kty"] == "EC"]}
    with pytest.raises(ReceiptRejected, match=f"{ORIGIN}\\+[0-9a-f]{{8}} did, and none of these vouches for it"):
        verify_receipt(receipt, first, proof, newer=receipts_only)


def test_a_forged_hand_over_is_refused_and_a_stranger_s_keys_are_no_newer_ones(tmp_path: Path) -> None:
    first, now, receipt, _ = _included_after(tmp_path, 1)
    forged = {
        "keys": [{**key, "handOver": key["handOver"][:-4] + "AAAA"} for key in now["keys"] if "handOver" in key]
    }
    with pytest.raises(ReceiptRejected, match="hand-over"):
        verify_receipt(receipt, first, newer=forged)
    (tmp_path / "stranger").mkdir()
    _, theirs, lie, _ = _included_after(tmp_path / "stranger", 1)
    with pytest.raises(ReceiptRejected, match=_kid(lie)):
        verify_receipt(lie, first, newer=theirs)


def _kid(receipt: str) -> str:
    return str(json.loads(base64url.decode(receipt.partition(".")[0]))["kid"])
