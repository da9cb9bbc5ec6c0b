"""One example a reason code, and that the table and `decide` know the same codes."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from gateway.policy import (
    REASONS,
    ConsentFacts,
    LegalAuthority,
    NoticeFacts,
    OwnRequest,
    Refusal,
    Usage,
    both,
    decide,
)
from tests.policy.examples import DAY, HOUR, NOW, TERMS, World, by_person, change, changed, codes, permit, permitted

RAISED_BY_THE_EXCHANGE = {"not-confirmed"}
"""Codes that need the record, which the policy never sees."""

reached: set[str] = set()


def refuses(code: str) -> Callable[[Callable[[], World]], Callable[[], None]]:
    """The example is refused, for this reason and no other."""

    def test_of(example: Callable[[], World]) -> Callable[[], None]:
        reached.add(code)

        def test() -> None:
            assert codes(example()) == [code]

        test.__name__ = example.__name__
        test.__doc__ = example.__doc__
        return test

    return test_of


@pytest.mark.parametrize("signal", sorted(TERMS))
def test_with_every_key_turned_the_fields_asked_for_are_permitted(signal: str) -> None:
    world = permitted(signal)
    allowed = permit(world)
    assert allowed.fields == world[0].fields
    assert (allowed.withheld, allowed.agreement_id, allowed.agreement_version) == ((), "agreement-1", 3)
    assert allowed.consent_id == ("consent-1" if signal == "consent" else None)


def test_a_person_sees_their_own_record_without_agreement_or_consent() -> None:
    allowed = permit(by_person())
    assert allowed.fields == by_person()[0].fields
    assert (allowed.agreement_id, allowed.agreement_version, allowed.consent_id) == (None, None, None)


# who takes part


@refuses("client-suspended")
def test_a_suspended_client_is_refused() -> World:
    return changed(parties__client="suspended")


@refuses("consumer-suspended")
def test_a_client_of_a_suspended_agency_is_refused() -> World:
    return changed(parties__consumer="suspended")


@refuses("provider-suspended")
def test_nothing_is_fetched_from_a_suspended_agency() -> World:
    return changed(parties__provider="suspended")


@refuses("dataset-withdrawn")
def test_a_withdrawn_dataset_is_refused() -> World:
    return changed(dataset__status="withdrawn")


@refuses("unknown-field")
def test_a_field_outside_the_record_type_is_refused_though_agreed_and_consented() -> World:
    fields = frozenset({"validUntil", "holder.shoeSize"})
    return changed(asked__fields=fields, agreement__fields=fields, consent__fields=fields)


@refuses("no-fields")
def test_asking_for_no_field_is_not_asking_for_all() -> World:
    return changed(asked__fields=frozenset())


# law


@refuses("authority-missing")
def test_a_purpose_without_an_authority_is_refused() -> World:
    return changed(terms__authority=None)


@refuses("article-9-condition-missing")
def test_special_category_data_without_an_article_9_condition_is_refused() -> World:
    return changed(authority__article9_condition=None)


@refuses("article-10-authority-missing")
def test_criminal_offence_data_without_an_article_10_authority_is_refused() -> World:
    return changed(authority__article10_authority=None)


@refuses("confidentiality-basis-missing")
def test_confidential_data_without_a_confidentiality_basis_is_refused() -> World:
    return changed(authority__confidentiality_basis=None)


@refuses("basis-needs-consent")
def test_consent_as_the_lawful_basis_without_the_signal_consent_is_refused() -> World:
    return changed("notified", authority__lawful_basis="6(1)(a)")


@refuses("signal-reason-missing")
def test_asking_nothing_of_the_person_without_a_reason_is_refused() -> World:
    return changed("none", terms__signal_reason=None)


# agreement


@refuses("agreement-missing")
def test_without_an_agreement_it_is_refused() -> World:
    return changed(agreement=None)


@refuses("agreement-not-accepted")
def test_an_agreement_that_one_side_accepted_is_refused() -> World:
    return changed(agreement__status="accepted")


@refuses("agreement-suspended")
def test_a_suspended_agreement_is_refused() -> World:
    return changed(agreement__status="suspended")


@refuses("agreement-ended")
def test_an_ended_agreement_is_refused() -> World:
    return changed(agreement__status="ended")


@refuses("agreement-not-yet-valid")
def test_an_agreement_refuses_before_its_first_microsecond() -> World:
    permit(changed(agreement__valid_from=NOW))
    return changed(agreement__valid_from=NOW + 1)


@refuses("agreement-expired")
def test_an_agreement_refuses_from_its_end_on() -> World:
    return changed(agreement__valid_until=NOW)


@refuses("purpose-not-in-agreement")
def test_a_purpose_that_was_not_agreed_is_refused() -> World:
    return changed(asked__purpose="debt-recovery")


@refuses("field-not-in-agreement")
def test_a_field_that_was_not_agreed_is_refused_though_consented() -> World:
    fields = frozenset({"validUntil", "categories"})
    return changed(asked__fields=fields, consent__fields=fields)


@refuses("rate-limit")
def test_the_fetch_after_the_last_of_the_minute_is_refused() -> World:
    return changed(usage__in_minute=10)


@refuses("daily-limit")
def test_the_fetch_after_the_last_of_the_day_is_refused() -> World:
    return changed(usage__in_day=100)


@refuses("subject-access-not-offered")
def test_a_person_does_not_see_a_dataset_that_is_not_shown_to_subjects() -> World:
    return change(by_person(), "dataset.show_to_subject", False)


# person


@refuses("consent-required")
def test_without_a_consent_it_is_refused() -> World:
    return changed(consent=None)


@refuses("consent-pending")
def test_a_consent_that_the_person_has_not_decided_is_refused() -> World:
    return changed(consent__status="requested")


@refuses("consent-declined")
def test_a_declined_consent_is_refused() -> World:
    return changed(consent__status="declined")


@refuses("consent-revoked")
def test_a_revoked_consent_is_refused() -> World:
    return changed(consent__status="revoked")


@refuses("consent-expired")
def test_a_consent_refuses_from_its_end_on() -> World:
    return changed(consent__expires_at=NOW)


@refuses("consent-outdated")
def test_a_consent_given_under_other_terms_is_refused() -> World:
    return changed(terms__digest="terms-4")


@refuses("consent-replaced")
def test_a_consent_that_a_newer_one_replaced_is_refused() -> World:
    return changed(consent__status="replaced")


@refuses("consent-used-up")
def test_the_release_after_the_last_is_refused() -> World:
    return changed(consent__uses=3)


@refuses("field-not-consented")
def test_a_field_that_the_person_was_never_asked_for_is_refused_though_agreed() -> World:
    return changed(asked__fields=frozenset({"validUntil", "holder.nino"}))


@refuses("notice-required")
def test_a_person_who_was_not_notified_is_not_looked_up() -> World:
    return changed("notified", notice=None)


@refuses("notice-outdated")
def test_a_notice_of_another_version_does_not_count() -> World:
    return changed("notified", notice=NoticeFacts("2019-01", NOW - DAY))


@refuses("explicit-request-required")
def test_without_the_attested_request_it_is_refused() -> World:
    return changed("explicit-request", asked__explicit_request=None)


IN_PERSON = OwnRequest(NOW - HOUR, "https://sign-in.example", same_person=True)


def in_person() -> World:
    """Permitted by the person's own request."""
    return changed("explicit-request", asked__explicit_request=IN_PERSON)


