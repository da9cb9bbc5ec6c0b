"""The receipt of a consent: what a person keeps, and anybody checks offline with the gateway's public keys."""

import time
from typing import Any

from gateway.receipts.verify import INCLUDED, PROMISED, verify_receipt
from gateway.signing.jws import public_keys
from tests.consent.asking import code, decide, requested
from tests.world import PEOPLE, PROVIDER, World


def receipt(world: World, name: str, consent_id: str) -> str:
    answer = world.person(name).get(f"/v1/consents/{consent_id}/receipt")
    assert answer.status_code == 200, answer.text
    assert answer.json()["consentId"] == consent_id
    return str(answer.json()["receipt"])


def opening(world: World, entry_id: str) -> dict[str, Any]:
    answer = world.client(f"{PROVIDER}.data-office").get(f"/v1/ledger/openings/{entry_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def proof(world: World, commitment: str) -> dict[str, Any]:
    until = time.monotonic() + 10
    while True:
        answer = world.anyone().get("/v1/ledger/proofs/inclusion", params={"commitment": commitment})
        if answer.status_code == 200:
            found: dict[str, Any] = answer.json()
            return found
        assert time.monotonic() < until, answer.text
        time.sleep(0.05)


def test_each_decision_has_a_receipt_that_verifies_offline_and_opens_to_its_event(world: World) -> None:
    jwks = public_keys(world.anyone().get("/.well-known/jwks.json").text)
    name = world.newcomer()
    consent_id = requested(world, name, fields=["status"], optionalFields=["validUntil", "address"])
    early = world.person(name).get(f"/v1/consents/{consent_id}/receipt")
    assert code(early) == (404, "no-such-consent")
    decide(world, name, consent_id, optionalFields=["address"])
    granted = receipt(world, name, consent_id)
    world.person(name).post(f"/v1/consents/{consent_id}/revocations", json={})
    revoked = receipt(world, name, consent_id)
    declined_id = requested(world, name)
    decide(world, name, declined_id, "decline")
    declined = receipt(world, name, declined_id)
    for token, decision in ((granted, "granted"), (revoked, "revoked"), (declined, "declined")):
        claims = verify_receipt(token, jwks).claims
        assert claims["decision"] == decision
        assert verify_receipt(token, jwks).verdict == PROMISED
        event = opening(world, claims["jti"])["event"]
        assert event["kind"] == f"consent-{decision}"
        verified = verify_receipt(token, jwks, proof(world, claims["commitment"]), event=event)
        assert (verified.verdict, verified.opened) == (INCLUDED, True)
        assert not any(value in token + str(claims) + str(event) for value in PEOPLE[name].values())
    assert verify_receipt(granted, jwks).claims["fields"] == ["address", "status"]


def test_the_receipt_of_a_replaced_consent_is_that_of_its_grant(world: World) -> None:
    jwks = public_keys(world.anyone().get("/.well-known/jwks.json").text)
    name = world.newcomer()
    older = requested(world, name)
    decide(world, name, older)
    before = verify_receipt(receipt(world, name, older), jwks).claims
    decide(world, name, requested(world, name))
    after = verify_receipt(receipt(world, name, older), jwks).claims
    assert (after["decision"], after["jti"]) == ("granted", before["jti"])


def test_a_receipt_that_is_signed_later_says_when_and_when_was_decided(world: World) -> None:
    jwks = public_keys(world.anyone().get("/.well-known/jwks.json").text)
    consent_id = world.consent(world.newcomer())
    first = verify_receipt(world.casework.get(f"/v1/consents/{consent_id}/receipt").json()["receipt"], jwks).claims
    world.clock.advance(3_600)
    later = verify_receipt(world.casework.get(f"/v1/consents/{consent_id}/receipt").json()["receipt"], jwks).claims
    assert (
        first["decidedAt"]
        == later["decidedAt"]
        == world.casework.get(f"/v1/consents/{consent_id}").json()["decidedAt"]
    )
    assert later["iat"] >= first["iat"] + 3_600
    assert {**later, "iat": 0} == {**first, "iat": 0}
