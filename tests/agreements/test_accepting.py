"""Attacks on acceptances: a signature binds one text of one version, and is made by a key that may accept."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from gateway.agencies.registration import AddClient, UpdateClient
from gateway.agencies.standing import ReactivateClient, SuspendClient
from gateway.agreements.accepting import ACCEPTANCE, acceptance
from gateway.agreements.errors import AcceptanceInvalid
from gateway.app import Gateway
from gateway.auth.actor import Actor
from gateway.connector.keys import ClientKey
from tests.agreements.drafted import Drafted, Offices, text_for
from tests.auth.test_keysets import KeyHost
from tests.world import CONSUMER, PROVIDER, World

OFFICE = f"{CONSUMER}.data-office"


@pytest.fixture(scope="module")
def drafted(world: World, offices: Offices) -> Drafted:
    return offices.draft(text_for(world.offer(agreed=False)))


@pytest.fixture(scope="module")
def other(world: World, offices: Offices) -> Drafted:
    return offices.draft(text_for(world.offer(agreed=False)))


def unsigned(drafted: Drafted, alg: str = "none", signature: str = "") -> str:
    head = base64.urlsafe_b64encode(json.dumps({"typ": ACCEPTANCE, "alg": alg}).encode()).decode().rstrip("=")
    body = base64.urlsafe_b64encode(json.dumps(drafted.payload()).encode()).decode().rstrip("=")
    return f"{head}.{body}.{signature}"


ATTACKS: dict[str, Callable[[Drafted, Drafted], str]] = {
    "over another version": lambda d, _: d.jws(OFFICE, version=2),
    "over another hash": lambda d, _: d.jws(OFFICE, sha256="0" * 64),
    "over another agreement": lambda d, other: other.jws(OFFICE),
    "with a member more": lambda d, _: d.jws(OFFICE, agency=CONSUMER),
    "by the key of a client that may not accept": lambda d, _: d.jws(f"{CONSUMER}.casework"),
    "by the other party": lambda d, _: d.jws(f"{PROVIDER}.data-office"),
    "by a stranger": lambda d, _: d.jws("t.stranger.data-office"),
    "under the name of a right key": lambda d, _: d.jws(
        "t.stranger.data-office", header={"typ": ACCEPTANCE, "kid": d.offices.world.keys[OFFICE].kid}
    ),
    "under another key's name": lambda d, _: d.jws(OFFICE, header={"typ": ACCEPTANCE, "kid": "another"}),
    "unsigned": lambda d, _: unsigned(d),
    "unsigned, saying ES256": lambda d, _: unsigned(d, "ES256"),
    "by HMAC with the public key": lambda d, _: unsigned(d, "HS256", "c2lnbmVk"),
    "with its signature changed": lambda d, _: d.jws(OFFICE)[:-8] + "AAAAAAAA",
    "with a critical header that nobody knows": lambda d, _: d.jws(
        OFFICE, header={"typ": ACCEPTANCE, "crit": ["x"], "x": 1}
    ),
    "not a JWS": lambda d, _: "x" * 40,
    "two dots": lambda d, _: "." * 30,
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_acceptance_is_refused(attack: str, drafted: Drafted, other: Drafted) -> None:
    answer = drafted.send(CONSUMER, ATTACKS[attack](drafted, other))
    assert (answer.status_code, answer.json()["code"]) == (422, "acceptance-invalid"), attack
    shown = drafted.offices.consumer.get(drafted.path).json()
    assert (shown["status"], shown["acceptances"]) == ("draft", [])


@pytest.mark.parametrize("typ", [None, "JWT", "dpop+jwt", "client-authentication+jwt", "none", 1])
def test_what_does_not_say_that_it_is_an_acceptance_is_none(drafted: Drafted, typ: object) -> None:
    head = {"kid": drafted.offices.world.keys[OFFICE].kid} | ({} if typ is None else {"typ": typ})
    answer = drafted.send(CONSUMER, drafted.jws(OFFICE, header=head))
    assert (answer.status_code, answer.json()["code"]) == (422, "acceptance-invalid")
    [fault] = answer.json()["errors"]
    assert fault == {"pointer": "/jws", "detail": f"the typ in its header must be {ACCEPTANCE}"}


def test_a_media_type_written_whole_is_the_same(world: World, offices: Offices) -> None:
    drafted = offices.draft(text_for(world.offer(agreed=False)))
    head = {"typ": f"application/{ACCEPTANCE}", "kid": world.keys[OFFICE].kid}
    assert drafted.send(CONSUMER, drafted.jws(OFFICE, header=head)).status_code == 201


def test_an_acceptance_of_one_party_is_not_taken_from_the_other(world: World, offices: Offices) -> None:
    drafted = offices.draft(text_for(world.offer(agreed=False)))
    jws = drafted.jws(OFFICE)
    assert drafted.send(CONSUMER, jws).status_code == 201
    answer = drafted.send(PROVIDER, jws)
    assert (answer.status_code, answer.json()["code"]) == (422, "acceptance-invalid")


def test_an_acceptance_of_version_one_is_not_one_of_version_two(world: World, offices: Offices) -> None:
    drafted = offices.draft(text_for(world.offer(agreed=False)))
    first = drafted.jws(OFFICE)
    drafted.next_version(CONSUMER)  # the very same text
    assert drafted.send(CONSUMER, first).json()["code"] == "acceptance-invalid"
    assert drafted.accept(CONSUMER).status_code == 201


def test_a_key_behind_a_jwks_uri_accepts(world: World, offices: Offices) -> None:
    """Found as for a client assertion: by kid, and again after the agency has rotated it, without telling us."""
    remote = f"{CONSUMER}.remote-office"
    first, second, stranger = ClientKey.generate(), ClientKey.generate(), ClientKey.generate()
    world.keys[remote] = first
    drafted = offices.draft(text_for(world.offer(agreed=False)))
    with key_host(first) as host:

        async def registered(gateway: Gateway) -> None:
            scopes = ("agreements:accept", "agreements:read")
            await gateway.store.commit(AddClient(remote, CONSUMER, remote, scopes, jwks_uri=host.url))

        world.in_gateway(registered)
        world.keys[remote] = stranger
        assert drafted.send(CONSUMER, drafted.jws(remote)).json()["code"] == "acceptance-invalid"
        world.keys[remote] = first
        answer = drafted.send(CONSUMER, drafted.jws(remote))
        assert answer.status_code == 201, answer.text
        assert [one["client"] for one in answer.json()["acceptances"]] == [remote]
        drafted.next_version(CONSUMER)
        host.hold(second)
        world.keys[remote] = second
        world.clock.advance(61)
        assert drafted.send(CONSUMER, drafted.jws(remote)).status_code == 201
    drafted.next_version(CONSUMER)
    world.clock.advance(2 * 3600)
    answer = drafted.send(CONSUMER, drafted.jws(remote))
    assert answer.json()["code"] == "acceptance-invalid"
    assert remote in answer.json()["errors"][0]["detail"]  # whose set cannot be fetched


@contextmanager
def key_host(*keys: ClientKey) -> Iterator[KeyHost]:
    """A real HTTP server that serves these keys, in a thread."""
    host = KeyHost(*keys)
    server = uvicorn.Server(uvicorn.Config(host, host="127.0.0.1", port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    host.url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}/jwks.json"
    yield host
    server.should_exit = True
    thread.join(10)


def test_a_signer_that_is_changed_before_the_commit_accepts_nothing(world: World, offices: Offices) -> None:
    """The signature is verified before the transaction, which looks at the signer again."""
    office, other = f"{CONSUMER}.changing-office", ClientKey.generate()
    world.keys[office] = ClientKey.generate()
    drafted = offices.draft(text_for(world.offer(agreed=False)))
    scopes = ("agreements:accept", "agreements:read")

    async def work(gateway: Gateway) -> None:
        commit = gateway.store.commit
        await commit(AddClient(office, CONSUMER, office, scopes, world.keys[office].public_jwks()))
        by = Actor(OFFICE, CONSUMER)
        sets = gateway.auth.key_sets
        intent = await acceptance(gateway.store, sets, by, drafted.id, 1, drafted.jws(office))
        for change in (
            SuspendClient(office),
            UpdateClient(office, scopes=("agreements:read",)),
            UpdateClient(office, jwks=other.public_jwks()),
        ):
            await commit(change)
            with pytest.raises(AcceptanceInvalid):
                await commit(intent)
            await commit(ReactivateClient(office))
            await commit(UpdateClient(office, scopes=scopes, jwks=world.keys[office].public_jwks()))
        await commit(intent)

    world.in_gateway(work)


def test_the_key_of_a_suspended_client_accepts_nothing_more(world: World, offices: Offices) -> None:
    drafted = offices.draft(text_for(world.offer(agreed=False)))
    old = f"{CONSUMER}.old-office"
    world.keys[old] = key = ClientKey.generate()

    async def suspended(gateway: Gateway) -> None:
        scopes = ("agreements:accept", "agreements:read")
        await gateway.store.commit(AddClient(old, CONSUMER, old, scopes, key.public_jwks()))
        await gateway.store.commit(SuspendClient(old))

    world.in_gateway(suspended)
    answer = drafted.send(CONSUMER, drafted.jws(old))
    assert (answer.status_code, answer.json()["code"]) == (422, "acceptance-invalid")


@pytest.mark.parametrize("version", [2**31, 2**63, 10**30])
def test_an_acceptance_of_a_version_beyond_all_numbers_of_versions_is_told_where(
    version: int, drafted: Drafted
) -> None:
    answer = drafted.send(CONSUMER, drafted.jws(OFFICE, version=1), version)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid-request")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/version"]