def test_the_person_s_own_request_is_as_good_as_the_attested_one_and_as_old_as_that_may_be() -> None:
    permit(in_person())
    old = replace(IN_PERSON, requested_at=NOW - 30 * DAY - 1)
    assert codes(changed("explicit-request", asked__explicit_request=old)) == ["explicit-request-stale"]


@refuses("explicit-request-of-another")
def test_a_request_of_another_person_opens_nothing() -> World:
    return change(in_person(), "own_request.same_person", False)


@refuses("explicit-request-used")
def test_a_request_that_opened_another_exchange_opens_no_second() -> World:
    permit(changed("explicit-request", request_used=True))  # of the attested form there is nothing to use up
    return change(in_person(), "request_used", True)


@refuses("explicit-request-stale")
def test_a_request_older_than_the_agreement_says_is_refused() -> World:
    world = permitted("explicit-request")
    assert world[0].explicit_request is not None
    old = replace(world[0].explicit_request, requested_at=NOW - 30 * DAY - 1)
    assert not codes(change(world, "asked.explicit_request", replace(old, requested_at=NOW - 30 * DAY)))
    return change(world, "asked.explicit_request", old)


@refuses("confirmation-locked")
def test_after_too_many_wrong_confirmations_it_is_refused() -> World:
    return changed(confirmation_locked_until=NOW + 1)


def test_every_code_of_the_table_is_reached_here_or_raised_by_the_exchange() -> None:
    assert reached | RAISED_BY_THE_EXCHANGE == set(REASONS)
    assert not reached & RAISED_BY_THE_EXCHANGE


