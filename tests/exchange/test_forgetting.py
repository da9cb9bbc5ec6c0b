"""A person is forgotten: nothing leads to them any more, live consents end, and every other proof still verifies."""

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
from sqlalchemy import select

from gateway.app import Gateway
from gateway.consent.tables import consent
from gateway.db.connection import Connection
from gateway.db.intent import CONSENT, Lock
from gateway.exchange.forgetting import ForgetPerson, Forgotten, OnlyShown
from gateway.ledger.export import export
from gateway.ledger.reading import Problem
from gateway.ledger.tables import ENTRY
from gateway.ledger.verify import verify_lines
from gateway.migrations.tables import METADATA
from gateway.signing.keys import Purpose
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import Pseudonyms, pseudonyms
from gateway.subjects.repository import Index
from tests.consent.asking import code, decide, events, exchange, known_as, requested
from tests.elsewhere import impatient, meanwhile, transaction
from tests.journeys.running import THREEKEYS
from tests.notices.test_recording import notify
from tests.subjects.indexed import exchanges_about
from tests.world import CONSUMER, PEOPLE, PROVIDER, World

UNNUMBERED = select(ENTRY.c.id).where(ENTRY.c.seq.is_(None))


def forget(world: World, name: str, *schemes: str, show: bool = False) -> Forgotten:
    """By these of their identifiers, or all."""
    identifiers = {scheme: PEOPLE[name][scheme] for scheme in schemes or PEOPLE[name]}

    async def work(gateway: Gateway) -> Forgotten:
        try:
            return await gateway.store.commit(ForgetPerson(pseudonyms(gateway.pseudonyms, identifiers), show))
        except OnlyShown as shown:
            return shown.what

    return world.in_gateway(work)


def verified(world: World) -> tuple[Problem | None, int, int]:
    """(problem, entries, openings) of an export of now."""

    async def work(gateway: Gateway) -> str:
        while await gateway.store.read(lambda connection: connection.first(UNNUMBERED)):
            await asyncio.sleep(0.05)
        out = StringIO()
        await gateway.store.read(export, out, gateway.keys.live(Purpose.CHECKPOINT))
        return out.getvalue()

    report = verify_lines(world.in_gateway(work).splitlines(keepends=True))
    assert report.accounted
    assert len(report.unopened) == report.forgotten
    return report.problem, report.entries, report.openings


def everything(world: World) -> str:
    """Every row of every table, as text, but what is public, or written by nobody's request."""

    def read(connection: Connection) -> str:
        public = {f"ledger_{name}" for name in ("entry", "tile", "checkpoint", "sequencer")}
        tables = [table for name, table in sorted(METADATA.tables.items()) if name not in public]
        return "\n".join(
            sorted(f"{table.name} {row!r}" for table in tables for row in connection.all(table.select()))
        )

    return world.in_gateway(lambda gateway: gateway.store.read(read))


def a_past(world: World, name: str) -> dict[str, str]:
    """A person with all that can be forgotten; ids of it."""
    early = refused(world, name)
    ended = requested(world, name, fields=["status"])
    decide(world, name, ended)
    live = requested(world, name)
    decide(world, name, live)  # replaces the first
    waiting = requested(world, name, fields=["validUntil"], dataset=world.offer())
    declined = requested(world, name, dataset=world.offer())
    decide(world, name, declined, "decline")
    assert notify(world, name).status_code == 201
    looked = world.casework.post("/v1/exchanges", json=world.ask(name, purpose="with-consent")).json()["exchangeId"]
    consents = {"ended": ended, "live": live, "waiting": waiting, "declined": declined}
    return {**consents, "looked": looked, "no": refused(world, name), "early": early}


def refused(world: World, name: str, **more: Any) -> str:
    """The id of an exchange that the agreement refuses, whoever it is about."""
    answer = world.casework.post("/v1/exchanges", json=world.ask(name, fields=["endorsements"], **more))
    assert code(answer) == (403, "field-not-in-agreement")
    return str(answer.json()["exchangeId"])


