"""The receipt of an exchange: signed, included in the log, and opened by what both parties may read."""

import time
from typing import Any

from gateway.ledger.entry import commit_to
from gateway.receipts.answers import contradicted, unstated
from gateway.receipts.verify import INCLUDED, PROMISED, verify_receipt
from gateway.signing.jws import Jwks, public_keys
from tests.world import CONSUMER, PEOPLE, PROVIDER, STRANGER, World


def keys(world: World) -> Jwks:
    return public_keys(world.anyone().get("/.well-known/jwks.json").text)


def proof(world: World, commitment: str) -> dict[str, Any]:
    until = time.monotonic() + 10
    while True:
        answer = world.anyone().get("/v1/ledger/proofs/inclusion", params={"commitment": commitment})
        if answer.status_code == 200:
            found: dict[str, Any] = answer.json()
            return found
        assert time.monotonic() < until, answer.text
        time.sleep(0.05)


def test_a_release_has_a_receipt_that_verifies_offline_with_and_without_a_proof(shared: World) -> None:
    name = shared.newcomer()
    body = shared.casework.post("/v1/exchanges", json=shared.ask(name, caseReference="case-3")).json()
    jwks = keys(shared)
    verified = verify_receipt(body["receipt"], jwks)
    assert verified.verdict == PROMISED
    claims = verified.claims
    assert claims["exchangeId"] == body["exchangeId"]
    assert (claims["consumer"], claims["provider"]) == (CONSUMER, PROVIDER)
    assert claims["commitment"] == body["ledger"]["commitment"]
    assert claims["includedBy"] == body["ledger"]["includedBy"]
    account = shared.casework.get(f"/v1/exchanges/{body['exchangeId']}").json()
    [entry] = account["entries"]
    included = verify_receipt(body["receipt"], jwks, proof(shared, claims["commitment"]), event=entry["event"])
    assert (included.verdict, included.opened) == (INCLUDED, True)
    assert not any(value in str(claims) + str(entry) for value in PEOPLE[name].values())


def test_each_kind_of_answer_agrees_with_its_receipt_and_a_changed_one_does_not(shared: World) -> None:
    jwks, name = keys(shared), shared.newcomer()
    repeated = {"headers": {"Idempotency-Key": name}}
    answers = [
        shared.casework.post("/v1/exchanges", json=shared.ask(name), **repeated).json(),
        shared.casework.post("/v1/exchanges", json=shared.ask(name), **repeated).json(),
    ]
    held = shared.adapter.held.pop(PEOPLE[name]["nino"])
    answers.append(shared.casework.post("/v1/exchanges", json=shared.ask(name)).json())
    shared.adapter.held[PEOPLE[name]["nino"]] = held
    assert [one["outcome"] for one in answers] == ["released", "released", "not-held"]
    for answer in answers:
        claims = verify_receipt(answer["receipt"], jwks).claims
        assert contradicted(answer, claims) is None
        if answer["outcome"] == "released":
            answer["provenance"][0]["source"] = STRANGER
            assert contradicted(answer, claims) == "provenance.source"
            assert contradicted({**answer, "record": None}, claims) == "record"
            assert unstated(answer, claims) == ["the values in record", "provenance.fetchedAt"]
        else:
            assert contradicted({**answer, "record": {"status": "valid"}}, claims) == "record"


def test_the_opening_that_both_parties_read_is_what_the_ledger_committed_to(shared: World) -> None:
    import rfc8785

    exchange_id = shared.casework.post("/v1/exchanges", json=shared.ask(shared.newcomer())).json()["exchangeId"]
    told = [
        shared.client(client).get(f"/v1/exchanges/{exchange_id}").json()
        for client in (f"{CONSUMER}.casework", f"{PROVIDER}.casework", f"{PROVIDER}.data-office")
    ]
    assert told[0] == told[1] == told[2]
    [entry] = told[0]["entries"]
    text = rfc8785.dumps(entry["event"])
    assert commit_to(bytes.fromhex(entry["salt"]), text).hex() == entry["commitment"]
    stranger = shared.client(f"{STRANGER}.casework").get(f"/v1/exchanges/{exchange_id}")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "no-such-exchange")
    assert shared.anyone().get(f"/v1/exchanges/{exchange_id}").status_code == 401


def test_a_refusal_is_told_to_both_with_its_reasons_and_its_fields(shared: World) -> None:
    ask = shared.ask(shared.newcomer(), fields=["status", "licenceNumber"])
    refused = shared.casework.post("/v1/exchanges", json=ask).json()
    for client in (f"{CONSUMER}.casework", f"{PROVIDER}.casework"):
        account = shared.client(client).get(f"/v1/exchanges/{refused['exchangeId']}").json()
        assert account["outcome"] == "refused"
        [entry] = account["entries"]
        assert entry["event"]["reasons"] == [
            {"code": "field-not-in-agreement", "missingKey": "agreement", "fields": ["licenceNumber"]}
        ]


def test_a_miss_has_a_receipt_too(shared: World) -> None:
    name = shared.newcomer()
    del shared.adapter.held[PEOPLE[name]["nino"]]
    body = shared.casework.post("/v1/exchanges", json=shared.ask(name)).json()
    claims = verify_receipt(body["receipt"], keys(shared)).claims
    assert (claims["outcome"], claims["fields"]) == ("not-held", [])


def test_a_proof_of_nothing_named_is_asked_what_is_meant(shared: World) -> None:
    answer = shared.anyone().get("/v1/ledger/proofs/inclusion")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert "`commitment` or `entry`" in answer.json()["detail"]
