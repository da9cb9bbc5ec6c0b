"""What a person sees of their consents: whole, in words, and no wider than 100 columns."""

from typing import Any

from gateway.cli.consent_table import table

ASKED: dict[str, Any] = {
    "id": "01a21027-a809-7f24-8ce5-b8d81c216f21",
    "status": "requested",
    "consumer": "sandbox.council",
    "provider": "sandbox.licensing",
    "dataset": "sandbox.licensing/driving-licence/v1",
    "consumerName": "Sandbox City Council",
    "providerName": "Sandbox Driver Licensing",
    "legalPower": "Disabled Persons' Parking Badges Act 2013, section 1",
    "purpose": "blue-badge-eligibility",
    "purposeInWords": "Decide whether an applicant may hold a blue badge.",
    "controllers": ["The council", "The licensing agency"],
    "retention": "Until the decision is final.",
    "onwardUse": "None.",
    "contact": "data@council.example",
    "requiredFields": ["status", "validUntil"],
    "optionalFields": ["address.postcode", "holder.familyName"],
    "chosenFields": [],
    "requestedAt": "2026-11-25T10:11:12.000Z",
    "decideBy": "2026-12-25T10:11:12.000Z",
    "decidedAt": None,
    "expiresAt": None,
    "revokedAt": None,
    "validDays": 365,
    "maxUses": None,
    "uses": 0,
}
REVOKED = {
    **ASKED,
    "status": "revoked",
    "chosenFields": ["address.postcode"],
    "decidedAt": "2026-11-25T11:00:00.000Z",
    "expiresAt": "2027-11-25T11:00:00.000Z",
    "revokedAt": "2026-11-26T09:30:00.000Z",
    "uses": 1,
}


def test_a_request_shows_when_for_what_in_words_and_which_fields_are_optional() -> None:
    assert list(table([ASKED])) == [
        "CONSENT                               ASKED BY, OF WHOM, FOR WHAT     FIELDS",
        "",
        "01a21027-a809-7f24-8ce5-b8d81c216f21  Sandbox City Council            status",
        "requested                               (sandbox.council)             validUntil",
        "asked 2026-11-25 10:11                ← Sandbox Driver Licensing:     address.postcode (optional)",
        "decide by 2026-12-25 10:11              sandbox.licensing/driving-    holder.familyName (optional)",
        "for 365 days once granted, any          licence/v1",
        "  number of uses                      blue-badge-eligibility:",
        "                                      Decide whether an applicant",
        "                                        may hold a blue badge.",
        "                                      under Disabled Persons'",
        "                                        Parking Badges Act 2013,",
        "                                        section 1",
        "                                      responsible: The council; The",
        "                                        licensing agency",
        "                                      kept: Until the decision is",
        "                                        final.",
        "                                      passed on: None.",
        "                                      questions:",
        "                                        data@council.example",
    ]


def test_a_consent_shows_what_became_of_it_and_what_was_chosen() -> None:
    text = "\n".join(table([REVOKED, ASKED]))
    for part in (
        "granted 2026-11-25 11:00",
        "valid until 2027-11-25 11:00",
        "revoked 2026-11-26 09:30",
        "used 1 time",
    ):
        assert part in text
    fields = [line[70:] for line in table([REVOKED])]
    assert fields[4:8] == [
        "address.postcode (optional,",
        "  chosen)",
        "holder.familyName (optional,",
        "  not chosen)",
    ]
    declined = "\n".join(table([{**ASKED, "status": "declined", "decidedAt": "2026-11-25T11:00:00.000Z"}]))
    assert "declined 2026-11-25 11:00" in declined


def test_for_how_many_uses_it_is_and_that_they_are_used_up() -> None:
    def said(consent: dict[str, Any]) -> list[str]:
        return [line[:36].rstrip() for line in table([consent]) if line[:36].strip()][2:]

    once = said({**ASKED, "validDays": 1, "maxUses": 1})
    assert once[1:4] == ["asked 2026-11-25 10:11", "decide by 2026-12-25 10:11", "for 1 day once granted, one use"]
    active = {**REVOKED, "status": "active", "revokedAt": None, "maxUses": 3}
    assert [said(active)[0], said(active)[-1]] == ["active", "used 1 of 3 times"]
    used_up = said({**active, "maxUses": 1})
    assert used_up[0] == "used up"
    assert used_up[-2:] == ["used 1 of 1 time: nothing more is", "  released"]


def test_who_asks_of_whom_and_under_which_law_stands_in_it() -> None:
    text = " ".join(line[38:68].strip() for line in table([ASKED]))
    assert "Sandbox City Council (sandbox.council) ← Sandbox Driver Licensing: sandbox.licensing/" in text
    assert "under Disabled Persons' Parking Badges Act 2013, section 1" in text


def test_it_is_never_wider_than_100_columns() -> None:
    long = {
        **REVOKED,
        "consumer": "an.agency-" + "x" * 60,
        "dataset": "a." + "y" * 80 + "/z/v1",
        "purposeInWords": "word " * 60,
        "requiredFields": ["a." + "b" * 70],
    }
    assert max(len(line) for line in table([long, ASKED])) <= 100
