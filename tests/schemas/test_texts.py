"""Free texts: no control characters, whatever the script; agency ids as they are registered."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.api.agreements import AgencyId, Sentence
from schemas.api.subject import Confirm

SENTENCE: TypeAdapter[str] = TypeAdapter(Sentence)
AGENCY: TypeAdapter[str] = TypeAdapter(AgencyId)
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: f"U+{ord(control):04X}")
def test_no_control_character_stands_in_a_text(control: str) -> None:
    for text in (f"{control}A title", f"A {control}title", f"A title{control}"):
        with pytest.raises(ValidationError):
            SENTENCE.validate_python(text)
    for given in ({"familyName": f"Te{control}st"}, {"postcode": f"ZZ1{control}2AB"}):
        with pytest.raises(ValidationError):
            Confirm.model_validate(given)


@pytest.mark.parametrize(
    "text", ["Road Traffic Act 1988, s. 88 — “who”", "Deddf yr Iaith Gymraeg ŵ", "\u00a0abc", "中文字"]
)
def test_letters_and_signs_of_any_script_do(text: str) -> None:
    assert SENTENCE.validate_python(text) == text


@pytest.mark.parametrize("agency", ["a", "a" * 100, "sandbox.council", "a--b.c", ".".join("ab" for _ in range(33))])
def test_an_agency_is_named_as_it_can_be_registered(agency: str) -> None:
    assert AGENCY.validate_python(agency) == agency


@pytest.mark.parametrize("agency", ["", "a" * 101, "A", "a.", "-a", "a..b", "a_b", "a\n"])
def test_no_other_name_is_an_agency(agency: Any) -> None:
    with pytest.raises(ValidationError):
        AGENCY.validate_python(agency)
