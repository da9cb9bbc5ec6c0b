"""`agreement draft|accept|show|list|suspend|resume|end`: over the REST endpoints, as a client of an agency.

Whoever accepts is shown what they sign, and signs what this command has read and hashed itself, never a hash that the
gateway merely states.
"""

import hashlib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.cli.calling import CaFile, Calling, Client, Gateway, Key
from gateway.cli.signing import acceptance_shown, ask_whether
from gateway.cli.terminal import printable
from gateway.settings import ConfigurationError

app = typer.Typer(no_args_is_help=True)
Id = Annotated[str, typer.Argument(help="The agreement's id.")]
Text = Annotated[Path, typer.Argument(help="The text, YAML or JSON.")]
Agreed = Annotated[
    Path | None, typer.Option("--text", help="The text that your agency agreed to: another one is not accepted.")
]


@app.command()
def draft(text: Text, gateway: Gateway, client: Client, key: Key, ca_file: CaFile = None) -> None:
    """Draft an agreement; it is in force once both agencies have accepted it."""
    _tell(Calling(gateway, client, key, ca_file)("POST", "/v1/agreements", _read(text)))


@app.command()
def version(agreement_id: Id, text: Text, gateway: Gateway, client: Client, key: Key, ca_file: CaFile = None) -> None:
    """Draft the next version; the one in force stays in force until both have accepted the new one."""
    _tell(Calling(gateway, client, key, ca_file)("POST", f"/v1/agreements/{agreement_id}/versions", _read(text)))


@app.command()
def accept(
    agreement_id: Id,
    gateway: Gateway,
    client: Client,
    key: Key,
    text: Agreed = None,
    yes: Annotated[bool, typer.Option("--yes", help="Sign without asking, as a script does.")] = False,
    ca_file: CaFile = None,
) -> None:
    """Accept the newest version: shows it, asks, and signs its id, its version and the SHA-256 of its text."""
    import rfc8785

    from gateway.agreements.accepting import ACCEPTANCE, acceptance_payload

    call = Calling(gateway, client, key, ca_file)
    found = call("GET", f"/v1/agreements/{agreement_id}")
    sha256 = hashlib.sha256(rfc8785.dumps(found["text"])).hexdigest()
    if sha256 != found["sha256"]:
        raise ConfigurationError("the gateway states a hash that is not that of the text it serves: do not accept")
    if text is not None and (other := _differences(_read(text), found["text"])):
        raise ConfigurationError(f"the gateway's text differs from {text} in: {', '.join(other)}; nothing was signed")
    payload = acceptance_payload(agreement_id, found["version"], sha256)
    print(acceptance_shown(found, sha256, payload, client, call.key.kid), flush=True)
    ask_whether("Sign it for your agency?", yes)
    jws = call.key.sign({"typ": ACCEPTANCE, "kid": call.key.kid}, json.loads(payload))
    body = {"version": found["version"], "jws": jws}
    _tell(call("POST", f"/v1/agreements/{agreement_id}/acceptances", body))


@app.command()
def show(agreement_id: Id, gateway: Gateway, client: Client, key: Key, ca_file: CaFile = None) -> None:
    """Print an agreement as the gateway serves it, JSON."""
    found = Calling(gateway, client, key, ca_file)("GET", f"/v1/agreements/{agreement_id}")
    print(json.dumps(found, indent=1, ensure_ascii=False))


@app.command("list")
def listing(gateway: Gateway, client: Client, key: Key, ca_file: CaFile = None) -> None:
    """The agency's agreements, a line each."""
    call, cursor = Calling(gateway, client, key, ca_file), ""
    while True:
        page = call("GET", f"/v1/agreements?cursor={cursor}")
        for found in page["items"]:
            _tell(found)
        if not page["nextCursor"]:
            return
        cursor = page["nextCursor"]


@app.command()
def suspend(agreement_id: Id, gateway: Gateway, client: Client, key: Key, ca_file: CaFile = None) -> None:
    """Suspend an agreement: nothing more is released under it."""
    _change(Calling(gateway, client, key, ca_file), agreement_id, "suspend")


@app.command()
def resume(agreement_id: Id, gateway: Gateway, client: Client, key: Key, ca_file: CaFile = None) -> None:
    """Resume an agreement that your agency suspended."""
    _change(Calling(gateway, client, key, ca_file), agreement_id, "resume")


@app.command()
def end(agreement_id: Id, gateway: Gateway, client: Client, key: Key, ca_file: CaFile = None) -> None:
    """End an agreement, for good."""
    _change(Calling(gateway, client, key, ca_file), agreement_id, "end")


def _change(call: Calling, agreement_id: str, action: str) -> None:
    _tell(call("POST", f"/v1/agreements/{agreement_id}/suspensions", {"action": action}))


def _tell(found: dict[str, Any]) -> None:
    accepted = [one["agency"] for one in found["acceptances"] if one["version"] == found["version"]]
    by = " and ".join(accepted) or "nobody yet"
    print(f"{found['id']}  {found['status']:9}  version {found['version']}, accepted by {by}")
    print(f"    {found['consumer']} ← {found['dataset']}: {printable(found['text']['title'])}")


def _read(path: Path) -> dict[str, Any]:
    from schemas.yaml_text import read_yaml

    try:
        text = read_yaml(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: this is not text in UTF-8") from None
    except ValueError as error:  # read_yaml says the line, and what is wrong there
        raise ConfigurationError(f"{path}: {error}") from None
    if not isinstance(text, dict):
        raise ConfigurationError(f"{path}: the text of an agreement is expected, a mapping")
    return text


def _differences(agreed: dict[str, Any], served: dict[str, Any]) -> list[str]:
    """The members that differ, once both are read as the gateway reads a text."""
    from pydantic import ValidationError

    from schemas.api.agreements import AgreementText

    try:
        ours = AgreementText.model_validate(agreed).model_dump(mode="json")
    except ValidationError as error:
        first = ".".join(str(part) for part in error.errors(include_url=False, include_input=False)[0]["loc"])
        raise ConfigurationError(f"the text given cannot be read as an agreement: see {first}") from None
    return sorted(name for name in ours.keys() | served.keys() if ours.get(name) != served.get(name))
