"""A text that contradicts itself or the catalogue is not taken, and every fault is told at once."""

from typing import Any

import pytest

from tests.agreements.drafted import Offices, text_for
from tests.world import PROVIDER, World, purpose


def faults(offices: Offices, text: dict[str, Any]) -> dict[str, str]:
    answer = offices.provider.post("/v1/agreements", json=text)
    assert (answer.status_code, answer.json()["code"]) == (422, "agreement-invalid"), answer.text
    return {one["pointer"]: one["detail"] for one in answer.json()["errors"]}


@pytest.fixture(scope="module")
def special(world: World) -> str:
    """A dataset of health data."""
    return world.offer(agreed=False, special_category=True)


def test_every_fault_is_told_at_once(world: World, offices: Offices, special: str) -> None:
    found = faults(
        offices,
        text_for(
            special,
            consumer="t.nobody",
            purposes=[
                {**purpose("a", "notified", basis="6(1)(a)"), "needsConfidentialityBasis": True},
                {**purpose("a", "none"), "authority": {"legalPower": "Test Act 2024", "lawfulBasis": "6(1)(e)"}},
            ],
            fields=["status", "status", "holder", "holder.nino", "shoeSize"],
            validFrom="2026-05-01T00:00:00Z",
            validUntil="2026-05-01T01:00:00+01:00",
        ),
    )
    assert set(found) == {
        "/consumer",
        "/validUntil",
        "/purposes",
        "/fields/1",
        "/fields/3",
        "/fields/4",
        "/purposes/0/signal",
        "/purposes/0/noticeVersion",
        "/purposes/0/authority/article9Condition",
        "/purposes/0/authority/confidentialityBasis",
        "/purposes/1/signalReason",
        "/purposes/1/authority/article9Condition",
        "/purposes/1/authority/article10Authority",
    }


def test_the_basis_of_consent_needs_the_signal_consent_and_not_the_other_way_round(
    world: World, offices: Offices
) -> None:
    dataset = world.offer(agreed=False)
    asks = [purpose("a", "none", basis="6(1)(a)", signalReason="It is so.")]
    assert list(faults(offices, text_for(dataset, purposes=asks))) == ["/purposes/0/signal"]
    for basis in ("6(1)(a)", "6(1)(e)"):
        offices.draft(text_for(dataset, purposes=[purpose("a", "consent", basis=basis)]))


@pytest.mark.parametrize("condition", ["UK GDPR 9(2)(a)", "Article 9 (2) (A), explicit consent"])
def test_explicit_consent_under_article_9_needs_the_signal_consent(
    condition: str, offices: Offices, special: str
) -> None:
    asked = purpose("a", "none", signalReason="It is so.")
    asked["authority"]["article9Condition"] = condition
    assert list(faults(offices, text_for(special, purposes=[asked]))) == ["/purposes/0/signal"]
    asked = {**asked, "signal": "consent"}
    offices.draft(text_for(special, purposes=[asked]), by=PROVIDER)


def test_criminal_offence_data_needs_its_authority(world: World, offices: Offices) -> None:
    asked = purpose("a", "consent")
    del asked["authority"]["article10Authority"]
    text = text_for(world.offer(agreed=False), purposes=[asked])
    assert list(faults(offices, text)) == ["/purposes/0/authority/article10Authority"]


def test_the_dataset_is_there_and_the_provider_s_own(world: World, offices: Offices) -> None:
    assert "/dataset" in faults(offices, text_for(f"{PROVIDER}/nothing/v1"))
    dataset = world.offer(agreed=False)
    answer = offices.stranger.post("/v1/agreements", json=text_for(dataset, provider="t.stranger"))
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/provider"]
    text = text_for(dataset, consumer=PROVIDER)
    assert list(faults(offices, text)) == ["/consumer"]


def test_a_new_version_is_checked_like_the_first(world: World, offices: Offices) -> None:
    drafted = offices.draft(text_for(world.offer(agreed=False)))
    answer = drafted.next_version(PROVIDER, fields=["shoeSize"])
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/fields/0"]
    assert offices.provider.get(drafted.path).json()["version"] == 1


def test_a_text_of_the_wrong_shape_is_told_by_pointer_with_the_faults_of_its_values(offices: Offices) -> None:
    text = text_for(
        f"{PROVIDER}/driving-licence/v1",
        consumer="t.nobody",
        validFrom="2026-05-01T00:00:00",
        validUntil="2020-05-01T00:00:00Z",
        limits={"perMinute": 0},
        fields=["no field", "shoeSize", "status", "status"],
        dpiaReference="ZZ-00-00-01-A",
    )
    text["purposes"] = [
        {**text["purposes"][0], "authority": {"legalPower": "Act", "lawfulBasis": "6(1)(z)"}},
        {**purpose("a", "none"), "signel": "none"},
        purpose("a", "notified"),
    ]
    answer = offices.consumer.post("/v1/agreements", json=text)
    assert answer.status_code == 422
    assert {one["pointer"] for one in answer.json()["errors"]} == {
        "/validFrom",
        "/limits/perMinute",
        "/limits/perDay",
        "/purposes/0/authority/lawfulBasis",
        "/purposes/0/authority/article10Authority",
        "/purposes/1",
        "/purposes/1/signalReason",
        "/purposes/2/noticeVersion",
        "/purposes",
        "/consumer",
        "/fields/0",
        "/fields/1",
        "/fields/3",
        "/dpiaReference",
    }
