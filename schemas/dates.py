"""Dates on the wire: `Day`, a full date, and `PartialDate`, what a register knows of a day and no more.

Partial dates are EDTF level 0 (ISO 8601-2): "1980", "1980-04" or "1980-04-01". Registers of birth often know only
a year; to fill in the first of January would be a statement that nobody made.
"""

import re
from calendar import monthrange
from datetime import date
from typing import Annotated, Any, Final, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

_FORM: Final = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?", re.ASCII)
# Days up to the 28th are in every month: such a date needs no look at the calendar.
_PLAIN: Final = re.compile(r"(?!0000)[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|1[0-9]|2[0-8]))?)?")
_PATTERN: Final = "^[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?$"


class InvalidDate(ValueError):
    """Not a partial date. The message never holds the value."""


class PartialDate(str):
    """A day, a month or a year of the calendar, as text of its canonical form.

    Being text, it is JSON-ready and compares by `==`. `matches` tells whether two may be the same day.
    """

    __slots__ = ()

    def __new__(cls, value: str) -> Self:
        """Raises `InvalidDate`."""
        if _PLAIN.fullmatch(value):
            return super().__new__(cls, value)
        found = _FORM.fullmatch(value)
        if found is None:
            raise InvalidDate("a date is written YYYY, YYYY-MM or YYYY-MM-DD")
        year, month, day = found.groups()
        if year == "0000" or (month and not 1 <= int(month) <= 12):
            raise InvalidDate("there is no such month")
        if day and not 1 <= int(day) <= monthrange(int(year), int(month))[1]:
            raise InvalidDate("there is no such day")
        return super().__new__(cls, value)

    def matches(self, other: str) -> bool:
        """Whether both say the same in every part that both know: "1980" matches "1980-04-01".

        Raises `InvalidDate` where `other` is no partial date.
        """
        theirs = other if isinstance(other, PartialDate) else PartialDate(other)
        known = min(len(self), len(theirs))
        return self[:known] == theirs[:known]

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_after_validator_function(
            cls,
            core_schema.str_schema(strict=True, max_length=10),
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": _PATTERN,
            "title": "Partial date",
            "description": "YYYY, YYYY-MM or YYYY-MM-DD: as much as the register knows.",
        }


class _DayForm:
    """Pydantic's own date takes times and Unix timestamps too (`"1704067200"`): a record may hold neither.

    The form is looked at first and the calendar second, both in pydantic-core, so that Python data and JSON are held
    to the same rule and a hot path pays no call into Python.
    """

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        text = core_schema.chain_schema(
            [
                core_schema.str_schema(strict=True, pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$"),
                core_schema.date_schema(strict=False),
            ]
        )
        # The instance check keeps JSON out of the second choice, and the strict date keeps datetimes out.
        instance = core_schema.chain_schema(
            [core_schema.is_instance_schema(date), core_schema.date_schema(strict=True)]
        )
        return core_schema.union_schema(
            [text, instance],
            mode="left_to_right",
            custom_error_type="day",
            custom_error_message="a date is written YYYY-MM-DD and is a day of the calendar",
            serialization=core_schema.simple_ser_schema("date"),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "format": "date"}


Day = Annotated[date, _DayForm]
"""A full date, `YYYY-MM-DD` (ISO 8601) and nothing else; from Python also a `datetime.date`."""
