"""The fast RFC 8785 encoder, held to the `rfc8785` library."""

from typing import Any

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ledger.canonical import canonical

_TEXT = st.text(st.characters(codec="utf-8"))
_NAMES = st.text(st.characters(max_codepoint=127))
_VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | _TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(_NAMES, inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(_NAMES, _VALUES))
def test_it_writes_exactly_what_the_library_writes(event: dict[str, Any]) -> None:
    assert canonical(event) == rfc8785.dumps(event)


def test_every_control_character_and_escape_is_written_as_the_library_writes_it() -> None:
    event = {"all": "".join(map(chr, range(0x80))) + "\u2028\u2029\ufeff\U0001f511é"}
    assert canonical(event) == rfc8785.dumps(event)


def test_names_outside_ascii_are_refused_where_the_two_orders_differ() -> None:
    event = {"\ufb33": 1, "\U0001f600": 2}  # RFC 8785, section 3.2.3: by UTF-16 the second comes first
    assert rfc8785.dumps(event).decode().index("\U0001f600") < rfc8785.dumps(event).decode().index("\ufb33")
    with pytest.raises(TypeError, match="ASCII"):
        canonical(event)


@pytest.mark.parametrize("value", [1.0, float("nan"), b"x", {1}, object(), {1: 2}, {"é": 1}, [[{"a": 0.5}]]])
def test_what_an_event_may_not_hold_is_refused_at_any_depth(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical({"a": [value]})


@pytest.mark.parametrize("number", [2**53, -(2**53)])
def test_integers_beyond_those_of_rfc_8785_are_refused(number: int) -> None:
    with pytest.raises(ValueError, match="integers"):
        canonical({"a": {"b": number}})


def test_a_lone_surrogate_is_no_event() -> None:
    with pytest.raises(ValueError, match="surrogate"):
        canonical({"a": "\ud800"})