def test_afterwards_nothing_of_the_past_is_told_and_the_export_still_verifies(shared: World) -> None:
    name, other = shared.newcomer(), shared.newcomer()
    past, kept = a_past(shared, name), a_past(shared, other)
    before = verified(shared)
    told = json.dumps(events(shared))
    subject_ids = {past[what] for what in ("ended", "declined", "looked", "no", "early")}
    assert all(one in told for one in subject_ids)
    done = forget(shared, name, "nino")
    # Both identifiers went, though one was named; 2 of the past's consents were live.
    assert (done.identifiers, done.exchanges, done.revoked, done.consents, done.notices) == (2, 2, 2, 2, 1)
    assert done.attempts == 1

    person = shared.person(name)
    assert person.get("/v1/consent-requests").json()["items"] == []
    for exchange_id in (past["looked"], past["no"], past["early"]):
        for caller in (person, shared.casework, shared.client(f"{PROVIDER}.data-office")):
            assert code(caller.get(f"/v1/exchanges/{exchange_id}")) == (404, "no-such-exchange")
    for what in ("ended", "live", "waiting", "declined"):
        assert code(person.get(f"/v1/consents/{past[what]}")) == (404, "no-such-consent")
    told = json.dumps(events(shared))
    assert not any(one in told for one in subject_ids)

    after = verified(shared)
    assert after[0] is before[0] is None
    assert done.openings > 0
    assert after[1] == before[1] + 3  # two revocations, and that somebody was forgotten
    assert after[2] == before[2] + 3 - done.openings
    # Somebody else's past is as it was.
    assert shared.person(other).get(f"/v1/exchanges/{kept['looked']}").status_code == 200
    assert len(shared.person(other).get("/v1/consent-requests").json()["items"]) == 4
    assert exchange(shared, other) == "released"


def test_live_consents_are_revoked_first_and_their_agencies_can_read_it(shared: World) -> None:
    name = shared.newcomer()
    past = a_past(shared, name)
    assert exchange(shared, name) == "released"
    forget(shared, name)
    assert exchange(shared, name) == "consent-required"
    for what in ("live", "waiting"):
        for caller in (shared.casework, shared.client(f"{PROVIDER}.data-office")):
            told = caller.get(f"/v1/consents/{past[what]}").json()
            assert told["status"] == "revoked"
            assert told["revokedAt"]
        receipt = shared.casework.get(f"/v1/consents/{past[what]}/receipt")
        assert receipt.status_code == 200
    for what in ("ended", "declined"):
        assert code(shared.casework.get(f"/v1/consents/{past[what]}")) == (404, "no-such-consent")
    revoked = {one["consentId"]: one for one in events(shared) if one["kind"] == "consent-revoked"}
    for what in ("live", "waiting"):
        assert (revoked[past[what]]["by"], revoked[past[what]]["reason"]) == ("operator", "person-forgotten")


def test_the_ledger_tells_that_somebody_was_forgotten_and_not_whom(shared: World) -> None:
    name = shared.newcomer()
    a_past(shared, name)
    done = forget(shared, name)
    *_, event = [one for one in events(shared) if one["kind"] == "person-forgotten"]
    assert set(event) == {"kind", "id", "at", "openings", "consentsRevoked"}
    assert (event["openings"], event["consentsRevoked"]) == (done.openings, done.revoked)
    for agency in (CONSUMER, PROVIDER):
        answer = shared.client(f"{agency}.data-office").get(f"/v1/ledger/openings/{event['id']}")
        assert code(answer) == (404, "ledger-not-found")


