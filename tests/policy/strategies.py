"""Generated askings and facts: a world drawn to be right, in which up to five facts are then put wrong."""

from itertools import combinations
from typing import Any

from hypothesis import strategies as st

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
    PurposeTerms,
    Usage,
)
from gateway.policy.facts import Signal
from tests.policy.examples import DATASET, DAY, HOUR, NOW, PURPOSE, World, change
from tests.policy.leaves import PATHS, leaves

_SETS = [frozenset(names) for size in range(4) for names in combinations(PATHS, size)]
field_sets = st.sampled_from(_SETS)
"""Any fields of the record type, none among them. One draw, and built once: that is what keeps the suite quick."""

_fields_agreed = st.sampled_from(_SETS[1:])
_signals: st.SearchStrategy[Signal | None] = st.sampled_from(
    ("consent", "consent", "consent", "notified", "explicit-request", "none")
)
_bases = st.sampled_from(("6(1)(c)", "6(1)(e)"))
_article_9 = st.sampled_from(("9(2)(g)", "9(2)(h)", None))
_article_10 = st.sampled_from(("DPA 2018 Sch 1 para 6", None))
_confidentiality = st.sampled_from(("statutory gateway", None))
_days = st.integers(1, 90)
_seldom = st.sampled_from((False,) * 5 + (True,))
_uses = st.sampled_from(((0, None), (5, None), (0, 1), (5, 6), (2, 9)))
_masks = st.integers(0, 7)
_coins = st.booleans()

WRONG: dict[str, tuple[Any, ...]] = {
    "parties.client": ("suspended", "Active", ""),
    "parties.consumer": ("suspended", "unknown"),
    "parties.provider": ("suspended", "active "),
    "dataset": (None,),
    "dataset.id": ("sandbox.council/council-tax/v1",),
    "dataset.status": ("withdrawn", "unknown"),
    "dataset.fields": (frozenset({"name"}), frozenset()),
    "dataset.show_to_subject": (False,),
    "asked.fields": (frozenset(), frozenset({"licence"}), frozenset({"name", "address", "addressLine"})),
    "asked.purpose": ("debt-recovery", ""),
    "asked.explicit_request": (
        None,
        ExplicitRequest(NOW - DAY, "", "call-17"),
        ExplicitRequest(NOW - 91 * DAY, "phone", "call-17"),
        ExplicitRequest(NOW + DAY, "phone", "call-17"),
        OwnRequest(NOW - DAY, "https://sign-in.example"),
        OwnRequest(NOW - DAY, "", same_person=True),
        OwnRequest(NOW - 91 * DAY, "https://sign-in.example", same_person=True),
    ),
    "agreement": (None,),
    "agreement.status": ("draft", "accepted", "suspended", "ended", "In-Force", "unknown"),
    "agreement.valid_from": (NOW + 1, NOW + DAY),
    "agreement.valid_until": (NOW, NOW - DAY),
    "agreement.purposes": ({}, {"fraud-inquiry": PurposeTerms()}),
    "agreement.fields": (frozenset({"name"}), frozenset({"address.line"}), frozenset()),
    "agreement.per_minute": (0,),
    "agreement.per_day": (0,),
    "terms.authority": (None,),
    "terms.signal": (None, "consent", "notified"),
    "terms.signal_reason": (None, " "),
    "terms.notice_version": (None, "1"),
    "terms.explicit_request_days": (0, -1),
    "terms.needs_confidentiality_basis": (True,),
    "terms.digest": ("", "terms-4"),
    "authority.legal_power": ("", " "),
    "authority.lawful_basis": ("", "6(1)(a)", "6(1)(z)", "consent"),
    "authority.article9_condition": (None, "", "9(2)(a)"),
    "authority.article10_authority": (None, ""),
    "authority.confidentiality_basis": (None, " "),
    "usage": (None, Usage(9, 9, NOW + 7, NOW + HOUR), Usage(0, 99, NOW + 7, NOW + HOUR)),
    "consent": (None,),
    "consent.status": ("requested", "declined", "revoked", "expired", "replaced", "Active"),
    "consent.fields": (frozenset({"name"}), frozenset()),
    "consent.offered": (frozenset(), frozenset({"address", "licence"})),
    "consent.expires_at": (NOW, NOW - DAY),
    "consent.max_uses": (0, 1),
    "consent.terms": ("", "terms-2"),
    "notice": (None, NoticeFacts("1", NOW - DAY), NoticeFacts("2", NOW + 1)),
    "confirmation_locked_until": (NOW + 1, NOW + DAY),
    "request_used": (True,),
}
"""What may be put wrong with a fact. Some does not refuse: it does not matter to the signal and the asking drawn."""


