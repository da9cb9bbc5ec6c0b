"""Properties of `decide` and `both` over generated facts, of which at least a fifth permit."""

from collections import Counter
from dataclasses import replace

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from gateway.policy import REASONS, Permit, PurposeTerms, Refusal, both, decide
from tests.policy.examples import DAY, NOW, World, change, codes, permit
from tests.policy.leaves import chosen_leaves, leaves
from tests.policy.strategies import consents, field_sets, right_worlds, worlds

quick = settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
)
permitted_worlds = (right_worlds() | worlds()).filter(lambda world: not codes(world))


def terms_of(world: World) -> PurposeTerms | None:
    """The terms that the permit stands on; None for a person's look at their own record."""
    asked, facts = world
    return facts.agreement.purposes[asked.purpose] if facts.agreement and not asked.by_person else None


def test_at_least_a_fifth_of_the_generated_facts_permit() -> None:
    seen: Counter[str] = Counter()
    met: Counter[str] = Counter()

    @settings(quick, max_examples=2_000)
    @given(worlds())
    def draw(world: World) -> None:
        found = codes(world)
        terms = terms_of(world) if not found else None
        seen["refused" if found else f"permitted, signal {terms.signal}" if terms else "permitted, own record"] += 1
        met.update(found)

    draw()
    share = 1 - seen["refused"] / seen.total()
    print(f"{seen.total()} worlds drawn, {share:.0%} permit: {dict(seen)}; {len(met)} codes met")
    assert seen.total() >= 2_000
    assert 0.2 <= share <= 0.8
    for permitted in ("signal consent", "signal notified", "signal explicit-request", "signal none", "own record"):
        assert seen["permitted, " + permitted] >= 20
    assert len(met) >= 25, "the wrong ones are wrong in few ways"


@quick
@given(permitted_worlds)
def test_a_permit_never_holds_a_field_outside_agreement_choice_and_request(world: World) -> None:
    asked, facts = world
    released = leaves(permit(world).fields)
    terms = terms_of(world)
    assert released <= leaves(asked.fields)
    if terms is None:
        return
    assert facts.agreement is not None
    assert released <= leaves(facts.agreement.fields)
    if terms.signal == "consent":
        assert facts.consent is not None
        assert released <= chosen_leaves(facts.consent.fields, facts.consent.offered)


@quick
@given(permitted_worlds)
def test_withheld_and_permitted_are_together_what_was_asked_and_nothing_is_both(world: World) -> None:
    asked, _ = world
    verdict = permit(world)
    withheld = {item.field for item in verdict.withheld}
    assert withheld | verdict.fields == asked.fields
    assert len(withheld) == len(verdict.withheld)
    for name in withheld:
        steps = name.split(".")
        assert not verdict.fields & {".".join(steps[:depth]) for depth in range(1, len(steps) + 1)}


@quick
@given(permitted_worlds)
def test_nothing_is_withheld_unless_a_consent_left_it_out(world: World) -> None:
    terms = terms_of(world)
    verdict = permit(world)
    if terms is None or terms.signal != "consent":
        assert not verdict.withheld
        return
    consent = world[1].consent
    assert consent is not None
    for item in verdict.withheld:
        assert leaves([item.field]) & leaves(consent.offered)


@quick
@given(field_sets, field_sets)
def test_both_holds_exactly_the_leaves_of_both(first: frozenset[str], second: frozenset[str]) -> None:
    assert leaves(both(Permit(first), Permit(second)).fields) == leaves(first) & leaves(second)


@st.composite
def permitted_twice(draw: st.DrawFn) -> tuple[World, World]:
    """The same asking, permitted before and after the person changed the choice."""
    world = draw(permitted_worlds)
    return world, change(world, "consent", draw(consents(world[0].fields)))


@quick
@given(permitted_twice())
def test_both_of_two_permits_parts_what_was_asked_and_holds_to_the_later_right(pair: tuple[World, World]) -> None:
    assume(not codes(pair[1]))
    first, second = permit(pair[0]), permit(pair[1])
    joint = both(first, second)
    withheld = {item.field for item in joint.withheld}
    assert joint.fields | withheld == pair[0][0].fields
    assert not joint.fields & withheld
    assert leaves(joint.fields) == leaves(first.fields) & leaves(second.fields)
    assert (joint.agreement_id, joint.consent_id) == (second.agreement_id, second.consent_id)


@quick
@given(worlds())
def test_article_6_1_a_is_permitted_with_the_signal_consent_only(world: World) -> None:
    """And with a consent that is there: every other signal is refused, whatever else holds."""
    asked, facts = world
    assume(facts.agreement is not None and asked.purpose in facts.agreement.purposes and not asked.by_person)
    assume(facts.dataset is not None and terms_of(world) is not None)
    terms = terms_of(world)
    assume(terms is not None and terms.authority is not None)
    under = change(world, "authority.lawful_basis", "6(1)(a)")
    terms = terms_of(under)
    assert terms is not None
    if terms.signal != "consent":
        assert codes(under)
    if not codes(under):
        assert codes(change(under, "consent", None)) == ["consent-required"]


@quick
@given(permitted_worlds)
def test_the_signal_consent_goes_with_any_lawful_basis(world: World) -> None:
    terms = terms_of(world)
    assume(terms is not None and terms.signal == "consent")
    for basis in ("6(1)(a)", "6(1)(b)", "6(1)(c)", "6(1)(d)", "6(1)(e)", "6(1)(ea)", "6(1)(f)"):
        assert permit(change(world, "authority.lawful_basis", basis)) == permit(world)


@quick
@given(worlds(), st.integers(0, 400 * DAY), st.integers(1, 400 * DAY))
def test_what_has_expired_never_permits_later(world: World, later: int, further: int) -> None:
    asked, facts = world
    first = codes((asked, replace(facts, now=NOW + later)))
    then = codes((asked, replace(facts, now=NOW + later + further)))
    for code in ("consent-expired", "agreement-expired"):
        if code in first:
            assert code in then


@quick
@given(permitted_worlds, st.integers(0, 100 * DAY))
def test_a_permit_given_later_was_given_before_every_end(world: World, later: int) -> None:
    asked, facts = world[0], replace(world[1], now=NOW + later)
    if codes((asked, facts)):
        return
    terms = terms_of(world)
    if terms is None:
        return
    assert facts.agreement is not None
    assert facts.agreement.valid_from <= facts.now < facts.agreement.valid_until
    if terms.signal == "consent":
        assert facts.consent is not None
        assert facts.now < facts.consent.expires_at
    if terms.signal == "explicit-request":
        assert asked.explicit_request is not None
        assert facts.now - asked.explicit_request.requested_at <= terms.explicit_request_days * DAY


@quick
@given(worlds())
def test_a_refusal_has_reasons_of_the_table_and_the_same_facts_give_the_same_verdict(world: World) -> None:
    verdict = decide(*world)
    assert decide(*world) == verdict
    if isinstance(verdict, Refusal):
        assert verdict.reasons
        assert len({reason.code for reason in verdict.reasons}) == len(verdict.reasons)
        assert all(reason.code in REASONS and reason.of.code == reason.code for reason in verdict.reasons)
        assert all(set(reason.fields) <= world[0].fields for reason in verdict.reasons)


@quick
@given(permitted_worlds, field_sets)
def test_asking_for_less_never_releases_more(world: World, asked: frozenset[str]) -> None:
    less = world[0].fields & asked
    assume(less)
    assert permit(change(world, "asked.fields", less)).fields == permit(world).fields & less
