"""Identifiers of people and places: one canonical form for each, whatever shape an agency keeps it in.

scheme                    canonical form      source
nhs-number                `9990000018`        NHS Data Dictionary, NHS NUMBER (modulus 11); library `nhs-number`
nino                      `ZZ123456A`         HMRC manual NIM39110
uprn                      `999900000001`      BS 7666; GeoPlace: up to 12 digits, no leading zeros
postcode                  `ZZ1 2AB`           Royal Mail PAF; GOV.UK design system, "Addresses"
driving-licence-number    `SANDB804011A99ZZ`  DVLA driver number, 16 characters, Great Britain

Numbers that nobody can hold are accepted, since sandboxes and tests live on them: NHS numbers of the 999 range
(set aside for synthetic data), and NINOs with the prefixes `ZZ` (never allocated, NIM39110) and `QQ` (Q is
never used; HMRC's own examples carry it). All other letter rules of NIM39110 hold.

Errors: `InvalidIdentifier` says what is wrong and never holds the value.
"""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Final

from nhs_number.validate import calculate_checksum, is_valid
from pydantic import AfterValidator, Strict, WithJsonSchema

_LONGEST: Final = 40  # characters: room for separators, far below what could make a pattern slow
_SEPARATORS: Final = re.compile(r"[\s\-]+")
_DIGIT: Final = re.compile(r"[0-9]")
_PARTS: Final = re.compile(r"[._\-\s]+")
_NINO_FORM: Final = re.compile(r"[A-Z]{2}[0-9]{6}[A-D]")
_NINO: Final = re.compile(
    r"(?:(?!BG|GB|KN|NK|NT|TN)[A-CEGHJ-PR-TW-Y][A-CEGHJ-NPR-TW-Z]|Z[A-CEGHJ-NPR-TW-Z]|QQ)[0-9]{6}[A-D]"
)
_UPRN: Final = re.compile(r"[1-9][0-9]{0,11}")
# The inward letters C I K M O V are never used.
_POSTCODE: Final = re.compile(r"(?:GIR 0AA|[A-Z]{1,2}[0-9][0-9A-Z]? [0-9][ABD-HJLNP-UW-Z]{2})")
# Surname filled up with 9, decade, month (with 50 added for a woman), day, year, initials, and DVLA's own three.
_DRIVER: Final = re.compile(
    r"(?=.{16}$)[A-Z]{1,5}9{0,4}[0-9](?:[05][1-9]|[16][0-2])(?:0[1-9]|[12][0-9]|3[01])[0-9](?:[A-Z][A-Z9]|99)"
    r"[A-Z0-9][A-Z]{2}"
)
_DRIVER_LENGTH: Final = 16
# What is in its canonical form already, as most values are, is recognised by one match.
_CANONICAL: Final = {"nino": _NINO, "uprn": _UPRN, "postcode": _POSTCODE, "driving-licence-number": _DRIVER}


class InvalidIdentifier(ValueError):
    """A value is not of its scheme. `reason` says why; neither it nor the message holds the value."""

    def __init__(self, scheme: str, reason: str) -> None:
        super().__init__(f"not a valid {scheme}: {reason}" if scheme in SCHEMES else reason)
        self.scheme = scheme
        self.reason = reason


def normalise(scheme: str, value: str) -> str:
    """The canonical form of an identifier. Raises `InvalidIdentifier`, for an unknown scheme too."""
    form = SCHEMES.get(scheme)
    if form is None:
        raise InvalidIdentifier("", "the scheme is not one of " + ", ".join(SCHEMES))
    if not isinstance(value, str):
        raise InvalidIdentifier(scheme, "it is not text")
    canonical = _CANONICAL.get(scheme)
    if canonical is not None and canonical.fullmatch(value):
        return value
    if len(value) > _LONGEST:
        raise InvalidIdentifier(scheme, f"length: more than {_LONGEST} characters")
    compact = _SEPARATORS.sub("", value).upper()
    if not compact:
        raise InvalidIdentifier(scheme, "length: it is empty")
    if not compact.isascii():  # other scripts have digits too, which `isdigit` and `\d` would take
        raise InvalidIdentifier(scheme, "characters: only unaccented letters and digits 0 to 9 are used")
    return form(compact)


def _is(scheme: str, text: str) -> bool:
    try:
        normalise(scheme, text)
    except InvalidIdentifier:
        return False
    return True


