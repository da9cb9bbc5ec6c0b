"""Registering agencies and clients, on both databases."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from gateway.agencies import repository
from gateway.agencies.errors import (
    AlreadyRegistered,
    KeysNotAllowed,
    NoSuchAgency,
    NoSuchClient,
    RegistrationInvalid,
    ScopesNotAllowed,
)
from gateway.agencies.keys import public_keys
from gateway.agencies.registration import AddAgency, AddClient, UpdateAgency, UpdateClient
from gateway.agencies.scopes import SCOPES, allowed
from gateway.agencies.standing import ReactivateAgency, ReactivateClient, SuspendAgency, SuspendClient
from gateway.clock import SystemClock
from gateway.db.open import open_store
from gateway.db.store import Store

AGENCY = AddAgency("sandbox.benefits", "Benefits", "public", "help@benefits.example")
JWKS: dict[str, Any] = {"keys": [ECKey.generate_key("P-256").as_dict(private=False)]}


def client(**changes: Any) -> AddClient:
    settings: dict[str, Any] = {
        "id": "sandbox.benefits.casework",
        "agency_id": "sandbox.benefits",
        "name": "Casework",
        "scopes": ("exchanges:write",),
        "jwks": JWKS,
    }
    return AddClient(**{**settings, **changes})


def with_store(url: str, work: Callable[[Store], Awaitable[None]]) -> None:
    async def check() -> None:
        store = open_store(url, SystemClock())
        store.create_all()
        try:
            await work(store)
        finally:
            await store.aclose()

    asyncio.run(check())


def test_an_agency_and_its_client_are_registered_and_found(database_url: str) -> None:
    async def work(store: Store) -> None:
        row = await store.commit(AGENCY)
        assert await store.read(repository.find_agency, row.id) == row
        added = await store.commit(client())
        assert await store.read(repository.find_client, added.id) == added
        assert json.loads(added.scopes) == ["exchanges:write"]
        assert json.loads(added.jwks)["keys"][0]["kid"]
        assert await store.read(repository.clients_of, row.id) == [added]
        assert await store.read(repository.all_agencies) == [row]
        assert await store.read(repository.client_status, added.id) == ("active", row.id, "active")
        assert await store.read(repository.client_status, "nobody") is None

    with_store(database_url, work)


def test_an_id_is_registered_once(database_url: str) -> None:
    async def work(store: Store) -> None:
        first = await asyncio.gather(*(store.commit(AGENCY) for _ in range(5)), return_exceptions=True)
        assert [type(one) for one in first].count(AlreadyRegistered) == 4
        await store.commit(client())
        with pytest.raises(AlreadyRegistered):
            await store.commit(client(name="Another"))
        with pytest.raises(NoSuchAgency):
            await store.commit(client(id="sandbox.nobody.casework", agency_id="sandbox.nobody"))

    with_store(database_url, work)


def test_an_update_changes_what_it_names_and_leaves_the_rest(database_url: str) -> None:
    async def work(store: Store) -> None:
        agency = await store.commit(AGENCY)
        row = await store.commit(client())
        assert await store.commit(UpdateAgency(agency.id, name="New")) == agency._replace(name="New")
        assert await store.commit(UpdateClient(row.id, name="New")) == row._replace(name="New")
        uri = "https://benefits.example/jwks"
        moved = await store.commit(UpdateClient(row.id, jwks_uri=uri))
        assert (moved.jwks, moved.jwks_uri) == ("", uri)
        back = await store.commit(UpdateClient(row.id, jwks=JWKS, scopes=("ledger:read", "consents:read")))
        assert (back.jwks, back.jwks_uri) == (row.jwks, None)
        assert json.loads(back.scopes) == ["consents:read", "ledger:read"]
        assert await store.read(repository.find_client, row.id) == back
        with pytest.raises(NoSuchClient):
            await store.commit(UpdateClient("nobody", name="x"))
        with pytest.raises(NoSuchAgency):
            await store.commit(UpdateAgency("nobody", name="x"))
        with pytest.raises(RegistrationInvalid):
            await store.commit(UpdateAgency(agency.id, kind="secret"))
        with pytest.raises(ScopesNotAllowed):
            await store.commit(UpdateClient(row.id, scopes=("exchanges:write", "agreements:accept")))
        assert await store.read(repository.find_client, row.id) == back

    with_store(database_url, work)


def test_a_suspension_of_either_shows_in_the_clients_standing(database_url: str) -> None:
    async def work(store: Store) -> None:
        await store.commit(AGENCY)
        row = await store.commit(client())

        async def active() -> bool:
            standing = await store.read(repository.client_status, row.id)
            assert standing is not None
            return standing.active

        pairs: list[tuple[Any, Any]] = [
            (SuspendClient(row.id), ReactivateClient(row.id)),
            (SuspendAgency(AGENCY.id), ReactivateAgency(AGENCY.id)),
        ]
        for suspend, reactivate in pairs:
            assert await active()
            assert (await store.commit(suspend)).status == "suspended"
            assert not await active()
            await store.commit(suspend)
            assert not await active()
            assert (await store.commit(reactivate)).status == "active"
        assert await active()
        for nobody in (SuspendClient("nobody"), ReactivateClient("nobody")):
            with pytest.raises(NoSuchClient):
                await store.commit(nobody)
        for none in (SuspendAgency("nobody"), ReactivateAgency("nobody")):
            with pytest.raises(NoSuchAgency):
                await store.commit(none)

    with_store(database_url, work)


def test_who_exchanges_may_not_accept_agreements() -> None:
    with pytest.raises(ScopesNotAllowed, match="agreements:accept"):
        client(scopes=("agreements:accept", "exchanges:write"))
    with pytest.raises(ScopesNotAllowed):
        client(scopes=tuple(SCOPES))
    with pytest.raises(ScopesNotAllowed):
        client(scopes=())
    with pytest.raises(ScopesNotAllowed):
        client(scopes=("everything",))
    assert allowed(["ledger:read", "ledger:read"]) == ("ledger:read",)
    assert allowed(SCOPES - {"exchanges:write"})
    assert allowed(SCOPES - {"agreements:accept"})


@pytest.mark.parametrize("bad", ["", "Sandbox", "a b", "a/b", "-a", "a-", "a..b", ".a", "a" * 101, "ä", "a\n"])
def test_an_id_is_a_slug(bad: str) -> None:
    with pytest.raises(RegistrationInvalid):
        AddAgency(bad, "Name", "public", "help@example.test")
    with pytest.raises(RegistrationInvalid):
        client(id=bad)


def test_names_and_kinds_are_checked() -> None:
    for changes in ({"name": ""}, {"name": "a\nb"}, {"kind": "secret"}, {"contact": " "}, {"name": "x" * 201}):
        settings = {"id": "a", "name": "A", "kind": "public", "contact": "c", **changes}
        with pytest.raises(RegistrationInvalid):
            AddAgency(**settings)


def _jwks(*keys: dict[str, Any]) -> dict[str, Any]:
    return {"keys": list(keys)}


def test_only_strong_public_keys_are_taken() -> None:
    private = ECKey.generate_key("P-256").as_dict(private=True)
    public = JWKS["keys"][0]
    refusals: list[dict[str, Any]] = [
        {},
        {"keys": []},
        {"keys": {}},
        {"keys": ["x"]},
        _jwks(private),
        _jwks(OctKey.generate_key(256).as_dict(private=True)),
        _jwks(RSAKey.generate_key(2048).as_dict(private=True)),
        _jwks(ECKey.generate_key("P-384").as_dict(private=False)),
        _jwks(OKPKey.generate_key("X25519").as_dict(private=False)),
        _jwks(OKPKey.generate_key("Ed448").as_dict(private=False)),
        _jwks({**public, "x": public["y"]}),
        _jwks({"kty": "EC"}),
        _jwks({"kty": "none"}),
        _jwks({**public, "kid": "a"}, {**public, "kid": "a"}),
        _jwks(*[public] * 21),
    ]
    for refused in refusals:
        with pytest.raises(KeysNotAllowed):
            public_keys(refused)
    with pytest.warns(SecurityWarning):
        weak = RSAKey.generate_key(1024, private=False).as_dict(private=False)
    with pytest.warns(SecurityWarning), pytest.raises(KeysNotAllowed):
        public_keys(_jwks(weak))
    with pytest.raises(KeysNotAllowed):
        public_keys("{")
    strong = [
        public,
        RSAKey.generate_key(2048).as_dict(private=False),
        OKPKey.generate_key("Ed25519").as_dict(private=False),
    ]
    assert len(public_keys(_jwks(*strong))) == 3
    with pytest.raises(KeysNotAllowed):
        client(jwks=None)
    with pytest.raises(KeysNotAllowed):
        client(jwks_uri="https://a.example/jwks")
    with pytest.raises(KeysNotAllowed):
        client(jwks=_jwks({**public, "use": "enc"}))
