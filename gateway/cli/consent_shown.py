"""A person's consents, a block each at the terminal's width: what was asked, for what, and what became of it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gateway.cli.counting import count
from gateway.cli.terminal import hanging, printable, rows

_NAMES: Final = 11  # columns of the longest name of a row


def whole(consents: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """All that is known of each. A consent is one as the API shows it, with the agencies' names as `consumerName` and
    `providerName`, the dataset's as `datasetTitle`, whom to ask as `contact`, and what its agreement says as
    `purposeInWords`, `controllers`, `retention` and `onwardUse`."""
    for number, consent in enumerate(consents):
        if number:
            yield ""
        yield from _block(
            consent, [*_asked(consent, minute(consent["requestedAt"])), *_why(consent), *_uses(consent)]
        )


def short(consent: Mapping[str, Any]) -> Iterator[str]:
    """What was decided, and about what."""
    return _block(consent, [*_asked(consent), *_uses(consent)])


def brief(consent: Mapping[str, Any]) -> Iterator[str]:
    """The id, who asked, and for what: enough to tell it from others."""
    yield from hanging(f"  {consent['id']}  ", printable(consent["consumerName"]))
    what = f"{consent['datasetTitle']}: {', '.join(consent['requiredFields'])}, for {consent['purpose']}"
    yield from hanging("    ", printable(what))


def _block(consent: Mapping[str, Any], named: Sequence[tuple[str, str]]) -> Iterator[str]:
    yield from hanging(f"{consent['id']}  ", _standing(consent))
    yield from rows([(name, printable(text)) for name, text in named if text], _NAMES)


def _standing(consent: Mapping[str, Any]) -> str:
    """Its status, and since when or until when."""
    status = str(consent["status"])
    if status == "requested":
        return f"requested, decide by {minute(consent['decideBy'])}"
    if status == "active":
        return "used up" if used_up(consent) else f"active until {minute(consent['expiresAt'])}"
    if status == "expired" and consent["decidedAt"] is None:
        return "expired, never answered"
    since = {"declined": "decidedAt", "revoked": "revokedAt", "expired": "expiresAt"}.get(status)
    return f"{status} {minute(consent[since])}" if since else status


def _asked(consent: Mapping[str, Any], when: str = "") -> Iterator[tuple[str, str]]:
    yield "asked by", f"{consent['consumerName']} ({consent['consumer']})" + (f", {when}" if when else "")
    yield "asked for", f"{consent['datasetTitle']} of {consent['providerName']} ({consent['dataset']})"
    yield "fields", ", ".join(consent["requiredFields"])
    yield "optional", _optional(consent)


def _optional(consent: Mapping[str, Any]) -> str:
    offered, chosen = consent["optionalFields"], consent["chosenFields"]
    if consent["decidedAt"] is None or consent["status"] == "declined":
        return ", ".join(offered)
    left_out = [field for field in offered if field not in chosen]
    said = (f"{', '.join(some)} ({word})" for some, word in ((chosen, "allowed"), (left_out, "not allowed")) if some)
    return "; ".join(said)


def _why(consent: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What for, by which law, who answers for it and what becomes of it: to be known before one decides."""
    law = f"under {consent['legalPower']} ({consent['purpose']})"
    words = consent["purposeInWords"].rstrip(". ")
    yield "purpose", f"{words}, {law}" if words else law
    yield "responsible", "; ".join(consent["controllers"])
    yield "kept", consent["retention"]
    yield "passed on", consent["onwardUse"]
    yield "questions", consent["contact"]


def _uses(consent: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    most, done = consent["maxUses"], consent["uses"]
    if consent["status"] == "requested":
        yield "if granted", f"for {count(consent['validDays'], 'day')}, {_uses_in_words(most)}"
    if consent["decidedAt"] is None or consent["status"] == "declined":
        return
    said = f"used {done} of {count(most, 'time')}" if most is not None else f"used {count(done, 'time')}"
    if not done:
        said = f"for {_uses_in_words(most)}"
    over = ": nothing more is released" if used_up(consent) else ""
    yield "granted", f"{minute(consent['decidedAt'])}, {said}{over}"


def used_up(consent: Mapping[str, Any]) -> bool:
    """Whether it is active by name only: it covers no further release."""
    most = consent["maxUses"]
    return consent["status"] == "active" and most is not None and consent["uses"] >= most


def _uses_in_words(most: int | None) -> str:
    return "any number of uses" if most is None else "one use" if most == 1 else f"{most} uses"


def minute(moment: str) -> str:
    """ISO 8601 in UTC, to the minute."""
    return f"{moment[:16].replace('T', ' ')} UTC"
