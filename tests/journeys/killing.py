"""Traffic at a gateway that is about to die, and what its callers were told before it did."""

import asyncio
import random
import time
from dataclasses import dataclass, field

import httpx

from tests.journeys.realm import Realm
from tests.journeys.source import Read


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that arrived whole. `commitment` in hex, empty for a refusal."""

    exchange_id: str
    outcome: str
    commitment: str
    consent_id: str


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An exchange whose caller cannot know what became of it; `at` in seconds."""

    name: str
    key: str
    at: float


@dataclass(slots=True)
class Told:
    """What callers know of one gateway's life. `left`: exchanges of whose 201 at least the head arrived."""

    replies: list[Reply] = field(default_factory=list)
    left: set[str] = field(default_factory=set)
    unanswered: list[Unanswered] = field(default_factory=list)
    granted: dict[str, str] = field(default_factory=dict)
    revoking: set[str] = field(default_factory=set)
    revoked: set[str] = field(default_factory=set)
    reads: list[Read] = field(default_factory=list)


class Caller:
    """One person's story, again and again until the gateway is gone: consent, exchanges, revocation, a refusal."""

    def __init__(
        self, realm: Realm, told: Told, name: str, dice: random.Random, clients: tuple[httpx.AsyncClient, ...]
    ) -> None:
        self.realm, self.told, self.name, self.dice = realm, told, name, dice
        self.caseworker, self.anyone = clients

    async def live(self, until: float) -> None:
        """Until the gateway is gone; a gateway that is still there at `until` (of `time.monotonic`) is an error."""
        try:
            while True:
                assert time.monotonic() < until, "the gateway did not die"
                consent_id = await self.realm.granted(self.caseworker, self.anyone, self.name)
                self.told.granted[consent_id] = self.name
                for _ in range(self.dice.randint(1, 4)):
                    assert await self.exchange() == 201
                if self.dice.random() < 0.6:
                    await self.revoke(consent_id)
                    assert await self.exchange() == 403
        except httpx.TransportError:
            return

    async def exchange(self) -> int:
        """One, under an Idempotency-Key; what came of it is noted. Returns the status."""
        key = f"key-{self.dice.getrandbits(64):x}"
        told = self.told
        try:
            call = self.caseworker.stream(
                "POST", "/v1/exchanges", json=self.realm.about(self.name), headers={"Idempotency-Key": key}
            )
            async with call as answer:
                if answer.status_code == 201:
                    told.left.add(answer.headers["location"].rpartition("/")[2])
                await answer.aread()
        except httpx.TransportError:
            told.unanswered.append(Unanswered(self.name, key, time.time()))
            raise
        body = answer.json()
        assert answer.status_code in (201, 403), body
        if answer.status_code == 201:
            reply = Reply(body["exchangeId"], body["outcome"], body["ledger"]["commitment"], body["consentId"])
        else:
            reply = Reply(body["exchangeId"], "refused", "", "")
        told.replies.append(reply)
        return answer.status_code

    async def revoke(self, consent_id: str) -> None:
        """Revoke, and note it once it is acknowledged."""
        self.told.revoking.add(consent_id)
        path = f"/v1/consents/{consent_id}/revocations"
        answer = await self.anyone.post(path, json={}, headers=self.realm.as_person(self.name))
        assert answer.status_code == 200, answer.text
        self.told.revoked.add(consent_id)


async def traffic(realm: Realm, dice: random.Random, seconds: float) -> Told:
    """All people at once, until the gateway is gone. What they were told."""
    told = Told()
    realm.source.reads.clear()
    async with realm.caseworker() as caseworker, realm.http() as anyone:
        until = time.monotonic() + seconds
        lives = (Caller(realm, told, name, dice, (caseworker, anyone)).live(until) for name in realm.known)
        await asyncio.gather(*lives)
    told.reads = list(realm.source.reads)
    return told
