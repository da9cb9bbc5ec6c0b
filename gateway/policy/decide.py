"""`decide`: the three keys, each turned by one function that returns the reasons why it does not turn."""

from collections.abc import Iterator

from gateway.policy.facts import (
    LAWFUL_BASES,
    NOTHING,
    AgreementFacts,
    Asked,
    ConsentFacts,
    DatasetFacts,
    ExplicitRequest,
    Facts,
    LegalAuthority,
    OwnRequest,
    PurposeTerms,
)
from gateway.policy.fields import held_back, in_order, outside
from gateway.policy.verdict import Permit, Reason, Refusal, Verdict, Withheld

_DAY = 86_400_000_000
_SKEW = 300_000_000
_AGREEMENT_STATUS = {
    "draft": "agreement-not-accepted",
    "accepted": "agreement-not-accepted",
    "suspended": "agreement-suspended",
    "ended": "agreement-ended",
}
_CONSENT_STATUS = {
    "requested": "consent-pending",
    "declined": "consent-declined",
    "revoked": "consent-revoked",
    "expired": "consent-expired",
    "replaced": "consent-replaced",
}


def decide(asked: Asked, facts: Facts) -> Verdict:
    """Decide. Pure: the same arguments give the same verdict, and nothing else is looked at."""
    reasons = [*_parties(asked, facts), *_subject(facts)]
    if isinstance(asked.explicit_request, OwnRequest) and not asked.explicit_request.same_person:
        reasons.append(Reason("explicit-request-of-another"))
    terms: PurposeTerms | None = None
    withheld: list[Withheld] = []
    if asked.by_person:
        reasons += _subject_access(facts)
    else:
        terms = facts.agreement.purposes.get(asked.purpose) if facts.agreement and asked.purpose else None
        reasons += _agreement(asked, facts, terms)
        if terms is not None and facts.dataset is not None:
            reasons += _law(terms, facts.dataset)
            found, withheld = _person(asked, facts, terms)
            reasons += found
    consent = facts.consent.id if facts.consent and terms and terms.signal == "consent" else None
    agreement = facts.agreement if not asked.by_person else None
    by_right = (agreement.id if agreement else None, agreement.version if agreement else None, consent)
    if reasons:
        return Refusal(tuple(reasons), *by_right)
    fields = asked.fields.difference(item.field for item in withheld) if withheld else asked.fields
    return Permit(fields, tuple(withheld), *by_right)


def _parties(asked: Asked, facts: Facts) -> Iterator[Reason]:
    if not asked.by_person:
        if facts.parties.client != "active":
            yield Reason("client-suspended")
        if facts.parties.consumer != "active":
            yield Reason("consumer-suspended")
    if facts.parties.provider != "active":
        yield Reason("provider-suspended")
    if facts.dataset is None or facts.dataset.id != asked.dataset or facts.dataset.status != "offered":
        yield Reason("dataset-withdrawn")
    else:
        unknown = asked.fields - facts.dataset.fields
        if unknown:
            yield Reason("unknown-field", in_order(unknown))
    if not asked.fields:
        yield Reason("no-fields")


def _subject(facts: Facts) -> Iterator[Reason]:
    if facts.confirmation_locked_until > facts.now:
        yield Reason("confirmation-locked", retry_at=facts.confirmation_locked_until)


def _subject_access(facts: Facts) -> Iterator[Reason]:
    if facts.dataset is None or not facts.dataset.show_to_subject:
        yield Reason("subject-access-not-offered")


def _agreement(asked: Asked, facts: Facts, terms: PurposeTerms | None) -> Iterator[Reason]:
    agreement = facts.agreement
    if agreement is None:
        yield Reason("agreement-missing")
        return
    if agreement.status != "in-force":
        yield Reason(_AGREEMENT_STATUS.get(agreement.status, "agreement-missing"))
    if facts.now < agreement.valid_from:
        yield Reason("agreement-not-yet-valid")
    if facts.now >= agreement.valid_until:
        yield Reason("agreement-expired")
    if terms is None:
        yield Reason("purpose-not-in-agreement")
    not_agreed = outside(asked.fields, agreement.fields)
    if not_agreed:
        yield Reason("field-not-in-agreement", not_agreed)
    yield from _limits(agreement, facts)


