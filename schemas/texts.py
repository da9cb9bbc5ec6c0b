"""Free text on the wire: what a person writes for people, and no control characters (general category Cc).

They have no place in a line of text, can hide what is written from whoever reads it on a terminal, and U+0000
cannot be stored by PostgreSQL.
"""

from collections.abc import Mapping
from typing import Final

WITHOUT_CONTROLS: Final = r"^[^\x00-\x1F\x7F-\x9F]*$"
"""A pattern for `Field`: it reads alike in pydantic-core and in JSON Schema (ECMA 262)."""

WORDS: Final[Mapping[str, str]] = {
    WITHOUT_CONTROLS: "text without control characters is expected",
    r"^[A-Za-z0-9._-]{1,64}$": "1 to 64 of the characters A-Z a-z 0-9 . _ - are expected, and no blank",
    r"^[a-z0-9]+(-[a-z0-9]+)*$": "small letters, digits and single hyphens are expected, such as blue-badge",
    r"^[a-z][A-Za-z0-9]*(\.[a-z][A-Za-z0-9]*){0,7}$": (
        "the dotted name of a field is expected, such as holder.familyName: a name stands for all below it, there "
        "are no wildcards, and GET /v1/record-types shows which there are"
    ),
    r"^[a-z0-9]+([.-][a-z0-9]+)*/[a-z0-9]+(-[a-z0-9]+)*/v[0-9]+$": (
        "agency/name/version is expected, such as sandbox.licensing/driving-licence/v1"
    ),
    r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$": (
        "the id of an agency is expected, such as sandbox.licensing"
    ),
    r"^[0-9a-f]{64}$": "64 hexadecimal digits in small letters are expected",
    r"^6\(1\)\((a|b|c|d|e|ea|f)\)$": "6(1) and the letter of UK GDPR Art 6(1) are expected, such as 6(1)(e)",
}
"""What a pattern asks for, in words: for whoever sent something else."""
