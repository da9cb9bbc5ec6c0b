"""`consent list|grant|decline|revoke --as PERSON`: over the same REST endpoints that a portal will use."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import DEFAULT_SANDBOX, As, AsJson, Sandbox

if TYPE_CHECKING:
    from gateway.sandbox.person import StandIn
app = typer.Typer(no_args_is_help=True)
Id = Annotated[str | None, typer.Argument(help="The consent's id; not needed where there is only one it can be.")]


@app.command("list")
def listing(
    person: As,
    as_json: AsJson = False,
    sandbox: Sandbox = DEFAULT_SANDBOX,
) -> None:
    """All that this person was asked, and what became of it."""
    from gateway.cli.consent_table import table

    with _sign_in(sandbox, person) as someone:
        agreements, agencies = someone.agreements(), someone.agencies()
        consents = [
            {
                **one,
                "consumerName": agencies[one["consumer"]]["name"],
                "providerName": agencies[one["provider"]]["name"],
                "contact": agencies[one["consumer"]]["contact"],
                **_terms(agreements.get(one["agreement"], {}), one["purpose"]),
            }
            for one in someone.consents()
        ]
    if as_json:
        print(json.dumps(consents, indent=1, ensure_ascii=False))
    elif consents:
        print("\n".join(table(consents)))
        if any(one["status"] == "requested" for one in consents):
            print(f"\nDecide: threekeys consent grant {_as(person, sandbox)} CONSENT, or decline.")
        if any(one["status"] in ("requested", "active") for one in consents):
            print(f"Take back what is granted, at any time: threekeys consent revoke {_as(person, sandbox)} CONSENT")
    else:
        print("nobody has asked this person for consent")


def _terms(agreement: dict[str, Any], purpose: str) -> dict[str, Any]:
    """What the person agrees to besides the fields, in the agreement's words; empty where it is in force no more."""
    words = {one["code"]: one["description"] for one in agreement.get("purposes", ())}
    return {
        "purposeInWords": words.get(purpose, ""),
        "controllers": agreement.get("controllers", []),
        "retention": agreement.get("retention", ""),
        "onwardUse": agreement.get("onwardUse", ""),
    }


@app.command()
def grant(
    person: As,
    consent_id: Id = None,
    optional: Annotated[
        list[str] | None, typer.Option(help="An optional field to allow too; may be repeated.")
    ] = None,
    sandbox: Sandbox = DEFAULT_SANDBOX,
) -> None:
    """Grant what is asked for, and of the optional fields those named."""
    from gateway.cli.consent_table import minute, uses_in_words

    with _sign_in(sandbox, person) as someone:
        granted = someone.decide(someone.the("requested", consent_id), "grant", optional or [])
    _show(granted)
    print(f"    until {minute(granted['expiresAt'])}, {uses_in_words(granted)}")
    print(f"    taken back at any time by: threekeys consent revoke {_as(person, sandbox)} {granted['id']}")


@app.command()
def decline(person: As, consent_id: Id = None, sandbox: Sandbox = DEFAULT_SANDBOX) -> None:
    """Decline as a whole."""
    with _sign_in(sandbox, person) as someone:
        _show(someone.decide(someone.the("requested", consent_id), "decline", []))


@app.command()
def revoke(person: As, consent_id: Id = None, sandbox: Sandbox = DEFAULT_SANDBOX) -> None:
    """Revoke: once this returns, nothing more is released."""
    with _sign_in(sandbox, person) as someone:
        _show(someone.revoke(someone.the("active", consent_id)))


def _sign_in(sandbox: Path, person: str) -> "StandIn":
    from gateway.sandbox.person import StandIn

    return StandIn(sandbox, person)


def _as(person: str, sandbox: Path) -> str:
    """The options of a command for the same person."""
    folder = "" if sandbox == DEFAULT_SANDBOX else f" --sandbox {shlex.quote(str(sandbox))}"
    return f"--as {shlex.quote(person)}{folder}"


def _show(consent: dict[str, Any]) -> None:
    fields = ", ".join(consent["requiredFields"] + consent["chosenFields"])
    print(f"{consent['id']}  {consent['status']:9}  {consent['consumer']} ← {consent['dataset']}")
    print(f"    for {consent['purpose']}: {fields}")
