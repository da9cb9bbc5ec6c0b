"""kill -9 at ten points of the exchange: nothing acknowledged is lost, nothing is released without an entry."""

import asyncio
import json
import subprocess
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger.note import Verifier
from gateway.signing.directory import KeyDirectory
from gateway.signing.keys import Purpose
from tests.journeys.counts import FULL, chance, tell
from tests.journeys.failpoints import POINTS
from tests.journeys.killing import Told, Unanswered
from tests.journeys.lives import Death, OneGateway
from tests.journeys.realm import people
from tests.journeys.running import THREEKEYS
from tests.world import PROVIDER

pytestmark = pytest.mark.proof
SEEDS = 10 if FULL else 2
MOMENTS = 10 if FULL else 1
LEASE = 30
"""Seconds for which a key that was in flight when its gateway died is held."""
READ_AND_NOT_COMMITTED = ("fetching", "fetched", "minimised", "in-transaction")


def _deaths(database: str) -> list[Death]:
    """Every point with every seed, mixed; one in ten a cold `threekeys serve`, and some more at any moment."""
    dice = chance("deaths", database)
    deaths = []
    for at, point in enumerate(POINTS):
        for seed in range(SEEDS):
            cold = (seed == 0) if FULL else (seed == 0 and at == 7)
            hit = dice.randint(1, 2 if point in ("numbering", "signing") else 12)
            deaths.append(Death(point, "cold" if cold else "forked", hit, seed))
    deaths += [Death("any", "plain") for _ in range(MOMENTS)]
    dice.shuffle(deaths)
    return deaths


def test_a_killed_gateway_loses_nothing_acknowledged_and_releases_nothing_unentered(
    database_url: str, tmp_path: Path
) -> None:
    database = database_url.partition(":")[0]
    dice = chance("kills", database)
    deaths = _deaths(database)
    lives: list[Told] = []
    checkpoints: list[str] = []
    untraced = 0
    with OneGateway(database_url, people(5)) as realm:
        life = realm.begin(deaths[0])
        for n, death in enumerate(deaths):
            if lives:
                checkpoints.append(realm.anyone().get("/v1/ledger/checkpoint").text)
            told = realm.end(life, dice)
            life = realm.begin(deaths[n + 1] if n + 1 < len(deaths) else None)
            try:
                untraced += _check(realm, death, told)
            except AssertionError as error:
                raise AssertionError(f"after death {n}, {death}: {error}") from error
            lives.append(told)
        repeated = _repeat(realm, [one for told in lives for one in told.unanswered])
        entered = realm.entered()
        export = _exported(realm, tmp_path, checkpoints, len(entered))
        _compare(realm, lives, export)
        realm.rest(life)
    replies = [reply for told in lives for reply in told.replies]
    reads = {read.exchange_id for told in lives for read in told.reads}
    tell(
        f"kill -9, {database}: {len(deaths)} gateways killed "
        f"({SEEDS} times at each of {len(POINTS)} points, {MOMENTS} at any moment; "
        f"{sum(d.how == 'cold' for d in deaths) + MOMENTS} of them real `threekeys serve`); "
        f"{len(replies)} exchanges answered and {sum(len(t.revoked) for t in lives)} revocations acknowledged, "
        f"none lost; {sum(len(t.unanswered) for t in lives)} exchanges unanswered; "
        f"{len(reads)} reads of the source, {untraced} of them with neither an entry nor a release; "
        f"{len(checkpoints)} checkpoints remembered; {sum(repeated.values())} keys repeated {dict(repeated)}; "
        f"{len(export)} entries verified"
    )


def _check(realm: OneGateway, death: Death, told: Told) -> int:
    """What the next gateway says of the life before it. Returns how many reads of the source have no entry."""
    accounts, consents = realm.run(_looked_up(realm, told))
    for exchange_id in told.left:
        assert accounts[exchange_id] is not None, "a reply left, and there is no entry"
    for reply in told.replies:
        account = accounts[reply.exchange_id]
        assert account is not None, f"an acknowledged exchange is lost: {reply}"
        assert account["outcome"] == reply.outcome
        assert not reply.commitment or reply.commitment in {entry["commitment"] for entry in account["entries"]}
    untraced = {read.exchange_id for read in told.reads if accounts[read.exchange_id] is None}
    assert not untraced & told.left
    assert len(untraced) <= len(realm.known), "more reads without an entry than there were callers"
    if death.point in READ_AND_NOT_COMMITTED:
        assert untraced, "it died before the commit, and all its reads are entered"
    if death.point == "committed":
        known = {reply.exchange_id for reply in told.replies}
        assert {read.exchange_id for read in told.reads} - known - untraced, (
            "it died after a commit whose callers were all told: told too early"
        )
    for consent_id, status in consents.items():
        if consent_id in told.revoked:
            assert status == "revoked"
        elif consent_id not in told.revoking:
            assert status in ("active", "replaced"), status  # replaced by the next that the person granted
    fresh = realm.casework.post("/v1/exchanges", json=realm.about("p0", purpose="by-statute"))
    assert fresh.status_code == 201, fresh.text
    return len(untraced)