def test_no_pseudonym_and_no_subject_of_the_person_stands_in_any_table(shared: World) -> None:
    name = shared.newcomer()
    past = a_past(shared, name)

    async def known(gateway: Gateway) -> list[str]:
        return [digest for one in pseudonyms(gateway.pseudonyms, PEOPLE[name]) for digest in one.digests]

    digests = shared.in_gateway(known)
    [subject_id] = {
        row.split("'")[7]
        for row in everything(shared).splitlines()
        if row.startswith("subject_identifier") and any(digest in row for digest in digests)
    }
    forget(shared, name)
    left = everything(shared)
    assert not any(digest in left for digest in digests)
    assert subject_id not in left
    assert not any(past[what] in left for what in ("looked", "no", "early", "ended", "declined"))


def test_what_is_shown_is_what_would_be_deleted_and_nothing_is(shared: World) -> None:
    name = shared.newcomer()
    a_past(shared, name)
    before = everything(shared)
    shown = forget(shared, name, show=True)
    assert everything(shared) == before
    assert forget(shared, name) == shown
    assert forget(shared, name) == Forgotten()


def test_nobody_known_leaves_no_entry(shared: World) -> None:
    before = len(events(shared))
    assert forget(shared, shared.newcomer()) == Forgotten()
    assert len(events(shared)) == before


def test_a_person_known_under_two_unlinked_identifiers_is_forgotten_under_both(shared: World) -> None:
    name = shared.newcomer()
    for scheme in ("nino", "nhs-number"):
        requested(shared, name, subject=known_as(name, scheme))
    assert forget(shared, name, "nino").revoked == 1
    assert len(shared.person(name).get("/v1/consent-requests").json()["items"]) == 1
    assert forget(shared, name).revoked == 1


def test_whoever_comes_back_begins_anew(shared: World) -> None:
    name = shared.newcomer()
    a_past(shared, name)
    forget(shared, name)
    decide(shared, name, requested(shared, name))
    assert exchange(shared, name) == "released"
    assert len(shared.person(name).get("/v1/consent-requests").json()["items"]) == 1


# --- while an exchange is under way at another gateway ---


@pytest.fixture
def on_postgres(postgres_url: str) -> Iterator[World]:
    with World(postgres_url) as entered:
        yield entered


def digests_of(world: World, name: str) -> tuple[Pseudonyms, ...]:
    return pseudonyms(world.gateway.pseudonyms, PEOPLE[name])


def test_consents_are_taken_before_identifiers_as_an_exchange_takes_them(on_postgres: World) -> None:
    """Else each of the two would hold what the other waits for."""
    name = on_postgres.newcomer()
    consent_id = requested(on_postgres, name)
    decide(on_postgres, name, consent_id)
    with transaction(on_postgres.settings.database, Lock(CONSENT, consent_id, consent)) as tx:
        forgotten = meanwhile(lambda: forget(on_postgres, name))
        impatient(tx)
        assert subjects.resolve(tx, digests_of(on_postgres, name)).subject_id is not None
    assert forgotten().revoked == 1


def test_what_is_indexed_meanwhile_is_forgotten_too(on_postgres: World) -> None:
    name = on_postgres.newcomer()
    with transaction(on_postgres.settings.database) as tx:
        subject_id = subjects.ensure(tx, digests_of(on_postgres, name)[1:])
        tx.batch(Index).add(subject_id, "first")
    with transaction(on_postgres.settings.database) as tx:
        assert subjects.ensure(tx, digests_of(on_postgres, name)[1:]) == subject_id
        forgotten = meanwhile(lambda: forget(on_postgres, name))
        tx.batch(Index).add(subject_id, "under-way")
    assert forgotten().exchanges == 2
    with transaction(on_postgres.settings.database) as tx:
        assert exchanges_about(tx, subject_id) == []


# --- the command ---


