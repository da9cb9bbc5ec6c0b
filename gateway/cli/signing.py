"""What is about to be signed, shown to whoever signs, and the question whether to."""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import typer

from gateway.cli.terminal import printable, rows
from gateway.settings import ConfigurationError

_NAMES: Final = 19  # columns of the longest name of a row


def acceptance_shown(found: Mapping[str, Any], sha256: str, payload: bytes, client: str, kid: str) -> str:
    """An agreement's newest version with all its terms, and the very bytes that an acceptance of it signs, whole on
    one line; the terms go on below themselves at the terminal's width."""
    text = found["text"]
    terms = [
        ("title", text["title"]),
        ("agreement", f"{found['id']}, version {found['version']}"),
        ("provider", f"{text['provider']}, of {text['dataset']}"),
        ("consumer", text["consumer"]),
        *(row for one in text["purposes"] for row in _purpose(one)),
        ("fields", ", ".join(text["fields"])),
        ("limits", f"{text['limits']['perMinute']} a minute, {text['limits']['perDay']} a day"),
        ("controllers", "; ".join(text["controllers"])),
        ("retention", text["retention"]),
        ("onward use", text["onwardUse"]),
        ("DPIA", text["dpiaReference"]),
        ("valid", f"{text['validFrom']} to {text['validUntil']}"),
        ("SHA-256 of the text", sha256),
        ("signed", payload.decode()),
        ("by", f"{client}, key {kid}"),
    ]
    return "\n".join(rows([(name, printable(value)) for name, value in terms], _NAMES))


def _purpose(one: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """One purpose: what for, by which law, and what is asked of the person."""
    authority = one["authority"]
    yield "purpose", f"{one['code']} ({one['signal']}): {one['description']}"
    yield "", f"under {authority['legalPower']}; UK GDPR Art {authority['lawfulBasis']}"
    more = {
        "Art 9": authority.get("article9Condition"),
        "Art 10": authority.get("article10Authority"),
        "confidentiality": authority.get("confidentialityBasis"),
        "nothing is asked of the person, since": one.get("signalReason"),
        "notice": one.get("noticeVersion"),
    }
    yield from (("", f"{name}: {value}") for name, value in more.items() if value is not None)
    if one["signal"] == "explicit-request":
        yield "", f"the person's request may be {one['explicitRequestDays']} days old"


def ask_whether(question: str, yes: bool) -> None:
    """Return where the answer is yes. Raises `ConfigurationError` where it is no, or where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError("nothing was signed: there is no terminal to ask at; --yes signs without asking")
    if not typer.confirm(question):
        raise ConfigurationError("nothing was signed")
