"""An answer held against its own receipt: what contradicts it is found, and what no receipt states is named."""

from typing import Any

import pytest

from gateway.receipts.answers import contradicted, unstated
from tests.receipts.test_verify import STATEMENT

CLAIMS = {**STATEMENT.claims(), "commitment": "aa", "includedBy": "2026-11-24T12:00:00.000Z"}
ANSWER: dict[str, Any] = {
    "exchangeId": STATEMENT.exchange_id,
    "outcome": "released",
    "recordType": "driving-licence/v1",
    "record": {"categories": [], "validUntil": "2030-01-01"},
    "provenance": [
        {"fields": ["validUntil", "categories"], "source": "licensing", "fetchedAt": "2026-11-24T11:59:00Z"}
    ],
    "withheld": [{"field": "points", "reason": "not-chosen-by-person"}],
    "agreement": {"id": "agreement-1", "version": 3},
    "consentId": "consent-1",
    "ledger": {"commitment": "aa", "includedBy": "2026-11-24T12:00:00.000Z"},
}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, None),
        ({"exchangeId": "01900000-0000-7000-8000-000000000002"}, "exchangeId"),
        ({"outcome": "not-held"}, "outcome"),
        ({"agreement": {"id": "agreement-1", "version": 4}}, "agreement"),
        ({"consentId": "consent-2"}, "consentId"),
        ({"recordType": "driving-licence/v2"}, "recordType"),
        ({"withheld": []}, "withheld"),
        ({"ledger": {"commitment": "bb"}}, "ledger.commitment"),
        ({"record": {"categories": [], "points": 3}}, "record"),
        ({"record": {"categories": []}}, None),  # the source held no more
        ({"record": None}, "record"),
        ({"provenance": [ANSWER["provenance"][0] | {"source": "evil"}]}, "provenance.source"),
        ({"provenance": [ANSWER["provenance"][0] | {"fields": ["validUntil"]}]}, "provenance.fields"),
        ({"provenance": "licensing"}, "provenance"),
        ({"provenance": [ANSWER["provenance"][0] | {"fields": 5}]}, "provenance.fields"),
        ({"dataset": STATEMENT.dataset, "purpose": STATEMENT.purpose, "consumer": "council"}, None),
        ({"dataset": "sandbox.licensing/driving-licence/v2"}, "dataset"),
        ({"purpose": "another"}, "purpose"),
        ({"consumer": "somebody"}, "consumer"),
        ({"salt": None}, None),  # no claim of this one
    ],
)
def test_an_answer_that_its_receipt_contradicts_is_found(changed: dict[str, Any], told: str | None) -> None:
    assert contradicted({**ANSWER, **changed}, CLAIMS) == told
    assert contradicted(ANSWER, {**CLAIMS, "outcome": "repeated"}) is None


RELEASED = ["status", "holder.familyName", "categories.code", "endorsements", "address"]


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"status": "valid", "holder": {"familyName": "Okafor"}, "categories": [{"code": "B"}, {}]}, None),
        ({"endorsements": [{"code": "SP30", "points": 3}], "address": {"postcode": "ZZ1 1ZZ"}}, None),
        ({"status": None, "holder": None, "categories": None, "endorsements": [], "address": None}, None),
        ({"holder": {"familyName": "Okafor", "dateOfBirth": "1980-04-01"}}, "record.holder.dateOfBirth"),
        ({"holder": {"familyName": "Okafor", "Okafor": 1}}, "record.holder"),  # the name may be somebody's
        ({"holder": "free text"}, "record.holder"),
        ({"holder": ["free text"]}, "record.holder"),
        ({"holder": {"familyName": {"nino": "ZZ000001A"}}}, "record.holder.familyName"),
        ({"categories": [{"code": "B"}, {"code": "A", "validUntil": None}]}, "record.categories.validUntil"),
        ({"categories": [[{"code": "B", "validUntil": None}]]}, "record.categories.validUntil"),
        ({"status": {"nino": "ZZ000001A"}}, "record.status"),
        ({"status": [{"nino": "ZZ000001A"}]}, "record.status"),
        ({"address": "free text"}, "record.address"),
        ({"licenceNumber": "SANDB804010A99AA"}, "record.licenceNumber"),
    ],
)
def test_a_record_holds_nothing_that_its_receipt_does_not_release(record: dict[str, Any], told: str | None) -> None:
    claims = {**CLAIMS, "fields": RELEASED}
    answer = {"outcome": "released", "record": record}
    assert contradicted(answer, claims) == told
    assert (contradicted(answer, {**claims, "recordType": "of-others/v1"}) is None) == (
        told in (None, "record.status", "record.address", "record.holder.familyName")  # what the type alone tells
    )


def test_a_record_that_is_gone_or_was_never_released_is_found() -> None:
    without = {name: value for name, value in ANSWER.items() if name != "record"}
    assert contradicted(without, CLAIMS) == "record"
    missed = {"outcome": "not-held", "recordType": "driving-licence/v1"}
    claims = {**CLAIMS, "outcome": "not-held", "fields": [], "withheld": []}
    assert contradicted(missed, claims) is None
    assert contradicted(missed | {"record": {"categories": []}}, claims) == "record"
    assert contradicted(missed | {"outcome": "released"}, {**claims, "outcome": "repeated"}) == "outcome"


def test_what_no_receipt_states_is_named() -> None:
    changed = ANSWER | {"note": "added", "ledger": ANSWER["ledger"] | {"more": 1}}
    assert unstated(changed, CLAIMS) == [
        "the values in record", "provenance.fetchedAt", "ledger.more", "note",
    ]  # fmt: skip
    assert unstated({"receipt": "…"}, CLAIMS) == []
    older = {name: value for name, value in CLAIMS.items() if name != "recordType"}
    assert unstated({"recordType": "driving-licence/v1"}, older) == ["recordType"]
