"""What a person sees of a consent: a block in words, at the terminal's width, with no word of it broken."""

from itertools import takewhile
from typing import Any

import pytest

from gateway.cli.consent_shown import brief, short, whole
from gateway.cli.terminal import columns

ASKED: dict[str, Any] = {
    "id": "01a21027-a809-7f24-8ce5-b8d81c216f21",
    "status": "requested",
    "consumer": "sandbox.council",
    "provider": "sandbox.licensing",
    "dataset": "sandbox.licensing/driving-licence/v1",
    "consumerName": "Sandbox City Council",
    "providerName": "Sandbox Driver Licensing",
    "datasetTitle": "Driving licences",
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


@pytest.fixture(autouse=True)
def eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def said(consent: dict[str, Any], name: str = "") -> str:
    """A row of the block by its name; without one, what stands beside the id."""
    lines = list(whole([consent]))
    if not name:
        return lines[0].removeprefix(f"{consent['id']}  ")
    [at] = [number for number, line in enumerate(lines) if line.startswith(f"  {name:11}  ")]
    below = takewhile(lambda line: line.startswith(" " * 15), lines[at + 1 :])
    return " ".join(line[15:] for line in (lines[at], *below))


def test_a_request_shows_who_asks_of_whom_when_for_what_in_words_and_which_fields_are_optional() -> None:
    assert list(whole([ASKED])) == [
        "01a21027-a809-7f24-8ce5-b8d81c216f21  requested, decide by 2026-12-25 10:11 UTC",
        "  asked by     Sandbox City Council (sandbox.council), 2026-11-25 10:11 UTC",
        "  asked for    Driving licences of Sandbox Driver Licensing",
        "               (sandbox.licensing/driving-licence/v1)",
        "  fields       status, validUntil",
        "  optional     address.postcode, holder.familyName",
        "  purpose      Decide whether an applicant may hold a blue badge, under Disabled",
        "               Persons' Parking Badges Act 2013, section 1",
        "               (blue-badge-eligibility)",
        "  responsible  The council; The licensing agency",
        "  kept         Until the decision is final.",
        "  passed on    None.",
        "  questions    data@council.example",
        "  if granted   for 365 days, any number of uses",
    ]


def test_a_consent_shows_what_became_of_it_and_what_was_allowed() -> None:
    assert said(REVOKED) == "revoked 2026-11-26 09:30 UTC"
    assert said(REVOKED, "granted") == "2026-11-25 11:00 UTC, used 1 time"
    assert said(REVOKED, "optional") == "address.postcode (allowed); holder.familyName (not allowed)"
    active = {**REVOKED, "status": "active", "revokedAt": None}
    assert said(active) == "active until 2027-11-25 11:00 UTC"
    assert said({**active, "status": "expired"}) == "expired 2027-11-25 11:00 UTC"
    assert said({**active, "status": "replaced"}) == "replaced"


def test_what_was_not_granted_shows_no_uses_and_nothing_allowed() -> None:
    declined = {**ASKED, "status": "declined", "decidedAt": "2026-11-25T11:00:00.000Z"}
    unanswered = {**ASKED, "status": "expired", "decideBy": None}
    taken_back = {**ASKED, "status": "revoked", "decideBy": None, "revokedAt": "2026-11-25T11:00:00.000Z"}
    assert said(declined) == "declined 2026-11-25 11:00 UTC"
    assert said(unanswered) == "expired, never answered"
    assert said(taken_back) == "revoked 2026-11-25 11:00 UTC"
    for one in (declined, unanswered, taken_back):
        text = "\n".join(whole([one]))
        assert "granted" not in text
        assert "allowed" not in text


def test_for_how_many_uses_it_is_and_that_they_are_used_up() -> None:
    assert said({**ASKED, "validDays": 1, "maxUses": 1}, "if granted") == "for 1 day, one use"
    active = {**REVOKED, "status": "active", "revokedAt": None, "maxUses": 3}
    assert said({**active, "uses": 0}, "granted") == "2026-11-25 11:00 UTC, for 3 uses"
    assert said(active, "granted") == "2026-11-25 11:00 UTC, used 1 of 3 times"
    used_up = {**active, "maxUses": 1}
    assert said(used_up) == "used up"
    assert said(used_up, "granted") == "2026-11-25 11:00 UTC, used 1 of 1 time: nothing more is released"


def test_under_an_agreement_that_is_in_force_no_more_the_law_and_the_code_are_left() -> None:
    ended = {**ASKED, "purposeInWords": "", "controllers": [], "retention": "", "onwardUse": ""}
    assert said(ended, "purpose") == (
        "under Disabled Persons' Parking Badges Act 2013, section 1 (blue-badge-eligibility)"
    )
    assert [line[2:13].strip() for line in whole([ended])][-2:] == ["questions", "if granted"]


@pytest.mark.parametrize("width", [40, 60, 80, 100, 120])
def test_no_id_address_or_url_is_broken_and_no_line_is_longer_than_the_terminal_without_need(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    url = "https://benefits.sandbox.invalid/privacy/" + "x" * 30
    long = {
        **REVOKED,
        "dataset": "sandbox.primary-care/" + "y" * 80 + "/v1",
        "contact": "the-data-protection-desk@benefits.and.pensions.sandbox.invalid",
        "purposeInWords": "word " * 60 + f"see {url} and on",
        "consumerName": "日本語の役所 年金",
        "requiredFields": ["a." + "b" * 70],
    }
    for consent in (ASKED, long):
        lines = list(whole([consent]))
        for part in ("id", "dataset", "contact", "consumer"):
            assert sum(consent[part] in line for line in lines) >= 1, part
        for line in lines:
            assert columns(line) <= min(width, 100) or len(line.split()) == 1
    assert any(line.split() == [url] or url in line for line in lines)


def test_another_agencys_words_cannot_steer_the_terminal() -> None:
    evil = {**ASKED, "retention": "\x1b[2JA \u202eyear.\n  questions    evil@example.org", "consumerName": "\x1b[1A"}
    for text in ("".join(whole([evil])), "".join(brief(evil)), "".join(short(evil))):
        assert text.isprintable()
    assert sum(line.startswith("  questions ") for line in whole([evil])) == 1
