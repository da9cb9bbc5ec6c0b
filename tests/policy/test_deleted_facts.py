"""Deleting any needed fact from a permit refuses: each fact in turn goes back to its default, or is left out."""

from collections import Counter
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any

from hypothesis import given, settings

from gateway.policy import (
    AgreementFacts,
    Asked,
    ConsentFacts,
    DatasetFacts,
    ExplicitRequest,
    Facts,
    LegalAuthority,
    OwnRequest,
    PartyFacts,
    PurposeTerms,
)
from tests.policy.examples import DAY, NOW, World, change, codes
from tests.policy.leaves import leaves
from tests.policy.test_generated_facts import permitted_worlds, quick, terms_of

Needed = Callable[[World], bool]

CLASSES: dict[str, type] = {
    "asked": Asked,
    "": Facts,
    "parties": PartyFacts,
    "dataset": DatasetFacts,
    "agreement": AgreementFacts,
    "terms": PurposeTerms,
    "authority": LegalAuthority,
    "own_request": OwnRequest,
    "consent": ConsentFacts,
}


def always(world: World) -> bool:
    return True


def by_agency(world: World) -> bool:
    return not world[0].by_person


def by_the_person(world: World) -> bool:
    return world[0].by_person


def counted(world: World) -> bool:
    return by_agency(world) and not world[1].repeat


def signal(name: str) -> Needed:
    def needed(world: World) -> bool:
        terms = terms_of(world)
        return terms is not None and terms.signal == name

    return needed


def asked_in_person(world: World) -> bool:
    return signal("explicit-request")(world) and isinstance(world[0].explicit_request, OwnRequest)


def special(world: World) -> bool:
    return by_agency(world) and bool(world[1].dataset and world[1].dataset.special_category)


def criminal(world: World) -> bool:
    return by_agency(world) and bool(world[1].dataset and world[1].dataset.criminal_offence)


def confidential(world: World) -> bool:
    terms = terms_of(world)
    return terms is not None and terms.needs_confidentiality_basis


def limited_uses(world: World) -> bool:
    consent = world[1].consent
    return signal("consent")(world) and bool(consent and consent.max_uses is not None) and not world[1].repeat


def rests_on_offer(world: World) -> bool:
    """A field asked for was never granted, only offered: without the offer, the person was not even asked."""
    consent = world[1].consent
    return signal("consent")(world) and bool(consent and leaves(world[0].fields) - leaves(consent.fields))


def lacks(name: str) -> Needed:
    """The dataset is said not to hold such data, and the authority or the terms answer for none."""

    def needed(world: World) -> bool:
        terms = terms_of(world)
        return terms is not None and not (getattr(terms.authority, name) or "").strip()

    return needed


NEEDED: dict[str, Needed] = {
    "asked.fields": always,
    "asked.purpose": by_agency,
    "asked.explicit_request": signal("explicit-request"),
    "parties": always,
    "parties.client": by_agency,
    "parties.consumer": by_agency,
    "parties.provider": always,
    "dataset": always,
    "dataset.status": always,
    "dataset.fields": always,
    "dataset.special_category": lacks("article9_condition"),
    "dataset.criminal_offence": lacks("article10_authority"),
    "dataset.show_to_subject": by_the_person,
    "agreement": by_agency,
    "agreement.status": by_agency,
    "agreement.valid_from": by_agency,
    "agreement.valid_until": by_agency,
    "agreement.purposes": by_agency,
    "agreement.fields": by_agency,
    "agreement.per_minute": by_agency,
    "agreement.per_day": by_agency,
    "terms.authority": by_agency,
    "terms.signal": by_agency,
    "terms.signal_reason": signal("none"),
    "terms.notice_version": signal("notified"),
    "terms.explicit_request_days": signal("explicit-request"),
    "terms.digest": signal("consent"),
    "terms.needs_confidentiality_basis": lacks("confidentiality_basis"),
    "authority.legal_power": by_agency,
    "authority.lawful_basis": by_agency,
    "authority.article9_condition": special,
    "authority.article10_authority": criminal,
    "authority.confidentiality_basis": confidential,
    "usage": counted,
    "consent": signal("consent"),
    "consent.status": signal("consent"),
    "consent.fields": signal("consent"),
    "consent.offered": rests_on_offer,
    "consent.expires_at": signal("consent"),
    "consent.uses": limited_uses,
    "consent.terms": signal("consent"),
    "notice": signal("notified"),
    "confirmation_locked_until": always,
    "request_used": asked_in_person,
    "own_request.same_person": asked_in_person,
}
"""When the permit stands on this fact. Whatever is not listed here must be listed below, with its cause."""

NEVER_NEEDED = {
    "asked.by_person": "left out, an agency asks: more keys are needed, and a person's look has no agreement",
    "consent.max_uses": "a restriction and no support: left out, the person set none",
    "repeat": "left out, the use is counted",
}


def default(path: str) -> Any:
    """What the fact is when nobody gives it: its default, or nothing of its kind."""
    head, _, name = path.rpartition(".")
    found: Field[Any] = next(f for f in fields(CLASSES[head]) if f.name == name)
    if found.default is not MISSING:
        return found.default
    if found.default_factory is not MISSING:
        return found.default_factory()
    return {"fields": frozenset(), "purpose": ""}[name]


def test_deleting_any_needed_fact_from_a_permit_refuses() -> None:
    deleted: Counter[str] = Counter()

    @settings(quick, max_examples=300)
    @given(permitted_worlds)
    def draw(world: World) -> None:
        for path in NEEDED:
            if NEEDED[path](world):
                assert codes(change(world, path, default(path))), path
                deleted[path] += 1

    draw()
    print(f"{deleted.total()} deletions, each refused; the rarest: {deleted.most_common()[-3:]}")
    assert set(deleted) == set(NEEDED), "some fact was needed by no permit drawn"


@quick
@given(permitted_worlds)
def test_what_must_be_given_has_no_value_that_permits_when_it_is_empty(world: World) -> None:
    """Facts without a default: ids, times and counts, set to what a careless gatherer might put there."""
    assert codes(change(world, "dataset.id", ""))
    assert codes(change(world, "asked.dataset", ""))
    if signal("notified")(world):
        assert codes(change(world, "notice.version", ""))
        assert codes(change(world, "notice.given_at", NOW + 1))
    if signal("explicit-request")(world):
        assert world[0].explicit_request is not None
        for request in (
            ExplicitRequest(NOW - DAY, "", "r"),
            ExplicitRequest(NOW - DAY, "c", ""),
            ExplicitRequest(0, "c", "r"),
            OwnRequest(NOW - DAY, "", same_person=True),
            OwnRequest(0, "https://sign-in.example", same_person=True),
        ):
            assert codes(change(world, "asked.explicit_request", request))


def test_every_fact_with_a_default_is_needed_by_some_permit_or_says_why_not() -> None:
    with_default = {
        f"{head}.{f.name}".lstrip(".")
        for head, of in CLASSES.items()
        for f in fields(of)
        if f.default is not MISSING or f.default_factory is not MISSING
    }
    assert with_default <= set(NEEDED) | set(NEVER_NEEDED)
