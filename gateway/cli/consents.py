"""`consent list|grant|decline|revoke --as PERSON`: over the same REST endpoints that a portal will use."""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import DEFAULT_SANDBOX, As, AsJson, Sandbox
from gateway.settings import ConfigurationError

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
    from gateway.cli.consent_shown import whole

    with _sign_in(sandbox, person) as someone:
        consents = _in_words(someone, someone.consents())
    if as_json:
        print(json.dumps(consents, indent=1, ensure_ascii=False))
    elif consents:
        _print([*whole(consents), *_what_now(consents, _as(person, sandbox))])
    else:
        print("nobody has asked this person for consent")


def _what_now(consents: Sequence[Mapping[str, Any]], whose: str) -> Iterator[str]:
    """What the person may do, each with its command; it names a consent where there could be several."""
    asked = [one for one in consents if one["status"] == "requested"]
    live = [one for one in consents if one["status"] in ("requested", "active")]
    if live:
        yield ""
    if asked:
        which, its = (" CONSENT", "; CONSENT is its id") if len(asked) > 1 else ("", "")
        if any(one["optionalFields"] for one in asked):
            yield from _lead(f"Grant what is asked for, without what is optional{its}:", f"grant {whose}{which}")
            yield from _lead(
                "Grant it with optional fields too (--optional for each that you allow):",
                f"grant {whose} --optional FIELD{which}",
            )
        else:
            yield from _lead(f"Grant what is asked for{its}:", f"grant {whose}{which}")
        yield from _lead(
            "Decline: nothing is released, and who asked is told that you declined:", f"decline {whose}{which}"
        )
    if live:
        which, its = (" CONSENT", "; CONSENT is its id") if len(live) > 1 else ("", "")
        yield from _lead(f"Take back what is granted, at any time{its}:", f"revoke {whose}{which}")


def _lead(text: str, command: str) -> Iterator[str]:
    from gateway.cli.terminal import hanging, own_line

    yield from hanging("", text)
    yield own_line(f"threekeys consent {command}")


def _in_words(someone: "StandIn", consents: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Consents with what a person reads beside the ids: names, the dataset's title, what the agreement says."""
    if not consents:
        return []
    agreements, agencies = someone.agreements(), someone.agencies()
    titles = {dataset: someone.dataset(dataset)["title"] for dataset in {one["dataset"] for one in consents}}
    return [
        {
            **one,
            "consumerName": agencies[one["consumer"]]["name"],
            "providerName": agencies[one["provider"]]["name"],
            "datasetTitle": titles[one["dataset"]],
            "contact": agencies[one["consumer"]]["contact"],
            **_terms(agreements.get(one["agreement"], {}), one["purpose"]),
        }
        for one in consents
    ]


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
    with _sign_in(sandbox, person) as someone:
        granted = someone.decide(_one(someone, "requested", consent_id), "grant", optional or [])
        _show(someone, granted)
    _print(["", *_lead("Take it back, at any time:", f"revoke {_as(person, sandbox)} {granted['id']}")])


@app.command()
def decline(person: As, consent_id: Id = None, sandbox: Sandbox = DEFAULT_SANDBOX) -> None:
    """Decline as a whole: nothing is released, and who asked is told."""
    with _sign_in(sandbox, person) as someone:
        _show(someone, someone.decide(_one(someone, "requested", consent_id), "decline", []))
    print("\nNothing is released. Who asked is told that you declined.")


@app.command()
def revoke(person: As, consent_id: Id = None, sandbox: Sandbox = DEFAULT_SANDBOX) -> None:
    """Revoke: once this returns, nothing more is released."""
    with _sign_in(sandbox, person) as someone:
        _show(someone, someone.revoke(_one(someone, "active", consent_id)))
    print("\nNothing more is released.")


def _one(someone: "StandIn", status: str, consent_id: str | None) -> str:
    """The id given, or that of the only consent in this status. Raises `ConfigurationError`, which shows several."""
    from gateway.cli.consent_shown import brief

    if consent_id:
        return consent_id
    found = [one for one in someone.consents() if one["status"] == status]
    if not found:
        raise ConfigurationError(f"there is no {status} consent; `consent list` shows what this person was asked")
    if len(found) > 1:
        shown = [shown for one in _in_words(someone, found) for shown in brief(one)]
        raise ConfigurationError("\n".join([f"there are {len(found)} {status} consents: name one by its id", *shown]))
    return str(found[0]["id"])


def _sign_in(sandbox: Path, person: str) -> "StandIn":
    from gateway.sandbox.person import StandIn

    return StandIn(sandbox, person)


def _as(person: str, sandbox: Path) -> str:
    """The options of a command for the same person."""
    folder = "" if sandbox == DEFAULT_SANDBOX else f" --sandbox {shlex.quote(str(sandbox))}"
    return f"--as {shlex.quote(person)}{folder}"


def _show(someone: "StandIn", consent: dict[str, Any]) -> None:
    from gateway.cli.consent_shown import short

    _print(short(_in_words(someone, [consent])[0]))


def _print(lines: Iterable[str]) -> None:
    print("\n".join(lines))
