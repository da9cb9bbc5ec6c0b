"""Money: exact, in pounds and pence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from schemas.money import Money


@given(st.integers(min_value=-(10**13), max_value=10**13))
def test_pence_come_out_exactly(pence: int) -> None:
    amount = Money.of_pence(pence).amount
    assert amount is not None
    assert int(amount.replace(".", "")) == pence
    assert amount[-3] == "."


@pytest.mark.parametrize("amount", ["1", "1.2", "1.234", "01.20", ".20", "1,000.00", "1e3", "NaN", 1.2, 1])
def test_what_is_not_a_decimal_of_two_places_is_refused(amount: object) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": amount, "currency": "GBP"})
