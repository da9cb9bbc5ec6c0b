"""People whose every value is a marker, and the search for any of them in whatever bytes a gateway leaves behind."""

import hashlib
import html
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import quote, quote_plus

from schemas.identifiers import InvalidIdentifier, normalise


@dataclass(frozen=True, slots=True)
class Canary:
    """A person. No value is anybody else's, nor found in anything but a leak."""

    number: int
    nino: str
    nhs_number: str
    family_name: str
    given_names: str
    born: str
    line: str
    licence: str

    def values(self) -> dict[str, str]:
        """What must be found nowhere, by what it is."""
        day = date.fromisoformat(self.born)
        return {
            "nino": self.nino,
            "nino as printed": " ".join(re.findall("..?", self.nino)),
            "nino in small letters": self.nino.lower(),
            "NHS number": self.nhs_number,
            "family name": self.family_name,
            "given names": self.given_names,
            "date of birth": self.born,
            "date of birth as printed": day.strftime("%d/%m/%Y"),
            "address": self.line,
            "licence number": self.licence,
        }

    def record(self) -> dict[str, object]:
        """What a source holds of them."""
        return {
            "licenceNumber": self.licence,
            "status": "valid",
            "validUntil": "2030-01-01",
            "holder": {
                "familyName": self.family_name,
                "givenNames": self.given_names,
                "dateOfBirth": self.born,
                "nino": self.nino,
            },
            "address": {"addressLine1": self.line},
        }


def canaries(many: int) -> list[Canary]:
    """So many people, from the thousands of numbers that cannot be issued."""
    numbers = _nhs_numbers()
    return [
        Canary(
            n,
            f"ZZ{600_000 + n:06d}{'ABCD'[n % 4]}",
            next(numbers),
            f"Kanarie-Zsófi{n:05d}q",
            f"Tweetybird{n:05d}x",
            (date(1900, 1, 1) + timedelta(days=n)).isoformat(),
            f"{10_000 + n} Canaryhouse Passage",
            f"CANRY{n // 676 % 10}01{1 + n % 28:02d}5A9A{_letter(n // 26)}{_letter(n)}",
        )
        for n in range(many)
    ]


def _letter(n: int) -> str:
    return chr(ord("A") + n % 26)


def _nhs_numbers() -> Iterator[str]:
    for n in range(1_000_000):
        for last in "0123456789":
            text = f"999{n:06d}{last}"
            try:
                yield normalise("nhs-number", text)
            except InvalidIdentifier:
                continue
            break


def _aligned(value: str, before: int) -> bytes:
    """The part of a text's Base64 that is the same whatever stands round it, with so many bytes before it."""
    data = value.encode()
    text = b64encode(bytes(before) + data)
    first = -(-before * 8 // 6)
    return text[first : (before + len(data)) * 8 // 6]


def _without_padding(value: str, before: int) -> bytes:
    return _aligned(value, before).replace(b"+", b"-").replace(b"/", b"_")


ENCODINGS: Mapping[str, Callable[[str], bytes]] = {
    "UTF-8": lambda v: v.encode(),
    "ISO 8859-1": lambda v: v.encode("latin-1"),
    "UTF-16 LE": lambda v: v.encode("utf-16-le"),
    "UTF-16 BE": lambda v: v.encode("utf-16-be"),
    "JSON": lambda v: json.dumps(v)[1:-1].encode(),
    "repr": lambda v: ascii(v)[1:-1].encode(),
    "HTML": lambda v: html.escape(v).encode(),
    "URL": lambda v: quote(v, safe="").encode(),
    "form": lambda v: quote_plus(v).encode(),
    "hex": lambda v: v.encode().hex().encode(),
    "HEX": lambda v: v.encode().hex().upper().encode(),
    "SHA-256 in hex": lambda v: hashlib.sha256(v.encode()).hexdigest().encode(),
    "MD5 in hex": lambda v: hashlib.md5(v.encode()).hexdigest().encode(),
    **{f"Base64, {n} before": lambda v, n=n: _aligned(v, n) for n in range(3)},  # type: ignore[misc]  # the usual n=n
    **{f"Base64url, {n} before": lambda v, n=n: _without_padding(v, n) for n in range(3)},  # type: ignore[misc]
}


@dataclass(frozen=True, slots=True)
class Leak:
    """A value that was found: whose, what, how it was written, and where. The value itself is not repeated."""

    number: int
    what: str
    encoding: str
    place: str


class Search:
    """Finds every value of these people in any encoding.

    The forms of one length are sought together: by one expression that admits each byte that any of them has at each
    place, and then by looking the candidate up.
    """

    def __init__(self, people: Iterable[Canary]) -> None:
        self._forms: dict[bytes, tuple[int, str, str]] = {}
        for one in people:
            for what, value in one.values().items():
                for name, encode in ENCODINGS.items():
                    try:
                        self._forms.setdefault(encode(value), (one.number, what, name))
                    except UnicodeEncodeError:
                        continue
        groups: dict[tuple[str, str, int], list[bytes]] = {}
        for form, (_, what, name) in self._forms.items():
            if len(form) >= 8:
                groups.setdefault((what, name, len(form)), []).append(form)
        self._digests = {form for form in self._forms if self._forms[form][2].endswith("in hex")}
        self._groups = [
            (re.compile(_expression(forms), re.DOTALL), length)
            for (_, name, length), forms in groups.items()
            if not name.endswith("in hex")
        ]

    def leaks(self, data: bytes, place: str) -> list[Leak]:
        """Every value that stands in these bytes."""
        found = set()
        for expression, length in self._groups:
            at = -1
            while (match := expression.search(data, at + 1)) is not None:
                at = match.start()
                form = data[at : at + length]
                if form in self._forms:
                    found.add(form)
        for match in re.finditer(rb"(?=([0-9a-f]{64}|[0-9a-f]{32}))", data):
            if match[1] in self._digests or match[1][:32] in self._digests:
                found.add(match[1] if match[1] in self._digests else match[1][:32])
        return [Leak(*self._forms[form], place) for form in sorted(found)]


def _expression(forms: list[bytes]) -> bytes:
    """One character class a place; a class of one is the byte itself, so that `re` can leap to it."""
    places = [sorted({form[n] for form in forms}) for n in range(len(forms[0]))]
    return b"".join(
        re.escape(bytes(place)) if len(place) == 1 else b"[" + b"".join(b"\\x%02x" % one for one in place) + b"]"
        for place in places
    )
