"""Free text on the wire: what a person writes for people, and no control characters (general category Cc).

They have no place in a line of text, can hide what is written from whoever reads it on a terminal, and U+0000
cannot be stored by PostgreSQL.
"""

from typing import Final

WITHOUT_CONTROLS: Final = r"^[^\x00-\x1F\x7F-\x9F]*$"
"""A pattern for `Field`: it reads alike in pydantic-core and in JSON Schema (ECMA 262)."""
