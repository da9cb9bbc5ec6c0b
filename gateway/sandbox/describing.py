"""`threekeys demo --describe`: what a caller's own tests need.

Where things are is read from the demo's folder, and what was agreed and consented from its database, as of now.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

from gateway.app import Gateway, build
from gateway.sandbox import world
from gateway.sandbox.folder import is_held
from gateway.sandbox.layout import Layout
from gateway.sandbox.people import Person
from gateway.settings import ConfigurationError, Settings, load

_PAGE = 100


def standing(layout: Layout, people: Sequence[Person]) -> dict[str, Any]:
    """What does not change while a demo runs: as it is kept in its folder."""
    return {
        "baseUrl": layout.base_url,
        "connectorUrl": layout.connector_url,
        "issuer": layout.issuer,
        "clients": [
            {
                "clientId": client,
                "agency": client.rpartition(".")[0],
                "keyFile": str(layout.key_file(client)),
                "scopes": list(scopes),
            }
            for client, (_, scopes) in world.CLIENTS.items()
        ],
        "people": [person.describe() for person in people],
        "datasets": [
            {
                "id": dataset.id,
                "recordType": dataset.record_type,
                "identifiers": list(dataset.identifiers),
                "confirm": list(dataset.confirm),
            }
            for dataset in world.DATASETS
        ],
        "notice": world.NOTICE,
    }


async def describe(folder: Path) -> dict[str, Any]:
    """All of it, as of now, whether the demo runs or not. Raises `ConfigurationError` where none has ever run."""
    try:
        kept: dict[str, Any] = json.loads((folder / "describe.json").read_text(encoding="utf-8"))
    except OSError:
        raise ConfigurationError(
            f"no demo has run in {folder}; start one with `threekeys demo`, or name its folder with --folder"
        ) from None
    gateway = build(load(folder / "threekeys.yaml"))
    try:
        agreements = await _agreements(gateway)
        people = [
            person | {"consents": await _consents(gateway, {i["scheme"]: i["value"] for i in person["identifiers"]})}
            for person in kept["people"]
        ]
    finally:
        await _close(gateway)
    by_dataset = [
        one | {"agreements": [each for each in agreements if each["dataset"] == one["id"]]}
        for one in kept["datasets"]
    ]
    running = is_held(folder) and await _answers(kept["baseUrl"])
    now = {"people": people, "datasets": by_dataset, "agreements": agreements}
    return {"running": running, **kept, **now}


async def never_asked(settings: Settings, people: Sequence[Person]) -> frozenset[str]:
    """The handles of those whom no agency has asked for consent yet."""
    gateway = build(settings)
    try:
        asked = {person.handle: await gateway.consents.of(person.identifiers) for person in people}
        return frozenset(handle for handle, consents in asked.items() if not consents)
    finally:
        await _close(gateway)


async def _agreements(gateway: Gateway) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for agency_id in world.AGENCIES:
        after: str | None = ""
        while after is not None:
            page = await gateway.agreements.list(agency_id, after, _PAGE)
            found |= {one.id: _agreement(one.model_dump(mode="json", by_alias=True)) for one in page.items}
            after = page.next_cursor
    return [found[key] for key in sorted(found)]


def _agreement(found: Mapping[str, Any]) -> dict[str, Any]:
    text = found["text"]
    asked = ("code", "description", "signal", "noticeVersion")
    return {
        "id": found["id"],
        "version": found["version"],
        "state": found["status"],
        "provider": found["provider"],
        "consumer": found["consumer"],
        "dataset": found["dataset"],
        "purposes": [{name: one[name] for name in asked if one.get(name) is not None} for one in text["purposes"]],
        "fields": text["fields"],
        "perMinute": text["limits"]["perMinute"],
        "perDay": text["limits"]["perDay"],
    }


async def _consents(gateway: Gateway, identifiers: Mapping[str, str]) -> list[dict[str, Any]]:
    told = ("id", "status", "consumer", "dataset", "purpose", "requiredFields", "optionalFields", "chosenFields")
    found = [one.model_dump(mode="json", by_alias=True) for one in await gateway.consents.of(identifiers)]
    return [{name: one[name] for name in (*told, "expiresAt")} for one in found]


async def _answers(base_url: str) -> bool:
    try:
        async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
            return (await client.get(f"{base_url}/health/ready")).status_code == 200
    except httpx.HTTPError:
        return False


async def _close(gateway: Gateway) -> None:
    await gateway.auth.aclose()
    await gateway.store.aclose()
