"""Money: a decimal string and a currency, never a float."""

from typing import Annotated

from pydantic import Field

from schemas.base import WireModel

Amount = Annotated[
    str,
    Field(pattern=r"^-?(0|[1-9][0-9]{0,11})\.[0-9]{2}$", description="Decimal amount with two places", strict=True),
]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217 code", strict=True)]


class Money(WireModel):
    """An amount of money. Both members are optional, as all members of a record are."""

    amount: Amount | None = None
    currency: Currency | None = None