@st.composite
def right_worlds(draw: st.DrawFn) -> World:
    """Nearly every key there; which fields are agreed, asked for and chosen is left to chance."""
    agreed = draw(_fields_agreed)
    wanted = frozenset(path for path in draw(field_sets) if leaves([path]) <= leaves(agreed)) or agreed
    days = draw(_days)
    by_person = draw(_seldom)
    asked = Asked(
        DATASET,
        PURPOSE,
        wanted,
        "sandbox.council",
        by_person=by_person,
        explicit_request=OwnRequest(NOW - days * DAY, "https://sign-in.example", same_person=True)
        if draw(_coins)
        else ExplicitRequest(NOW - days * DAY, "phone", "call-17"),
    )
    authority = LegalAuthority(
        "Care Act 2014 s 9", draw(_bases), draw(_article_9), draw(_article_10), draw(_confidentiality)
    )
    terms = PurposeTerms(
        authority,
        draw(_signals),
        signal_reason="would defeat the inquiry",
        notice_version="2",
        explicit_request_days=days,
        needs_confidentiality_basis=bool(authority.confidentiality_basis) and draw(_coins),
        digest="terms-3",
    )
    special = bool(authority.article9_condition) and draw(_coins)
    criminal = bool(authority.article10_authority) and draw(_coins)
    facts = Facts(
        now=NOW,
        parties=PartyFacts("active", "active", "active"),
        dataset=DatasetFacts(
            DATASET, "offered", special, criminal, not (by_person and draw(_seldom)), frozenset(PATHS)
        ),
        agreement=AgreementFacts(
            "agreement-1",
            3,
            "in-force",
            NOW - draw(_days) * DAY,
            NOW + draw(_days) * DAY,
            {PURPOSE: terms, "fraud-inquiry": PurposeTerms()},
            agreed,
            per_minute=3,
            per_day=10,
        ),
        usage=Usage(2, 9, NOW + 7, NOW + HOUR),
        consent=draw(consents(wanted)),
        notice=NoticeFacts("2", NOW - DAY),
        confirmation_locked_until=0,
        repeat=draw(_seldom),
        request_used=False,
    )
    return asked, facts


@st.composite
def consents(draw: st.DrawFn, wanted: frozenset[str]) -> ConsentFacts:
    """An active consent in which each field asked for was granted, or on offer, or now and then neither."""
    mask = 7 if draw(_coins) else draw(_masks)
    part = frozenset(name for place, name in enumerate(sorted(wanted)) if mask >> place & 1)
    granted = part | draw(field_sets)
    offered = draw(field_sets) if draw(_seldom) else wanted - part
    uses, max_uses = draw(_uses)
    return ConsentFacts("consent-1", "active", granted, offered, NOW + draw(_days) * DAY, uses, max_uses, "terms-3")


_wrongs = st.lists(st.sampled_from([(path, value) for path, values in WRONG.items() for value in values]), max_size=5)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """An asking and its facts, right or wrong."""
    world = draw(right_worlds())
    for path, value in draw(_wrongs):
        if _has(world, path):
            world = change(world, path, value)
    return world


def _has(world: World, path: str) -> bool:
    """Whether the fact is still there, after those put wrong before it."""
    asked, facts = world
    head = path.rpartition(".")[0]
    if head in ("terms", "authority"):
        terms = facts.agreement.purposes.get(asked.purpose) if facts.agreement else None
        return terms is not None and (head == "terms" or terms.authority is not None)
    return head in ("", "asked") or getattr(facts, head) is not None
