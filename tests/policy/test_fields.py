"""Field paths: what covers what, against the naive meaning over concrete leaves."""

import pytest
from hypothesis import given

from gateway.policy import covered, overlap
from gateway.policy.fields import chosen
from tests.policy.leaves import LEAVES, chosen_leaves, leaves
from tests.policy.strategies import field_sets
from tests.policy.test_generated_facts import quick

MALFORMED = ["", ".", "..", "address.", ".address", "address..line", "address.line.", ".address.line"]


@pytest.mark.parametrize("path", MALFORMED)
def test_a_path_with_an_empty_name_is_covered_by_nothing_not_even_itself(path: str) -> None:
    assert not covered(path, {"address", path})
    assert overlap(frozenset([path]), frozenset({"address", path})) == frozenset()


@pytest.mark.parametrize("allowed", MALFORMED)
def test_a_malformed_allowance_allows_nothing(allowed: str) -> None:
    assert not any(covered(path, {allowed}) for path in ("address", "address.line", "line"))
    assert overlap(frozenset({"address", "address.line"}), frozenset({allowed})) == frozenset()


def test_a_name_selects_its_subtree_and_no_name_that_begins_alike() -> None:
    assert covered("address", {"address"})
    assert covered("address.uprn.value", {"address"})
    assert covered("address.uprn.value", {"address.uprn"})
    assert not covered("addressLine", {"address"})
    assert not covered("address", {"addressLine"})
    assert not covered("address", {"address.line"})
    assert not covered("line", {"address.line"})
    assert not covered("Address", {"address"})
    assert chosen("address", {"address"}, {"addressLine"})


@pytest.mark.parametrize("wildcard", ["*", "address.*", "**", "address.%", "address.line ", "address[0].line"])
def test_there_are_no_wildcards(wildcard: str) -> None:
    assert not covered("address.line", {wildcard})
    assert not covered(wildcard, {"address.line"})


@quick
@given(field_sets, field_sets)
def test_covered_and_overlap_mean_subtrees(paths: frozenset[str], allowed: frozenset[str]) -> None:
    for leaf in LEAVES:
        assert covered(".".join(leaf), allowed) == (leaf in leaves(allowed))
    assert leaves(overlap(paths, allowed)) == leaves(paths) & leaves(allowed)


@quick
@given(field_sets, field_sets)
def test_what_counts_as_chosen_was_let_go_leaf_by_leaf(granted: frozenset[str], unchosen: frozenset[str]) -> None:
    for leaf in LEAVES:
        assert chosen(".".join(leaf), granted, unchosen) == (leaf in chosen_leaves(granted, unchosen))
    for path in granted | unchosen:
        if chosen(path, granted, unchosen):
            assert leaves([path]) <= chosen_leaves(granted, unchosen)
