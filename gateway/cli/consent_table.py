"""A person's consents as a table of at most 100 columns: what was asked, for what, when, and what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from textwrap import wrap
from typing import Any, Final

_WIDTHS: Final = (36, 30, 28)  # an id has 36; with the gaps, 98 in all
_HEAD: Final = ("CONSENT", "ASKED BY, OF WHOM, FOR WHAT", "FIELDS")


def table(consents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Its lines. A consent is one as the API shows it, with the agencies' names as `consumerName` and
    `providerName`, and what its agreement says as `purposeInWords`, `controllers`, `retention` and `onwardUse`."""
    yield _line(_HEAD)
    for consent in consents:
        yield ""
        for row in zip_longest(*map(_cell, _columns(consent), _WIDTHS), fillvalue=""):
            yield _line(row)


def _columns(consent: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    return (
        [consent["id"], consent["status"], *_moments(consent)],
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


def _moments(consent: Mapping[str, Any]) -> Iterator[str]:
    yield f"asked {_minute(consent['requestedAt'])}"
    if consent["status"] == "requested":
        days = consent["validDays"]
        yield f"for {days} day{'' if days == 1 else 's'} once granted"
    if consent["decidedAt"]:
        yield f"{'declined' if consent['status'] == 'declined' else 'granted'} {_minute(consent['decidedAt'])}"
    if consent["expiresAt"]:
        yield f"valid until {_minute(consent['expiresAt'])}"
    if consent["revokedAt"]:
        yield f"revoked {_minute(consent['revokedAt'])}"
    if consent["uses"]:
        yield f"used {consent['uses']} time{'' if consent['uses'] == 1 else 's'}"


def _optional(consent: Mapping[str, Any], field: str) -> str:
    if consent["status"] == "requested":
        return f"{field} (optional)"
    return f"{field} (optional, {'chosen' if field in consent['chosenFields'] else 'not chosen'})"


def _minute(moment: str) -> str:
    """ISO 8601, to the minute, UTC."""
    return moment[:16].replace("T", " ")


def _cell(paragraphs: Sequence[str], width: int) -> list[str]:
    return [line for paragraph in paragraphs for line in wrap(paragraph, width, subsequent_indent="  ")]


def _line(cells: Sequence[str]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)).rstrip()
