"""Money: an amount has two places, and is never a float."""

import pytest
from pydantic import ValidationError

from schemas.money import Money


@pytest.mark.parametrize("amount", ["1", "1.2", "1.234", "01.20", ".20", "1,000.00", "1e3", "NaN", 1.2, 1])
def test_what_is_not_a_decimal_of_two_places_is_refused(amount: object) -> None:
    with pytest.raises(ValidationError):
        Money.model_validate({"amount": amount, "currency": "GBP"})
