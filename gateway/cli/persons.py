"""`person request` and `person forget`: what a person asks of an agency, and of the operator."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.counting import count
from gateway.cli.options import DEFAULT_CONFIG, DEFAULT_SANDBOX, As, Config, Sandbox
from gateway.settings import ConfigurationError, load

app = typer.Typer(no_args_is_help=True)


@app.command()
def request(
    person: As,
    client: Annotated[str, typer.Option(help="The client that the person turns to; no other can show it.")],
    sandbox: Sandbox = DEFAULT_SANDBOX,
) -> None:
    """Print a token by which a person of the sandbox asks this client for an exchange: `explicitRequest.personToken`.

    It opens one exchange, within ten minutes, about that person; nobody signs in by it.
    """
    from gateway.sandbox.person import explicit_request

    print(explicit_request(sandbox, person, client))


@app.command()
def forget(
    source: Annotated[
        Path | None, typer.Option("--from", help="A file of identifiers, `nino ZZ…` a line; else standard input.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Delete; without it, only show what would be.")] = False,
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Forget whoever is known by these identifiers, for good: openings, index, consents, notices, pseudonyms.

    Live consents are revoked first. The ledger's commitments stay, and all other proofs still verify.
    """
    from gateway.clock import SystemClock
    from gateway.db.open import open_store
    from gateway.exchange.forgetting import ForgetPerson, Forgotten, OnlyShown
    from gateway.signing.pseudonyms import PseudonymKeys
    from gateway.subjects.pseudonym import pseudonyms

    settings = load(config)
    identifiers = _identifiers(_lines(source))
    keys = PseudonymKeys(settings.keys)
    keys.refresh()
    intent = ForgetPerson(pseudonyms(keys, identifiers), show=not yes)

    async def run() -> Forgotten:
        store = open_store(settings.database, SystemClock(), busy_timeout=settings.busy_timeout)
        try:
            return await store.commit(intent)
        except OnlyShown as shown:
            return shown.what
        finally:
            await store.aclose()

    found = asyncio.run(run())
    if found == Forgotten():
        raise ConfigurationError("nobody is known by these identifiers; nothing was deleted")
    print("deleted:" if yes else "this would be deleted, for good:")
    print(f"  {count(found.identifiers, 'pseudonym')}, and what they lead to:")
    print(f"  {count(found.exchanges, 'exchange')} in the index of who looked")
    asked = count(found.attempts, "exchange or dry decision", "exchanges and dry decisions")
    print(f"  {asked} that were asked before anybody was known by these")
    print(f"  {count(found.openings, 'opening')} of ledger entries (the commitments stay)")
    print(f"  {count(found.consents, 'ended consent')}, {count(found.notices, 'notice')}")
    live = count(found.revoked, "live or unanswered consent")
    print(f"{'revoked' if yes else 'and revoked'}: {live}")
    if not yes:
        print("nothing was deleted yet: repeat it with --yes")


def _lines(source: Path | None) -> list[str]:
    if source is None:
        return sys.stdin.read().splitlines()
    try:
        return source.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError(f"{source} cannot be read") from None


def _identifiers(lines: Iterable[str]) -> dict[str, str]:
    """Scheme -> normalised value. No fault repeats a value."""
    from schemas.identifiers import InvalidIdentifier, normalise

    found: dict[str, str] = {}
    faults = []
    for number, line in enumerate(lines, 1):
        scheme, _, value = line.strip().partition(" ")
        if not scheme or scheme.startswith("#"):
            continue
        try:
            normal = normalise(scheme, value)
        except InvalidIdentifier as error:
            faults.append(f"line {number}: {error.reason}")
            continue
        if found.setdefault(scheme, normal) != normal:
            faults.append(f"line {number}: a second identifier of one scheme; forget one person at a time")
    if faults:
        raise ConfigurationError("\n".join(faults))
    if not found:
        raise ConfigurationError("no identifier was given: a line each, the scheme and then the value")
    return found
