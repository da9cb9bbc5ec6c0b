"""What a hostile or careless hand might put into the asking or the facts; each was looked for, each is refused."""

from dataclasses import replace

import pytest

from gateway.policy import ExplicitRequest, PurposeTerms, Usage
from tests.policy.examples import DAY, NOW, PURPOSE, by_person, change, changed, codes, permit
from tests.policy.test_fields import MALFORMED

ABOVE = frozenset({"holder"})
BELOW = frozenset({"holder.nino"})


@pytest.mark.parametrize("path", [*MALFORMED, "holder.", "holder..nino", ".holder", "holderName", "holder.*", "*"])
def test_a_field_path_that_is_not_in_the_record_type_opens_nothing(path: str) -> None:
    asked = frozenset({path})
    assert "unknown-field" in codes(changed(asked__fields=asked, consent__fields=ABOVE))
    assert "unknown-field" in codes(change(by_person(), "asked.fields", asked))


@pytest.mark.parametrize("path", [*MALFORMED, "holder.", "holder..nino"])
def test_a_malformed_path_opens_nothing_even_where_the_record_type_lists_it(path: str) -> None:
    asked = frozenset({path})
    listed = frozenset({path, "holder"})
    found = codes(
        changed(asked__fields=asked, dataset__fields=listed, agreement__fields=listed, consent__fields=listed)
    )
    assert found == ["field-not-in-agreement", "field-not-consented"]


def test_a_name_that_begins_like_an_agreed_one_is_not_agreed() -> None:
    fields = frozenset({"holderName"})
    assert codes(changed(asked__fields=fields, dataset__fields=fields, consent__fields=fields)) == [
        "field-not-in-agreement"
    ]


def test_asking_for_the_whole_opens_no_more_than_the_agreed_part() -> None:
    assert "field-not-in-agreement" in codes(
        changed(asked__fields=ABOVE, agreement__fields=BELOW, consent__fields=ABOVE)
    )
    assert codes(changed(asked__fields=ABOVE, consent__fields=BELOW)) == ["field-not-consented"]


def test_a_field_left_unchosen_stays_closed_though_the_whole_above_it_was_granted() -> None:
    world = changed(consent__fields=ABOVE, consent__offered=BELOW)
    for asked in (BELOW, ABOVE, ABOVE | BELOW):
        allowed = permit(change(world, "asked.fields", asked))
        assert not allowed.fields
        assert {item.field for item in allowed.withheld} == asked
    assert permit(change(world, "asked.fields", frozenset({"holder.name"}))).fields == {"holder.name"}


def test_a_field_both_granted_and_unchosen_stays_closed() -> None:
    assert not permit(changed(asked__fields=BELOW, consent__fields=BELOW, consent__offered=BELOW)).fields


def test_a_consent_that_granted_nothing_does_not_even_tell_whether_there_is_a_record() -> None:
    asked = frozenset({"validUntil"})
    assert codes(changed(asked__fields=asked, consent__fields=frozenset(), consent__offered=asked)) == [
        "field-not-consented"
    ]


def test_an_empty_purpose_is_no_purpose_even_if_the_agreement_has_one() -> None:
    terms = changed()[1].agreement
    assert terms is not None
    assert codes(changed(asked__purpose="", agreement__purposes={"": terms.purposes[PURPOSE]})) == [
        "purpose-not-in-agreement"
    ]


def test_a_purpose_without_terms_is_not_agreed() -> None:
    assert codes(changed(agreement__purposes={PURPOSE: None})) == ["purpose-not-in-agreement"]


def test_terms_of_which_nothing_is_known_refuse() -> None:
    assert codes(changed(agreement__purposes={PURPOSE: PurposeTerms()})) == [
        "authority-missing",
        "signal-reason-missing",
    ]


@pytest.mark.parametrize("status", ["", "Active", "ACTIVE", "active ", "active\n", "аctive", "unknown"])
def test_only_the_exact_word_is_a_status_that_permits(status: str) -> None:
    for fact in ("parties.client", "parties.consumer", "parties.provider", "consent.status"):
        assert codes(change(changed(), fact, status))
    for fact, word in (("dataset.status", "offered"), ("agreement.status", "in-force")):
        assert codes(change(changed(), fact, status.lower().replace("active", word).upper()))
        assert codes(change(changed(), fact, status))


@pytest.mark.parametrize(
    "basis", ["", " ", "6(1)", "6(1)(a) ", "6(1)(A)", "Art 6(1)(a)", "consent", "6(1)(g)", "9(2)(a)"]
)
def test_a_lawful_basis_that_is_not_spelt_as_agreed_is_none(basis: str) -> None:
    """Else `6(1)(a) ` would be a basis of consent that asks for no consent."""
    assert codes(changed("notified", authority__lawful_basis=basis)) == ["authority-missing"]
    assert codes(changed(authority__lawful_basis=basis)) == ["authority-missing"]


