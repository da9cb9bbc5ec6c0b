"""Stands in for a person until there is a portal: the same REST endpoints, with a token of the sandbox's sign-in."""

import json
from pathlib import Path
from typing import Any

import httpx

from gateway.settings import ConfigurationError


def _account(known: dict[str, Any], person: str) -> str:
    """The handle of a person, by handle, by name, or by a first name that nobody else has; however it is written.

    Raises `ConfigurationError`, with those that could be meant; what nobody is called is left to the sign-in.
    """
    wanted, people = person.casefold(), known["people"]
    for one in people:
        if wanted in (one["handle"].casefold(), one["name"].casefold()):
            return str(one["handle"])
    found = [one for one in people if one["name"].casefold().startswith(f"{wanted} ")]
    if len(found) > 1:
        names = ", ".join(f"{one['name']!r}" for one in found[:8])
        more = f" and {len(found) - 8} more" if len(found) > 8 else ""
        raise ConfigurationError(f"{len(found)} people of the sandbox are called {person}: name one of {names}{more}")
    return str(found[0]["handle"]) if found else person


def _described(sandbox: Path) -> dict[str, Any]:
    description = sandbox / "describe.json"
    try:
        known: dict[str, Any] = json.loads(description.read_text(encoding="utf-8"))
    except OSError:
        raise ConfigurationError(
            f"no demo runs in {sandbox}; start it with `threekeys demo --folder {sandbox}`, or name its folder with "
            "--sandbox"
        ) from None
    except ValueError:
        raise ConfigurationError(f"{description} is not what a demo writes: start it with --fresh") from None
    return known


def _start(sandbox: Path, known: dict[str, Any]) -> str:
    """The command that starts this demo again, where it was."""
    port = known["baseUrl"].rpartition(":")[2]
    return f"threekeys demo --folder {sandbox}" + ("" if port == "8400" else f" --port {port}")


def _token(sandbox: Path, known: dict[str, Any], person: str, **more: str) -> str:
    try:
        body = {"person": _account(known, person), **more}
        answer = httpx.post(f"{known['issuer']}/token", json=body, timeout=10, trust_env=False)
    except httpx.HTTPError:
        raise ConfigurationError(
            f"the demo in {sandbox} does not run: its sign-in does not answer; start it with "
            f"`{_start(sandbox, known)}`"
        ) from None
    if answer.status_code != 200:
        names = ", ".join(p["handle"] for p in known["people"][:8])
        raise ConfigurationError(
            f"the sandbox knows no {person!r}; it knows {names}, …: `threekeys demo --describe` tells all their names"
        )
    return str(answer.json()["access_token"])


def explicit_request(sandbox: Path, person: str, client: str) -> str:
    """A token by which this person asks that client for an exchange."""
    known = _described(sandbox)
    clients = [one["clientId"] for one in known["clients"]]
    if client not in clients:
        raise ConfigurationError(f"the sandbox has no client {client!r}; it has {', '.join(clients)}")
    return _token(sandbox, known, person, client=client)


class StandIn:
    """One person of the sandbox, signed in. Use as a context manager."""

    def __init__(self, sandbox: Path, person: str) -> None:
        known = _described(sandbox)
        token = _token(sandbox, known, person)
        self._start = _start(sandbox, known)
        self._client = httpx.Client(
            base_url=known["baseUrl"], headers={"Authorization": f"Bearer {token}"}, timeout=30, trust_env=False
        )

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def consents(self) -> list[dict[str, Any]]:
        """All that this person was asked."""
        return self._all("/v1/consent-requests")

    def agreements(self) -> dict[str, dict[str, Any]]:
        """All agreements in force, by id, as the public register has them."""
        return {one["agreement"]: one for one in self._all("/v1/register")}

    def agencies(self) -> dict[str, dict[str, Any]]:
        """All agencies, by id."""
        return {one["id"]: one for one in self._all("/v1/agencies")}

    def dataset(self, dataset_id: str) -> dict[str, Any]:
        """A dataset, as the catalogue shows it."""
        return self._call("GET", f"/v1/datasets/{dataset_id}")

    def decide(self, consent_id: str, decision: str, optional: list[str]) -> dict[str, Any]:
        """Grant or decline."""
        body = {"decision": decision, **({"optionalFields": optional} if optional else {})}
        return self._call("POST", f"/v1/consent-requests/{consent_id}/decisions", body)

    def revoke(self, consent_id: str) -> dict[str, Any]:
        """Revoke."""
        return self._call("POST", f"/v1/consents/{consent_id}/revocations", {})

    def _all(self, path: str) -> list[dict[str, Any]]:
        """Every page of a list."""
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            page = self._call("GET", f"{path}?cursor={cursor}" if cursor else path)
            items += page["items"]
            if not page["nextCursor"]:
                return items
            cursor = page["nextCursor"]

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            answer = self._client.request(method, path, json=body)
            found: dict[str, Any] = answer.json()
        except (httpx.HTTPError, ValueError):
            raise ConfigurationError(
                f"the demo's gateway does not answer at {self._client.base_url}: stop what is left of the demo, and "
                f"start it with `{self._start}`"
            ) from None
        if answer.is_error:
            said = (
                "; ".join(one["detail"] for one in found.get("errors", ())) or found.get("detail") or found["title"]
            )
            if found["code"] == "no-such-consent":
                said = "this person has no such consent; `consent list` shows theirs"
            raise ConfigurationError(f"{found['status']} {found['code']}: {said}")
        return found
