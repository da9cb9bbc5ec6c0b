"""Identifiers come out in one form, and what is none is refused without being repeated."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nhs_number.constants import REGION_SYNTHETIC
from nhs_number.generate import generate

from schemas.api.subject import Identifier
from schemas.identifiers import SCHEMES, InvalidIdentifier, looks_like_identifier, normalise

SHAPES = [
    ("nhs-number", "9990000018", ["999 000 0018", "999-000-0018", "  9990000018\t", "999\u00a0000\u00a00018"]),
    ("nino", "ZZ123456A", ["zz123456a", "ZZ 12 34 56 A", "zz-12-34-56-a"]),
    ("nino", "AB123456C", ["ab 123456 c"]),
    ("nino", "QQ123456C", ["QQ 12 34 56 C"]),
    ("uprn", "999900000104", ["00999900000104", " 999900000104 "]),
    ("uprn", "7", ["000000000007"]),
    ("postcode", "ZZ1 2AB", ["zz12ab", "ZZ1  2AB", " zz1 2ab", "ZZ12AB"]),
    ("postcode", "EC1A 1BB", ["ec1a1bb"]),
    ("postcode", "GIR 0AA", ["gir0aa"]),
    ("driving-licence-number", "SANDB804010A99AA", ["sandb 804010 a99aa", "SANDB804010A99AA 35"]),
    ("driving-licence-number", "LI999657054SM9IJ", ["LI999 657054 SM9IJ"]),
]
WRONG = [
    ("nhs-number", "9990000019", "check digit"),
    ("nhs-number", "999000001", "length"),
    ("nhs-number", "99900000181", "length"),
    ("nhs-number", "999000001O", "characters"),
    ("nhs-number", "٩٩٩٠٠٠٠٠١٨", "characters"),
    ("nhs-number", "9990000010", "check digit"),
    ("nino", "ZZ12345A", "length"),
    ("nino", "ZZ123456E", "form"),
    ("nino", "Z1123456A", "form"),
    ("nino", "DA123456A", "prefix"),
    ("nino", "AO123456A", "prefix"),
    ("nino", "GB123456A", "prefix"),
    ("nino", "QA123456A", "prefix"),
    ("uprn", "0", "length"),
    ("uprn", "1234567890123", "length"),
    ("uprn", "12a", "characters"),
    ("postcode", "ZZ1 2CI", "form"),
    ("postcode", "1ZZ 2AB", "form"),
    ("postcode", "Z1", "length"),
    ("driving-licence-number", "SANDB813010A99AA", "form"),
    ("driving-licence-number", "SANDB804320A99AA", "form"),
    ("driving-licence-number", "SANDB804010A99A", "length"),
]


@pytest.mark.parametrize(("scheme", "canonical", "shapes"), SHAPES)
def test_every_shape_of_a_value_comes_out_as_one(scheme: str, canonical: str, shapes: list[str]) -> None:
    for shape in [canonical, *shapes]:
        assert normalise(scheme, shape) == canonical


@pytest.mark.parametrize(("scheme", "value", "reason"), WRONG)
def test_a_wrong_value_is_refused_with_its_reason_and_never_repeated(scheme: str, value: str, reason: str) -> None:
    with pytest.raises(InvalidIdentifier, match=reason) as caught:
        normalise(scheme, value)
    assert caught.value.reason.startswith(reason)
    if len(value) > 4:
        assert value not in str(caught.value)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("value", ["", "   ", "x" * 41, "\0", "é"])
def test_nonsense_is_refused_by_every_scheme(scheme: str, value: str) -> None:
    with pytest.raises(InvalidIdentifier):
        normalise(scheme, value)


def test_an_unknown_scheme_is_refused_without_repeating_it() -> None:
    with pytest.raises(InvalidIdentifier) as caught:
        normalise("ZZ123456A", "ZZ123456A")
    assert "ZZ123456A" not in str(caught.value)


@given(st.sampled_from(list(SCHEMES)), st.text(max_size=45))
def test_normalising_twice_changes_nothing(scheme: str, value: str) -> None:
    try:
        once = normalise(scheme, value)
    except InvalidIdentifier:
        return
    assert normalise(scheme, once) == once


@given(
    st.from_regex(r"[A-Z]{2}[0-9]{6}[A-D]", fullmatch=True),
    st.sampled_from(["{}", " {} ", "{}\n"]),
)
def test_the_short_way_for_canonical_values_agrees_with_the_long_way(nino: str, shape: str) -> None:
    def outcome(value: str) -> str:
        try:
            return normalise("nino", value)
        except InvalidIdentifier as error:
            return error.reason

    assert outcome(shape.format(nino)) == outcome(nino.lower())


def test_synthetic_nhs_numbers_of_the_library_are_accepted() -> None:
    for number in generate(for_region=REGION_SYNTHETIC, quantity=200):
        assert normalise("nhs-number", number) == number


@pytest.mark.parametrize(
    "text",
    [
        "ZZ123456A",
        "zz-12-34-56-a",
        "9990000018",
        "999-000-0018",
        "999900000104",
        "1234567890",
        "case-AB123456C",
        "case.9990000018",
        "SANDB804010A99AA",
        "ZZ1-2AB",
    ],
)
def test_a_reference_that_is_or_holds_an_identifier_is_recognised(text: str) -> None:
    assert looks_like_identifier(text)


@pytest.mark.parametrize(
    "text",
    [
        "BB-2026-0001",
        "case-1",
        "12345",
        "20261124",
        "a.jones",
        "worker_17",
        "0190f3c2-7a3b-7c3e-8a2b-1234567890ab",
        "ticket-1764000000",
        "x" * 64,
        "",
    ],
)
def test_an_ordinary_reference_is_let_through(text: str) -> None:
    assert not looks_like_identifier(text)


def test_the_wire_takes_every_scheme_and_reads_each_value_as_its_canonical_form() -> None:
    assert get_args(Identifier.model_fields["scheme"].annotation) == tuple(SCHEMES)
    assert Identifier(scheme="nino", value="zz 12 34 56 a").value == "ZZ123456A"
