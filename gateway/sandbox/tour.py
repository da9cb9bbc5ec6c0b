"""What a newcomer is shown: one-line commands, each with the status and outcome to expect. A test runs them all."""

import json
import shlex
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.sandbox import world
from gateway.sandbox.layout import Layout
from gateway.sandbox.people import Person
from gateway.sandbox.people_facts import NO_CONSENT


@dataclass(frozen=True, slots=True)
class Step:
    """One command. `expect` is what stands in its output: a status and an outcome or a code."""

    what: str
    command: str
    expect: tuple[str, ...]


def threekeys() -> str:
    """The command by which this very installation is called."""
    beside = Path(sys.executable).parent / "threekeys"
    return shlex.quote(str(beside)) if beside.exists() else f"{shlex.quote(sys.executable)} -m gateway.cli"


def fresh_face(people: Sequence[Person], never_asked: Collection[str]) -> Person:
    """Whom the tour asks for consent: Bryn, and once he was asked, somebody without fame who was not.

    So the tour can be done again on a demo that kept what was. Once all have been asked it is Bryn again.
    """
    unknown = [person for person in people if person.handle.startswith("person-") and person.nino and person.licence]
    bryn = next(person for person in people if person.handle == "bryn")
    for person in (bryn, *unknown):
        if person.handle in never_asked and set(person.traits) == {NO_CONSENT}:
            return person
    return bryn


def tour(layout: Layout, people: Sequence[Person], newcomer: Person) -> list[Step]:
    """The commands, in the order to try them; `newcomer` has never been asked for consent."""
    amara = next(person for person in people if person.handle == "amara")
    name, handle = newcomer.given_names.split()[0], newcomer.handle
    tool, folder = threekeys(), shlex.quote(str(layout.folder))
    export = shlex.quote(str(layout.folder / "ledger.jsonl"))
    fields = ["status", "validUntil", "categories"]
    ask_newcomer = _curl(layout, "/v1/exchanges", _licence(newcomer, fields))
    consent = {k: v for k, v in _licence(newcomer, fields).items() if k != "fields"}
    consent |= {"fields": fields, "optionalFields": ["address.postcode"]}
    return [
        Step("An exchange that succeeds: Amara has consented.",
             _curl(layout, "/v1/exchanges", _licence(amara, fields)), ("201", '"outcome":"released"')),
        Step(f"The dry decision about {name}, who was never asked.",
             _curl(layout, "/v1/decisions", _licence(newcomer, fields)),
             ("200", '"permitted":false', "consent-required")),
        Step("The exchange itself: refused for want of the person's key.", ask_newcomer, ("403", "consent-required")),
        Step(f"So ask {name}.", _curl(layout, "/v1/consent-requests", consent), ("201", '"status":"requested"')),
        Step(f"{name} grants it (the sandbox stands in for the sign-in).",
             f"{tool} consent grant --as {handle} --sandbox {folder}", ("active",)),
        Step("The same exchange succeeds now.", ask_newcomer, ("201", '"outcome":"released"')),
        Step("Refused by the agreement: it does not cover endorsements.",
             _curl(layout, "/v1/exchanges", _licence(amara, ["endorsements"])), ("403", "field-not-in-agreement")),
        Step(f"{name} revokes.", f"{tool} consent revoke --as {handle} --sandbox {folder}", ("revoked",)),
        Step("And nothing more is released.", ask_newcomer, ("403", "consent-revoked")),
        Step("The ledger proves it all: export it, and recompute it offline.",
             f"{tool} ledger export --config {shlex.quote(str(layout.configuration))} {export}"
             f" && {tool} ledger verify {export}", ("verified",)),
    ]  # fmt: skip


def _licence(person: Person, fields: list[str]) -> dict[str, Any]:
    return {
        "dataset": world.LICENCES,
        "purpose": "blue-badge-eligibility",
        "subject": {"identifiers": [{"scheme": "nino", "value": person.nino}]},
        "fields": fields,
    }


def _curl(layout: Layout, path: str, body: dict[str, Any]) -> str:
    data = shlex.quote(json.dumps(body, separators=(",", ":")))
    url = layout.connector_url + path
    return f"curl -s -w '\\n%{{http_code}}\\n' {url} -H 'Content-Type: application/json' -d {data}"


def show(layout: Layout, steps: Sequence[Step]) -> str:
    """The text that the demo prints once it is ready."""
    lines = [
        "",
        "Threekeys is ready. Every name, number and agency here is made up.",
        f"  gateway    {layout.base_url}        API reference: {layout.base_url}/docs",
        f"  connector  {layout.connector_url}        plain HTTP in, signed requests out",
        "",
        "Try this in another terminal, in this order. Steps 2 to 9 are one person's story (but for 7, which is",
        "Amara's), to be told once: the next start tells it of somebody else, whom nobody has asked yet.",
    ]
    for number, step in enumerate(steps, 1):
        lines += ["", f"{number:2}. {step.what}  → {' '.join(step.expect)}", f"    {step.command}"]
    lines += ["", "Ctrl-C stops everything.", ""]
    return "\n".join(lines)