def command(world: World, name: str, *arguments: str, script: str = "") -> "subprocess.CompletedProcess[str]":
    """`threekeys person forget`, in a process of its own; `script` is run before it there."""
    config = world.folder / "forgetting.yaml"
    config.write_text(json.dumps(world.settings.model_dump(mode="json", by_alias=True, exclude_none=True)))
    code = f"{script}\nfrom gateway.cli.main import main\nmain()"
    given = "# of one person\n" + "".join(f"{scheme} {value}\n" for scheme, value in PEOPLE[name].items())
    return subprocess.run(
        [sys.executable, "-c", code, "person", "forget", "--config", str(config), *arguments],
        input=given, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_the_command_shows_first_and_deletes_only_when_told_to(shared: World) -> None:
    name = shared.newcomer()
    past = a_past(shared, name)
    shown = command(shared, name)
    assert shown.returncode == 0, shown.stderr
    assert "repeat it with --yes" in shown.stdout
    assert shared.person(name).get(f"/v1/exchanges/{past['looked']}").status_code == 200
    done = command(shared, name, "--yes")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "deleted:"), done.stderr
    assert done.stdout.splitlines()[1:5] == shown.stdout.splitlines()[1:5]
    assert shared.person(name).get(f"/v1/exchanges/{past['looked']}").status_code == 404
    again = command(shared, name, "--yes")
    assert (again.returncode, again.stderr) == (
        1, "threekeys: nobody is known by these identifiers; nothing was deleted\n"
    )  # fmt: skip
    for said in (shown, done, again):
        assert not any(value in said.stdout + said.stderr for value in PEOPLE[name].values())


DIES = """
import os, signal
from {module} import {holder}
original = {holder}.{name}
def wrapped(*args, **more):
    {before}
    result = original(*args, **more)
    {after}
    return result
{holder}.{name} = wrapped
"""
KILL = "os.kill(os.getpid(), signal.SIGKILL)"
POINTS: dict[str, dict[str, Any]] = {
    "between openings and index": {
        "module": "gateway.subjects", "holder": "repository", "name": "forget_index", "before": KILL
    },
    "between consents and identifiers": {
        "module": "gateway.subjects", "holder": "repository", "name": "forget_identifiers", "before": KILL
    },
    "between identifiers and attempts": {
        "module": "gateway.subjects", "holder": "repository", "name": "forget_asked", "before": KILL
    },
    "applied": {"module": "gateway.exchange.forgetting", "holder": "ForgetPerson", "name": "apply", "after": KILL},
    "before the commit": {
        "module": "gateway.db.applier", "holder": "Applier", "name": "_prepare", "after": KILL
    },
}  # fmt: skip


@pytest.mark.parametrize("point", POINTS)
def test_a_kill_leaves_nothing_half_done(shared: World, point: str) -> None:
    name = shared.newcomer()
    past = a_past(shared, name)
    before = everything(shared)
    dies = DIES.format(**{"before": "pass", "after": "pass", **POINTS[point]})
    killed = command(shared, name, "--yes", script=dies)
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    assert everything(shared) == before
    assert shared.person(name).get(f"/v1/exchanges/{past['looked']}").status_code == 200
    assert command(shared, name, "--yes").returncode == 0


def test_an_identifier_that_is_none_is_told_by_its_line_and_never_repeated(shared: World) -> None:
    source = shared.folder / "identifiers.txt"
    config = shared.folder / "forgetting.yaml"
    config.write_text(json.dumps(shared.settings.model_dump(mode="json", by_alias=True, exclude_none=True)))
    for text, line in (
        ("nino ZZ1\n", "line 1: "),
        ("nino ZZ000001A\nnino ZZ000002B\n", "line 2: a second identifier of one scheme"),
        ("passport 1234567\n", "line 1: the scheme is not one of"),
        ("ZZ000001A\n", "line 1: the scheme is not one of"),
        ("\n", "no identifier was given"),
    ):
        source.write_text(text)
        arguments = ["person", "forget", "--from", str(source), "--config", str(config), "--yes"]
        done = subprocess.run([THREEKEYS, *arguments], capture_output=True, text=True, timeout=60)
        assert done.returncode == 1
        assert line in done.stderr
        assert not any(value in done.stderr for value in ("ZZ1", "ZZ000001A", "ZZ000002B", "1234567"))