def _limits(agreement: AgreementFacts, facts: Facts) -> Iterator[Reason]:
    usage = facts.usage
    if _reached(agreement.per_day, usage.in_day if usage else None, facts.repeat):
        yield Reason("daily-limit", retry_at=usage.day_free_at if usage else None)
    # A repeat reads the source once more, whoever it hands nothing new to: the rate is there for the source.
    if _reached(agreement.per_minute, usage.in_minute if usage else None, repeat=False):
        yield Reason("rate-limit", retry_at=usage.minute_free_at if usage else None)


def _reached(limit: int, used: int | None, repeat: bool) -> bool:
    """Whether one more goes over the limit. A `repeat` was counted when it was first; a limit of 0 allows none."""
    return limit < 1 or (not repeat and (used is None or used >= limit))


def _law(terms: PurposeTerms, dataset: DatasetFacts) -> Iterator[Reason]:
    authority = terms.authority
    if authority is None or _blank(authority.legal_power) or authority.lawful_basis not in LAWFUL_BASES:
        yield Reason("authority-missing")
        return
    if dataset.special_category and _blank(authority.article9_condition):
        yield Reason("article-9-condition-missing")
    if dataset.criminal_offence and _blank(authority.article10_authority):
        yield Reason("article-10-authority-missing")
    if terms.needs_confidentiality_basis and _blank(authority.confidentiality_basis):
        yield Reason("confidentiality-basis-missing")
    if terms.signal != "consent" and rests_on_consent(authority, special=dataset.special_category):
        yield Reason("basis-needs-consent")


def rests_on_consent(authority: LegalAuthority, *, special: bool) -> bool:
    """UK GDPR Art 6(1)(a), or Art 9(2)(a), explicit consent, which is free text here and may be spelt with spaces."""
    condition = "".join((authority.article9_condition or "").split()).lower()
    return authority.lawful_basis == "6(1)(a)" or (special and "9(2)(a)" in condition)


def _blank(text: str | None) -> bool:
    return text is None or not text.strip()


def _person(asked: Asked, facts: Facts, terms: PurposeTerms) -> tuple[list[Reason], list[Withheld]]:
    if terms.signal == "consent":
        return _consent(asked, facts, terms)
    if terms.signal == "notified":
        return list(_notified(facts, terms)), []
    if terms.signal == "explicit-request":
        return list(_explicit(asked.explicit_request, facts, terms)), []
    if terms.signal == "none" and not _blank(terms.signal_reason):
        return [], []
    return [Reason("signal-reason-missing")], []


def _consent(asked: Asked, facts: Facts, terms: PurposeTerms) -> tuple[list[Reason], list[Withheld]]:
    consent = facts.consent
    if consent is None:
        return [Reason("consent-required")], []
    if consent.status != "active":
        return [Reason(_CONSENT_STATUS.get(consent.status, "consent-required"))], []
    if facts.now >= consent.expires_at:
        return [Reason("consent-expired")], []
    if not consent.terms or consent.terms != terms.digest:
        return [Reason("consent-outdated")], []
    if consent.max_uses is not None and _reached(consent.max_uses, consent.uses, facts.repeat):
        return [Reason("consent-used-up")], []
    return _choice(asked, consent)


def _choice(asked: Asked, consent: ConsentFacts) -> tuple[list[Reason], list[Withheld]]:
    # Who granted nothing has not opened the record: a permit of no field would still tell that there is one.
    known = consent.fields | consent.offered if consent.fields else NOTHING
    missing = outside(asked.fields, known)
    if missing:
        return [Reason("field-not-consented", missing)], []
    unchosen = held_back(asked.fields, consent.fields, consent.offered)
    return [], [Withheld(name, "not-chosen-by-person") for name in unchosen]


def _notified(facts: Facts, terms: PurposeTerms) -> Iterator[Reason]:
    if facts.notice is None or facts.notice.given_at > facts.now:
        yield Reason("notice-required")
    elif not terms.notice_version or facts.notice.version != terms.notice_version:
        yield Reason("notice-outdated")


def _explicit(request: ExplicitRequest | OwnRequest | None, facts: Facts, terms: PurposeTerms) -> Iterator[Reason]:
    if isinstance(request, OwnRequest) and not _blank(request.issuer):
        if facts.request_used:
            yield Reason("explicit-request-used")
    elif not isinstance(request, ExplicitRequest) or _blank(request.channel) or _blank(request.reference):
        yield Reason("explicit-request-required")
        return
    days = terms.explicit_request_days
    if days < 1 or not facts.now - days * _DAY <= request.requested_at <= facts.now + _SKEW:
        yield Reason("explicit-request-stale")
