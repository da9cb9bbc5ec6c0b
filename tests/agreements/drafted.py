"""An agreement between the World's two agencies, drafted and accepted over REST as they would."""

import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import httpx

from gateway.agreements.accepting import acceptance_payload
from tests.world import CONSUMER, PROVIDER, STRANGER, Caller, World, agreement_text

OFFICES = {agency: f"{agency}.data-office" for agency in (CONSUMER, PROVIDER, STRANGER)}


class Offices:
    """The agencies' data offices as callers, each made once."""

    def __init__(self, world: World) -> None:
        self.world = world

    @cached_property
    def consumer(self) -> Caller:
        return self.world.client(OFFICES[CONSUMER])

    @cached_property
    def provider(self) -> Caller:
        return self.world.client(OFFICES[PROVIDER])

    @cached_property
    def stranger(self) -> Caller:
        return self.world.client(OFFICES[STRANGER])

    def of(self, agency: str) -> Caller:
        """By the agency's id."""
        found: Caller = {CONSUMER: self.consumer, PROVIDER: self.provider, STRANGER: self.stranger}[agency]
        return found

    def draft(self, text: dict[str, Any], *, by: str = CONSUMER) -> "Drafted":
        """POST /v1/agreements, which must succeed."""
        answer = self.of(by).post("/v1/agreements", json=text)
        assert answer.status_code == 201, answer.text
        return Drafted(self, answer.json())


@dataclass
class Drafted:
    """One agreement; `body` is what the last answer told of it."""

    offices: Offices
    body: dict[str, Any] = field(repr=False)

    @property
    def id(self) -> str:
        return str(self.body["id"])

    @property
    def path(self) -> str:
        return f"/v1/agreements/{self.id}"

    def payload(self, **changed: Any) -> dict[str, Any]:
        """What an acceptance signs, or something else."""
        signed = acceptance_payload(self.id, self.body["version"], self.body["sha256"])
        return {**json.loads(signed), **changed}

    def jws(self, client_id: str, *, header: dict[str, Any] | None = None, **changed: Any) -> str:
        """An acceptance by this client's key."""
        key = self.offices.world.keys[client_id]
        head = {"typ": "threekeys-acceptance+jwt", "kid": key.kid} if header is None else header
        return key.sign(head, self.payload(**changed))

    def send(self, by: str, jws: str, version: int | None = None) -> httpx.Response:
        """POST an acceptance in the name of this agency."""
        body = {"version": version or self.body["version"], "jws": jws}
        return self.offices.of(by).post(f"{self.path}/acceptances", json=body)

    def accept(self, by: str) -> httpx.Response:
        """Accept the newest version, and remember the answer where it was taken."""
        answer = self.send(by, self.jws(OFFICES[by]))
        if answer.status_code == 201:
            self.body = answer.json()
        return answer

    def accepted(self) -> "Drafted":
        """Accepted by both."""
        for agency in (CONSUMER, PROVIDER):
            assert self.accept(agency).status_code == 201
        return self

    def change(self, by: str, action: str) -> httpx.Response:
        """Suspend, resume or end."""
        answer = self.offices.of(by).post(f"{self.path}/suspensions", json={"action": action})
        if answer.status_code == 200:
            self.body = answer.json()
        return answer

    def next_version(self, by: str, **changed: Any) -> httpx.Response:
        """Draft the next version: the text as it is, with changes."""
        answer = self.offices.of(by).post(f"{self.path}/versions", json={**self.body["text"], **changed})
        if answer.status_code == 201:
            self.body = answer.json()
        return answer


def text_for(dataset: str, **more: Any) -> dict[str, Any]:
    """A text that can be taken."""
    return agreement_text(dataset, **more)
