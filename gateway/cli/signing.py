"""What is about to be signed, shown to whoever signs, and the question whether to."""

import sys
from collections.abc import Mapping
from typing import Any

import typer

from gateway.settings import ConfigurationError


def acceptance_shown(found: Mapping[str, Any], sha256: str, payload: bytes, client: str, kid: str) -> str:
    """An agreement's newest version, and the very bytes that an acceptance of it signs."""
    text = found["text"]
    rows = {
        "title": text["title"],
        "agreement": f"{found['id']}, version {found['version']}",
        "provider": f"{text['provider']}, of {text['dataset']}",
        "consumer": text["consumer"],
        "purposes": ", ".join(f"{one['code']} ({one['signal']})" for one in text["purposes"]),
        "fields": ", ".join(text["fields"]),
        "valid": f"{text['validFrom']} to {text['validUntil']}",
        "SHA-256 of the text": sha256,
        "signed": payload.decode(),
        "by": f"{client}, key {kid}",
    }
    return "\n".join(f"  {name:19}  {printable(value)}" for name, value in rows.items())


def ask_whether(question: str, yes: bool) -> None:
    """Return where the answer is yes. Raises `ConfigurationError` where it is no, or where nobody can be asked."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConfigurationError("nothing was signed: there is no terminal to ask at; --yes signs without asking")
    if not typer.confirm(question):
        raise ConfigurationError("nothing was signed")


def printable(text: str) -> str:
    """Another agency's words, without what could make a terminal show something else."""
    return "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in text)
