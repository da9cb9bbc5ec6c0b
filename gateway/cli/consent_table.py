"""A person's consents as a table of at most 100 columns: what was asked, for what, when, and what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any, Final

_WIDTHS: Final = (36, 30, 28)  # an id has 36; with the gaps, 98 in all
_HEAD: Final = ("CONSENT", "ASKED BY, OF WHOM, FOR WHAT", "FIELDS")


def table(consents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Its lines. A consent is one as the API shows it, with the agencies' names as `consumerName` and
    `providerName`, whom to ask as `contact`, and what its agreement says as `purposeInWords`, `controllers`,
    `retention` and `onwardUse`."""
    yield _line(_HEAD)
    for consent in consents:
        yield ""
        for row in zip_longest(*map(_cell, _columns(consent), _WIDTHS), fillvalue=""):
            yield _line(row)


def _columns(consent: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    return (
        [consent["id"], "used up" if used_up(consent) else consent["status"], *_moments(consent)],
        [
            f"{consent['consumerName']} ({consent['consumer']})",
            f"← {consent['providerName']}: {consent['dataset']}",
            f"{consent['purpose']}:",
            consent["purposeInWords"],
            f"under {consent['legalPower']}",
            *_terms(consent),
        ],
        [*consent["requiredFields"], *(_optional(consent, field) for field in consent["optionalFields"])],
    )


def _terms(consent: Mapping[str, Any]) -> Iterator[str]:
    """Who answers for it, and what becomes of it: what the person has to know before they decide."""
    if consent["controllers"]:
        yield f"responsible: {'; '.join(consent['controllers'])}"
    if consent["retention"]:
        yield f"kept: {consent['retention']}"
    if consent["onwardUse"]:
        yield f"passed on: {consent['onwardUse']}"
    if consent["contact"]:
        yield f"questions: {consent['contact']}"


def _moments(consent: Mapping[str, Any]) -> Iterator[str]:
    yield f"asked {minute(consent['requestedAt'])}"
    if consent["status"] == "requested":
        yield f"decide by {minute(consent['decideBy'])}"
        yield f"for {_counted(consent['validDays'], 'day')} once granted, {uses_in_words(consent)}"
    if consent["decidedAt"]:
        yield f"{'declined' if consent['status'] == 'declined' else 'granted'} {minute(consent['decidedAt'])}"
    if consent["expiresAt"]:
        yield f"valid until {minute(consent['expiresAt'])}"
    if consent["revokedAt"]:
        yield f"revoked {minute(consent['revokedAt'])}"
    if consent["decidedAt"] and consent["status"] != "declined":
        yield from _uses(consent)


def _uses(consent: Mapping[str, Any]) -> Iterator[str]:
    most, done = consent["maxUses"], consent["uses"]
    if most is not None:
        yield f"used {done} of {_counted(most, 'time')}" + (": nothing more is released" if done >= most else "")
    elif done:
        yield f"used {_counted(done, 'time')}"


def used_up(consent: Mapping[str, Any]) -> bool:
    """Whether it is active by name only: it covers no further release."""
    most = consent["maxUses"]
    return consent["status"] == "active" and most is not None and consent["uses"] >= most


def uses_in_words(consent: Mapping[str, Any]) -> str:
    """For how many releases it is."""
    most = consent["maxUses"]
    return "any number of uses" if most is None else "one use" if most == 1 else f"{most} uses"


def _counted(number: int, of: str) -> str:
    return f"{number} {of}" if number == 1 else f"{number} {of}s"


def _optional(consent: Mapping[str, Any], field: str) -> str:
    if consent["status"] == "requested":
        return f"{field} (optional)"
    return f"{field} (optional, {'chosen' if field in consent['chosenFields'] else 'not chosen'})"


def minute(moment: str) -> str:
    """ISO 8601, to the minute, UTC."""
    return moment[:16].replace("T", " ")


def _cell(paragraphs: Sequence[str], width: int) -> list[str]:
    return [line for paragraph in paragraphs for line in wrap(paragraph, width, subsequent_indent="  ")]


def _line(cells: Sequence[str]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
