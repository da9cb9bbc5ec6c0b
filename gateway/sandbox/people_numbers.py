"""Numbers that no real person can hold, each valid in its form.

NHS numbers come from the 999 range, set aside for synthetic data (NHS Digital, "Synthetic NHS numbers"); NINOs have
the prefix ZZ, never allocated (HMRC manual NIM39110); driver numbers begin with SANDB, as the family names do.
"""

from collections.abc import Iterator
from datetime import date
from itertools import count
from string import ascii_uppercase

from nhs_number.validate import calculate_checksum


def nhs_numbers() -> Iterator[str]:
    """All valid numbers from 999 000 0018 on."""
    for serial in count(1):
        body = f"999{serial:06d}"
        check = calculate_checksum(body)
        if check is not None and check < 10:  # a body whose check digit comes out as 10 is never used
            yield f"{body}{check}"


def nino(serial: int) -> str:
    """A NINO that cannot be issued."""
    return f"ZZ{(serial * 7919 + 104_729) % 1_000_000:06d}{'ABCD'[serial % 4]}"


def driver_number(given_names: str, born: date, female: bool, serial: int) -> str:
    """A driver number of DVLA's form; the last two letters make it unique."""
    initials = "".join(word[0] for word in given_names.split()[:2]).upper()
    initials = "".join(letter if letter in ascii_uppercase else "X" for letter in initials).ljust(2, "9")
    month = born.month + (50 if female else 0)
    tail = ascii_uppercase[serial // 26 % 26] + ascii_uppercase[serial % 26]
    year = f"{born.year:04d}"
    return f"SANDB{year[2]}{month:02d}{born.day:02d}{year[3]}{initials}9{tail}"
