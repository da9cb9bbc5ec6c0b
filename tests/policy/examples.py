"""One asking that permits under each signal, and the ways to change one fact of it."""

from dataclasses import replace
from typing import Any

from gateway.policy import (
    AgreementFacts,
    Asked,
    ConsentFacts,
    DatasetFacts,
    ExplicitRequest,
    Facts,
    LegalAuthority,
    NoticeFacts,
    OwnRequest,
    PartyFacts,
    Permit,
    PurposeTerms,
    Refusal,
    Usage,
    decide,
)

World = tuple[Asked, Facts]

NOW = 1_800_000_000_000_000
HOUR = 3_600_000_000
DAY = 24 * HOUR
DATASET = "sandbox.licensing/driving-licence/v1"
PURPOSE = "blue-badge-eligibility"

AUTHORITY = LegalAuthority(
    legal_power="Road Traffic Act 1988 s 88",
    lawful_basis="6(1)(e)",
    article9_condition="9(2)(g)",
    article10_authority="DPA 2018 Sch 1 para 6",
    confidentiality_basis="statutory gateway",
)
TERMS = {
    "consent": PurposeTerms(AUTHORITY, "consent", needs_confidentiality_basis=True, digest="terms-3"),
    "notified": PurposeTerms(AUTHORITY, "notified", notice_version="2026-04", needs_confidentiality_basis=True),
    "explicit-request": PurposeTerms(
        AUTHORITY, "explicit-request", explicit_request_days=30, needs_confidentiality_basis=True
    ),
    "none": PurposeTerms(
        AUTHORITY, "none", signal_reason="would defeat the inquiry", needs_confidentiality_basis=True
    ),
}


def permitted(signal: str = "consent") -> World:
    """An agency's asking in which every key turns."""
    asked = Asked(
        DATASET,
        PURPOSE,
        frozenset({"validUntil", "holder.name"}),
        "sandbox.council",
        explicit_request=ExplicitRequest(NOW - DAY, "phone", "call-17"),
    )
    facts = Facts(
        now=NOW,
        parties=PartyFacts("active", "active", "active"),
        dataset=DatasetFacts(
            DATASET,
            "offered",
            show_to_subject=True,
            fields=frozenset({"validUntil", "holder", "holder.name", "holder.nino", "categories"}),
        ),
        agreement=AgreementFacts(
            "agreement-1",
            3,
            "in-force",
            NOW - DAY,
            NOW + DAY,
            {PURPOSE: TERMS[signal]},
            frozenset({"validUntil", "holder"}),
            per_minute=10,
            per_day=100,
        ),
        usage=Usage(in_minute=9, in_day=99, minute_free_at=NOW + 7, day_free_at=NOW + HOUR),
        consent=ConsentFacts(
            "consent-1", "active", frozenset({"validUntil", "holder.name"}), frozenset(), NOW + DAY, 2, 3, "terms-3"
        ),
        notice=NoticeFacts("2026-04", NOW - DAY),
        confirmation_locked_until=0,
        request_used=False,
    )
    return asked, facts


def by_person() -> World:
    """A person's look at their own record; no agreement stands behind it."""
    asked, facts = permitted()
    return replace(asked, by_person=True), replace(facts, agreement=None, usage=None, consent=None, notice=None)


def change(world: World, path: str, value: Any) -> World:
    """The world with one fact changed: `asked.purpose`, `dataset.status`, `terms.signal`, `authority.legal_power`…"""
    asked, facts = world
    head, _, name = path.rpartition(".")
    if head == "asked":
        return replace(asked, **{name: value}), facts
    if head == "own_request":
        assert isinstance(asked.explicit_request, OwnRequest)
        return replace(asked, explicit_request=replace(asked.explicit_request, **{name: value})), facts
    if head in ("terms", "authority"):
        assert facts.agreement is not None
        terms = facts.agreement.purposes[asked.purpose]
        if head == "authority":
            assert terms.authority is not None
            name, value = "authority", replace(terms.authority, **{name: value})
        purposes = {**facts.agreement.purposes, asked.purpose: replace(terms, **{name: value})}
        return change(world, "agreement.purposes", purposes)
    if head:
        name, value = head, replace(getattr(facts, head), **{name: value})
    return asked, replace(facts, **{name: value})


def changed(signal: str = "consent", /, **facts: Any) -> World:
    """`permitted(signal)` with facts changed; a double underscore stands for the dot."""
    world = permitted(signal)
    for path, value in facts.items():
        world = change(world, path.replace("__", "."), value)
    return world


def codes(world: World) -> list[str]:
    """The codes of the refusal; empty for a permit."""
    verdict = decide(*world)
    return [reason.code for reason in verdict.reasons] if isinstance(verdict, Refusal) else []


def permit(world: World) -> Permit:
    """The permit, or a failure that names the reasons."""
    verdict = decide(*world)
    assert isinstance(verdict, Permit), codes(world)
    return verdict