@pytest.mark.parametrize("condition", ["9(2)(a)", "Article 9 (2) (A), explicit consent"])
def test_explicit_consent_under_article_9_needs_the_signal_consent_too(condition: str) -> None:
    assert codes(changed("notified", authority__article9_condition=condition)) == ["basis-needs-consent"]
    permit(changed(authority__article9_condition=condition))
    permit(changed("notified", authority__article9_condition=condition, dataset__special_category=False))


@pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0"])
def test_blank_words_are_no_words(blank: str) -> None:
    assert codes(changed(authority__legal_power=blank)) == ["authority-missing"]
    assert codes(changed(authority__article9_condition=blank)) == ["article-9-condition-missing"]
    assert codes(changed(authority__article10_authority=blank)) == ["article-10-authority-missing"]
    assert codes(changed(authority__confidentiality_basis=blank)) == ["confidentiality-basis-missing"]
    assert codes(changed("none", terms__signal_reason=blank)) == ["signal-reason-missing"]
    for request in (ExplicitRequest(NOW, blank, "call-17"), ExplicitRequest(NOW, "phone", blank)):
        assert codes(changed("explicit-request", asked__explicit_request=request)) == ["explicit-request-required"]


@pytest.mark.parametrize("signal", ["Consent", "", "NONE", "explicit_request"])
def test_a_signal_that_is_not_known_asks_for_more_and_not_for_nothing(signal: str) -> None:
    assert codes(changed(terms__signal=signal)) == ["signal-reason-missing"]
    assert "signal-reason-missing" in codes(changed(terms__signal=signal, terms__signal_reason="a reason"))


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_of_nothing_allows_nothing_not_even_a_repeat(limit: int) -> None:
    for repeat in (False, True):
        world = changed(repeat=repeat, usage=Usage(0, 0), consent__uses=0)
        permit(world)
        assert codes(change(world, "agreement.per_day", limit)) == ["daily-limit"]
        assert codes(change(world, "agreement.per_minute", limit)) == ["rate-limit"]
        assert codes(change(world, "consent.max_uses", limit)) == ["consent-used-up"]


@pytest.mark.parametrize("days", [0, -1, -400])
def test_no_age_allowed_means_no_explicit_request_will_do(days: int) -> None:
    for moment in (NOW, NOW + 1, NOW - 1):
        request = ExplicitRequest(moment, "phone", "call-17")
        world = changed("explicit-request", asked__explicit_request=request, terms__explicit_request_days=days)
        assert codes(world) == ["explicit-request-stale"]


def test_a_request_or_a_notice_from_the_future_does_not_count() -> None:
    skew = 300_000_000
    for moment, found in ((NOW + skew, []), (NOW + skew + 1, ["explicit-request-stale"])):
        request = ExplicitRequest(moment, "phone", "call-17")
        assert codes(changed("explicit-request", asked__explicit_request=request)) == found
    assert codes(changed("notified", notice__given_at=NOW + 1)) == ["notice-required"]


def test_an_empty_notice_version_is_not_the_one_that_the_agreement_names() -> None:
    assert codes(changed("notified", terms__notice_version="", notice__version="")) == ["notice-outdated"]


def test_facts_of_another_dataset_do_not_answer_for_this_one() -> None:
    assert codes(changed(asked__dataset="sandbox.council/council-tax/v1")) == ["dataset-withdrawn"]


def test_another_signal_does_not_stand_in_for_consent() -> None:
    asked, facts = changed(consent=None)
    assert asked.explicit_request
    assert facts.notice
    assert codes((asked, facts)) == ["consent-required"]


def test_a_consent_does_not_stand_in_for_another_signal() -> None:
    assert codes(changed("notified", notice=None)) == ["notice-required"]
    assert codes(changed("explicit-request", asked__explicit_request=None)) == ["explicit-request-required"]


def test_a_person_gets_no_way_round_provider_lock_or_record_type() -> None:
    for fact, wrong, code in (
        ("parties.provider", "suspended", "provider-suspended"),
        ("dataset.status", "withdrawn", "dataset-withdrawn"),
        ("confirmation_locked_until", NOW + DAY, "confirmation-locked"),
        ("asked.fields", frozenset({"shoeSize"}), "unknown-field"),
        ("asked.fields", frozenset(), "no-fields"),
    ):
        assert codes(change(by_person(), fact, wrong)) == [code]


def test_an_agency_is_not_let_in_by_what_is_shown_to_the_subject() -> None:
    asked, facts = by_person()
    assert codes((replace(asked, by_person=False), facts)) == ["agreement-missing"]