async def _looked_up(realm: OneGateway, told: Told) -> tuple[dict[str, dict[str, Any] | None], dict[str, str]]:
    """(exchange id -> its account or None; consent id -> its status), as the provider and the consumer read them."""
    ids = {reply.exchange_id for reply in told.replies} | told.left | {read.exchange_id for read in told.reads}
    accounts: dict[str, dict[str, Any] | None] = {}
    consents: dict[str, str] = {}
    async with realm.speaker(f"{PROVIDER}.data-office") as provider, realm.caseworker() as consumer:

        async def account(exchange_id: str) -> None:
            answer = await provider.get(f"/v1/exchanges/{exchange_id}")
            assert answer.status_code in (200, 404), answer.text
            accounts[exchange_id] = answer.json() if answer.status_code == 200 else None

        async def consent(consent_id: str) -> None:
            answer = await consumer.get(f"/v1/consents/{consent_id}")
            assert answer.status_code == 200, f"an acknowledged consent is lost: {answer.text}"
            consents[consent_id] = answer.json()["status"]

        await asyncio.gather(*map(account, ids), *map(consent, told.granted))
    return accounts, consents


def _repeat(realm: OneGateway, unanswered: Iterable[Unanswered]) -> "Counter[str]":
    """Callers ask again under the same key, once its lease is over: never 409, and one use at most."""
    waiting = sorted(unanswered, key=lambda one: one.at)
    # The tenth does not wait for the last ones; there is always one.
    enough = waiting[-1].at if FULL else waiting[0].at
    time.sleep(max(0.0, enough + LEASE + 1 - time.time()))
    outcomes: Counter[str] = Counter()
    for one in waiting:
        if one.at + LEASE + 1 > time.time():
            continue
        answer = realm.casework.post(
            "/v1/exchanges", json=realm.about(one.name), headers={"Idempotency-Key": one.key}
        )
        assert answer.status_code in (201, 403), answer.text
        outcomes[str(answer.status_code)] += 1
    assert outcomes
    return outcomes


def _exported(realm: OneGateway, folder: Path, checkpoints: list[str], entries: int) -> list[dict[str, Any]]:
    """The export, once all is numbered, verified by the command, pinned keys and remembered checkpoints."""
    until = time.monotonic() + 10
    while int(realm.anyone().get("/v1/ledger/checkpoint").text.split("\n")[1]) < entries:
        assert time.monotonic() < until, "entries stay without a number"
        time.sleep(0.2)
    target = folder / "export.jsonl"
    config = str(realm.configurations[0])
    subprocess.run([THREEKEYS, "ledger", "export", str(target), "-c", config], check=True, capture_output=True)
    command = [THREEKEYS, "ledger", "verify", str(target)]
    for key in KeyDirectory(realm.settings.keys).live(Purpose.CHECKPOINT):
        command += ["--key", str(Verifier(realm.settings.origin, key.public_bytes()))]
    for n, note in enumerate(checkpoints):
        path = folder / f"checkpoint-{n}"
        path.write_text(note)
        command += ["--checkpoint", str(path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"verified {entries} entries" in done.stdout
    lines = [json.loads(line) for line in target.read_text().splitlines()]
    return [line for line in lines if "seq" in line]


def _compare(realm: OneGateway, lives: Iterable[Told], export: list[dict[str, Any]]) -> None:
    """The verified ledger against what callers were told over all lives, and against the uses that were counted."""
    commitments = {line["commitment"] for line in export}
    releases = Counter(
        line["event"].get("consentId") for line in export if line["event"].get("outcome") == "released"
    )
    first = Counter(line["event"]["exchangeId"] for line in export if line["event"].get("outcome") == "released")
    assert set(first.values()) == {1}, "a repeat was released as if it were the first"
    told = list(lives)
    for life in told:
        assert {reply.commitment for reply in life.replies if reply.commitment} <= commitments
    acknowledged = Counter(r.consent_id for life in told for r in life.replies if r.outcome == "released")
    revoked = {line["event"]["consentId"] for line in export if line["event"]["kind"] == "consent-revoked"}
    for life in told:
        assert life.revoked <= revoked
        for consent_id in life.granted:
            uses = realm.casework.get(f"/v1/consents/{consent_id}").json()["uses"]
            assert uses == releases[consent_id] >= acknowledged[consent_id]