def test_every_line_of_the_table_says_how_to_go_on() -> None:
    for code, reason in REASONS.items():
        assert code == reason.code
        assert reason.title
        assert reason.remedy.endswith(".")
        assert reason.status in (403, 429)
        assert (reason.method is None) == (reason.href is None)
        assert reason.status != 429 or "Retry-After" in reason.remedy


def test_a_limit_says_when_room_is_made() -> None:
    verdict = decide(*changed(usage=Usage(10, 100, NOW + 5, NOW + HOUR), confirmation_locked_until=NOW + DAY))
    assert isinstance(verdict, Refusal)
    assert {reason.code: reason.retry_at for reason in verdict.reasons} == {
        "confirmation-locked": NOW + DAY,
        "daily-limit": NOW + HOUR,
        "rate-limit": NOW + 5,
    }


def test_every_reason_found_is_told_and_the_fields_are_named() -> None:
    world = changed(parties__client="suspended", asked__fields=frozenset({"categories"}), consent=None)
    verdict = decide(*world)
    assert isinstance(verdict, Refusal)
    assert [(reason.code, reason.fields) for reason in verdict.reasons] == [
        ("client-suspended", ()),
        ("field-not-in-agreement", ("categories",)),
        ("consent-required", ()),
    ]
    assert [reason.of.key for reason in verdict.reasons] == [None, "agreement", "person"]
    assert (verdict.agreement_id, verdict.agreement_version) == ("agreement-1", 3)


def test_what_the_person_did_not_choose_is_withheld_and_the_rest_permitted() -> None:
    allowed = permit(
        changed(
            consent__fields=frozenset({"validUntil"}),
            consent__offered=frozenset({"holder.name"}),
        )
    )
    assert allowed.fields == {"validUntil"}
    assert [(item.field, item.reason) for item in allowed.withheld] == [("holder.name", "not-chosen-by-person")]


def test_article_6_1_a_with_the_signal_consent_is_permitted() -> None:
    permit(changed(authority__lawful_basis="6(1)(a)"))


def test_the_signal_consent_does_not_imply_article_6_1_a() -> None:
    """Asked out of respect or confidentiality under another basis; and the consent is needed there just the same."""
    for basis in ("6(1)(c)", "6(1)(e)"):
        permit(changed(authority__lawful_basis=basis))
        assert codes(changed(authority__lawful_basis=basis, consent=None)) == ["consent-required"]


def test_the_later_permit_says_by_what_right() -> None:
    """As where the person gave a new consent, and the agencies a new version, while the record was fetched."""
    later = permit(
        changed(
            agreement__version=4,
            consent__id="consent-2",
            consent__fields=frozenset({"validUntil"}),
            consent__offered=frozenset({"holder"}),
        )
    )
    joint = both(permit(permitted()), later)
    assert (joint.agreement_id, joint.agreement_version, joint.consent_id) == ("agreement-1", 4, "consent-2")
    assert joint.fields == {"validUntil"}
    assert [item.field for item in joint.withheld] == ["holder.name"]


def test_a_repeat_counts_no_further_use() -> None:
    used_up = changed(repeat=True, usage=Usage(9, 100), consent__uses=3)
    permit(used_up)
    assert codes(change(used_up, "repeat", False)) == ["daily-limit", "consent-used-up"]


def test_a_repeat_is_held_to_the_rate_since_it_reads_the_source_again() -> None:
    assert codes(changed(repeat=True, usage=Usage(10, 0))) == ["rate-limit"]


def test_a_repeat_is_refused_once_a_key_has_gone() -> None:
    assert codes(changed(repeat=True, consent__status="revoked")) == ["consent-revoked"]
    assert codes(changed(repeat=True, agreement__status="suspended")) == ["agreement-suspended"]


def test_a_consent_without_a_limit_of_uses_is_never_used_up() -> None:
    permit(
        changed(
            consent=ConsentFacts(
                "c", "active", frozenset({"validUntil", "holder"}), frozenset(), NOW + 1, 9, None, "terms-3"
            )
        )
    )


def test_an_authority_asks_only_for_what_the_data_needs() -> None:
    plain = changed(
        terms__authority=LegalAuthority("Road Traffic Act 1988 s 88", "6(1)(e)"),
        terms__needs_confidentiality_basis=False,
        dataset__special_category=False,
        dataset__criminal_offence=False,
    )
    permit(plain)
