"""`agreement draft|accept|show|list|suspend|resume|end`: over the REST endpoints, as a client of an agency.

Whoever accepts signs what this command has read and hashed itself, never a hash that the gateway merely states.
"""

import asyncio
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.settings import ConfigurationError

if TYPE_CHECKING:
    import httpx

app = typer.Typer(no_args_is_help=True)
Gateway = Annotated[str, typer.Option("--gateway", help="The gateway's base URL.")]
Client = Annotated[str, typer.Option("--client", help="The client's id.")]
Key = Annotated[Path, typer.Option("--key", help="The client's private key, JWK or PEM, mode 0600.")]
Id = Annotated[str, typer.Argument(help="The agreement's id.")]
Text = Annotated[Path, typer.Argument(help="The text, YAML or JSON.")]
Agreed = Annotated[
    Path | None, typer.Option("--text", help="The text that your agency agreed to: another one is not accepted.")
]


@app.command()
def draft(text: Text, gateway: Gateway, client: Client, key: Key) -> None:
    """Draft an agreement; it is in force once both agencies have accepted it."""
    _tell(_call(gateway, client, key, "POST", "/v1/agreements", _read(text)))


@app.command()
def version(agreement_id: Id, text: Text, gateway: Gateway, client: Client, key: Key) -> None:
    """Draft the next version; the one in force stays in force until both have accepted the new one."""
    _tell(_call(gateway, client, key, "POST", f"/v1/agreements/{agreement_id}/versions", _read(text)))


@app.command()
def accept(agreement_id: Id, gateway: Gateway, client: Client, key: Key, text: Agreed = None) -> None:
    """Accept the newest version: signs its id, its version and the SHA-256 of its text."""
    import rfc8785

    from gateway.agreements.accepting import acceptance_payload
    from gateway.connector.keys import ClientKey

    found = _call(gateway, client, key, "GET", f"/v1/agreements/{agreement_id}")
    sha256 = hashlib.sha256(rfc8785.dumps(found["text"])).hexdigest()
    if sha256 != found["sha256"]:
        raise ConfigurationError("the gateway states a hash that is not that of the text it serves: do not accept")
    if text is not None and (other := _differences(_read(text), found["text"])):
        raise ConfigurationError(f"the gateway's text differs from {text} in: {', '.join(other)}; nothing was signed")
    signer = ClientKey.load(key)
    payload = json.loads(acceptance_payload(agreement_id, found["version"], sha256))
    jws = signer.sign({"typ": "threekeys-acceptance+jwt", "kid": signer.kid}, payload)
    body = {"version": found["version"], "jws": jws}
    _tell(_call(gateway, client, key, "POST", f"/v1/agreements/{agreement_id}/acceptances", body))


@app.command()
def show(agreement_id: Id, gateway: Gateway, client: Client, key: Key) -> None:
    """Print an agreement as the gateway serves it, JSON."""
    found = _call(gateway, client, key, "GET", f"/v1/agreements/{agreement_id}")
    print(json.dumps(found, indent=1, ensure_ascii=False))


@app.command("list")
def listing(gateway: Gateway, client: Client, key: Key) -> None:
    """The agency's agreements, a line each."""
    cursor = ""
    while True:
        page = _call(gateway, client, key, "GET", f"/v1/agreements?cursor={cursor}")
        for found in page["items"]:
            _tell(found)
        if not page["nextCursor"]:
            return
        cursor = page["nextCursor"]


@app.command()
def suspend(agreement_id: Id, gateway: Gateway, client: Client, key: Key) -> None:
    """Suspend an agreement: nothing more is released under it."""
    _change(agreement_id, gateway, client, key, "suspend")


@app.command()
def resume(agreement_id: Id, gateway: Gateway, client: Client, key: Key) -> None:
    """Resume an agreement that your agency suspended."""
    _change(agreement_id, gateway, client, key, "resume")


@app.command()
def end(agreement_id: Id, gateway: Gateway, client: Client, key: Key) -> None:
    """End an agreement, for good."""
    _change(agreement_id, gateway, client, key, "end")


def _change(agreement_id: str, gateway: str, client: str, key: Path, action: str) -> None:
    path = f"/v1/agreements/{agreement_id}/suspensions"
    _tell(_call(gateway, client, key, "POST", path, {"action": action}))


def _tell(found: dict[str, Any]) -> None:
    accepted = [one["agency"] for one in found["acceptances"] if one["version"] == found["version"]]
    by = " and ".join(accepted) or "nobody yet"
    print(f"{found['id']}  {found['status']:9}  version {found['version']}, accepted by {by}")
    print(f"    {found['consumer']} ← {found['dataset']}: {found['text']['title']}")


def _read(path: Path) -> dict[str, Any]:
    from adapters.mapping_file import read_yaml

    try:
        text = read_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ConfigurationError(f"{path}: {reason}") from None
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


def _call(gateway: str, client: str, key: Path, method: str, path: str, body: Any = None) -> dict[str, Any]:
    """One signed call. Raises `ConfigurationError` with what the gateway said."""
    import httpx

    from gateway.connector.auth import ThreekeysAuth
    from gateway.connector.errors import ConnectorError

    async def send() -> "httpx.Response":
        auth = ThreekeysAuth(client, key, gateway)
        async with httpx.AsyncClient(auth=auth, base_url=gateway, timeout=30, trust_env=False) as http:
            return await http.request(method, path, json=body)

    try:
        answer = asyncio.run(send())
    except ConnectorError as error:
        raise ConfigurationError(str(error)) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ConfigurationError(f"the gateway at {gateway} does not answer: {type(error).__name__}") from None
    found: dict[str, Any] = answer.json()
    if answer.is_error:
        faults = [f"{fault['pointer']}: {fault['detail']}" for fault in found.get("errors") or []]
        said = "; ".join(filter(None, (found["title"], found.get("detail"))))
        raise ConfigurationError("\n  ".join([f"{found['status']} {found['code']}: {said}", *faults]))
    return found