def looks_like_identifier(text: str) -> bool:
    """Whether a reference is, or holds as one of its parts, the identifier of a person or of a home.

    For `caseReference`, `actingUser` and `Idempotency-Key`, which travel into logs. Digits alone count as a UPRN, or
    as a mistyped NHS number, from 10 digits on: shorter numbers are case numbers far more often.
    """
    if _DIGIT.search(text) is None:  # each of the schemes has one
        return False
    parts = [part for part in _PARTS.split(text) if part]
    whole = "".join(parts)
    if len(whole) > _LONGEST:
        return any(_personal(part) for part in parts)
    if whole.isdigit() and 10 <= len(whole) <= 12:
        return True
    if 5 <= len(whole) <= 7 and _is("postcode", whole):
        return True
    return _personal(whole) or any(_personal(part) for part in parts)


def _personal(text: str) -> bool:
    length = len(text)
    if length == 9:
        return _is("nino", text)
    if length == 10:
        return _is("nhs-number", text)
    return length in (_DRIVER_LENGTH, _DRIVER_LENGTH + 2) and _is("driving-licence-number", text)


def _nhs_number(compact: str) -> str:
    if not compact.isdigit():
        raise InvalidIdentifier("nhs-number", "characters: an NHS number has digits only")
    if len(compact) != 10:
        raise InvalidIdentifier("nhs-number", "length: an NHS number has 10 digits")
    if is_valid(compact):
        return compact
    if calculate_checksum(compact[:9]) != int(compact[9]):
        raise InvalidIdentifier("nhs-number", "check digit: the last digit does not fit the nine before it")
    raise InvalidIdentifier("nhs-number", "prefix: its first six digits are of the Scottish range and no date")


def _nino(compact: str) -> str:
    if len(compact) != 9:
        raise InvalidIdentifier("nino", "length: a National Insurance number has 9 characters")
    if not _NINO_FORM.fullmatch(compact):
        raise InvalidIdentifier("nino", "form: two letters, six digits and a letter A to D are expected")
    if not _NINO.fullmatch(compact):
        raise InvalidIdentifier("nino", "prefix: its first two letters are never used")
    return compact


def _uprn(compact: str) -> str:
    if not compact.isdigit():
        raise InvalidIdentifier("uprn", "characters: a UPRN has digits only")
    digits = compact.lstrip("0")
    if not 1 <= len(digits) <= 12:
        raise InvalidIdentifier("uprn", "length: a UPRN has 1 to 12 digits")
    return digits


def _postcode(compact: str) -> str:
    if not 5 <= len(compact) <= 7:
        raise InvalidIdentifier("postcode", "length: a postcode has 5 to 7 characters and a space")
    spaced = f"{compact[:-3]} {compact[-3:]}"
    if not _POSTCODE.fullmatch(spaced):
        raise InvalidIdentifier("postcode", "form: it does not have the form of a UK postcode")
    return spaced


def _driving_licence_number(compact: str) -> str:
    if len(compact) == _DRIVER_LENGTH + 2 and compact[-2:].isdigit():
        compact = compact[:_DRIVER_LENGTH]  # the card prints its issue number behind the driver number
    if len(compact) != _DRIVER_LENGTH:
        raise InvalidIdentifier("driving-licence-number", "length: a driver number has 16 characters")
    if not _DRIVER.fullmatch(compact):
        raise InvalidIdentifier("driving-licence-number", "form: it does not have the form of a driver number")
    return compact


SCHEMES: Final[Mapping[str, Callable[[str], str]]] = {
    "nhs-number": _nhs_number,
    "nino": _nino,
    "uprn": _uprn,
    "postcode": _postcode,
    "driving-licence-number": _driving_licence_number,
}


def _validator(scheme: str) -> AfterValidator:
    canonical = _CANONICAL.get(scheme)
    if canonical is None:
        return AfterValidator(lambda value: normalise(scheme, value))
    is_canonical = canonical.fullmatch  # most values are: one match, and no call of ours on a hot path
    return AfterValidator(lambda value: value if is_canonical(value) else normalise(scheme, value))


NhsNumber = Annotated[
    str,
    Strict(),
    _validator("nhs-number"),
    WithJsonSchema({"type": "string", "pattern": "^[0-9]{10}$", "title": "NHS number"}),
]
Nino = Annotated[
    str,
    Strict(),
    _validator("nino"),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{2}[0-9]{6}[A-D]$", "title": "National Insurance number"}),
]
Uprn = Annotated[
    str,
    Strict(),
    _validator("uprn"),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,11}$", "title": "Unique Property Reference Number"}),
]
Postcode = Annotated[
    str,
    Strict(),
    _validator("postcode"),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z]{1,3}[0-9A-Z]{0,3} [0-9][A-Z]{2}$", "title": "Postcode"}),
]
DrivingLicenceNumber = Annotated[
    str,
    Strict(),
    _validator("driving-licence-number"),
    WithJsonSchema({"type": "string", "pattern": "^[A-Z0-9]{16}$", "title": "Driver number"}),
]
