"""Persons' tokens, over real HTTP: the sandbox's issuer, and what is refused of any issuer."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.auth.service import Auth
from gateway.clock import SystemClock
from gateway.connector.keys import ClientKey
from gateway.sandbox.identity import ACR, CLAIMS, UnsafeSandboxIdentity
from gateway.signing.keys import Purpose
from tests.auth.conftest import Shared
from tests.auth.forging import hmacked, public_texts, signed, unsigned
from tests.auth.running import Running, bound, running, served
from tests.auth.sign_in import ISSUER, KEY, trusted
from tests.auth.test_keysets import KeyHost

PEOPLE = {
    "Ada Sample": {"nino": "ZZ123456A", "nhs-number": "9990000018"},
    "Bea Sample": {"nhs-number": "9990000026"},
}


def claims(gateway: Running, **changes: Any) -> dict[str, Any]:
    now = gateway.clock.seconds
    members = {
        "iss": ISSUER,
        "sub": "account-1",
        "aud": "threekeys",
        "iat": now,
        "exp": now + 300,
        "acr": "P2",
        "nino": "zz 12 34 56 a",
        **changes,
    }
    return {name: value for name, value in members.items() if value is not None}


def header(**changes: Any) -> dict[str, Any]:
    members = {"alg": "ES256", "typ": "JWT", "kid": KEY.kid, **changes}
    return {name: value for name, value in members.items() if value is not None}


async def decide(gateway: Running, token: str, scheme: str = "Bearer", **headers: str) -> httpx.Response:
    sent = {"Authorization": f"{scheme} {token}", **headers}
    return await gateway.http.post(f"{gateway.base_url}/v1/decisions", headers=sent)


@asynccontextmanager
async def sandbox(folder: Path) -> AsyncIterator[tuple[Running, UnsafeSandboxIdentity]]:
    listening, gateway_socket = bound(), bound()
    audience = f"http://127.0.0.1:{gateway_socket.getsockname()[1]}"
    issuer = f"http://127.0.0.1:{listening.getsockname()[1]}"
    identity = UnsafeSandboxIdentity(issuer, audience, PEOPLE, SystemClock(), sandbox=True)
    issuers = (identity.as_configured(),)
    async with served(identity, listening), running(folder, issuers=issuers, listening=gateway_socket) as gateway:
        yield gateway, identity


def test_a_person_of_the_sandbox_signs_in_and_is_known_by_their_identifiers(tmp_path: Path) -> None:
    async def check() -> None:
        async with sandbox(tmp_path) as (gateway, identity):
            answer = await gateway.http.post(f"{identity.issuer}/token", json={"person": "Ada Sample"})
            token = answer.json()["access_token"]
            shown = (await decide(gateway, token)).json()
            assert shown["identifiers"] == PEOPLE["Ada Sample"]
            again = (await decide(gateway, identity.token("Ada Sample"))).json()
            other = (await decide(gateway, identity.token("Bea Sample"))).json()
            assert again["person"] == shown["person"] != other["person"]
            assert "Ada" not in shown["person"]
            assert other["identifiers"] == PEOPLE["Bea Sample"]

    asyncio.run(check())


def test_the_sandbox_issuer_answers_programs_of_this_machine_only(tmp_path: Path) -> None:
    async def check() -> None:
        async with sandbox(tmp_path) as (gateway, identity):
            url = f"{identity.issuer}/token"
            for headers, status in (
                ({"Origin": "https://page.example"}, 403),
                ({"Sec-Fetch-Site": "cross-site"}, 403),
                ({"Host": "rebound.example"}, 421),
                ({}, 200),
            ):
                answer = await gateway.http.post(url, json={"person": "Ada Sample"}, headers=headers)
                assert answer.status_code == status
            for body in (b"", b"[]", b'{"person": "Nobody"}', b'{"person": ["Ada Sample"]}', b"{" * 9000):
                answer = await gateway.http.post(url, content=body)
                assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
            assert "d" not in (await gateway.http.get(f"{identity.issuer}/jwks.json")).json()["keys"][0]

    asyncio.run(check())


def test_the_sandbox_issuer_refuses_to_exist_outside_the_sandbox_or_off_loopback() -> None:
    clock = SystemClock()
    with pytest.raises(ValueError, match="sandbox mode"):
        UnsafeSandboxIdentity("http://127.0.0.1:1", "http://127.0.0.1:2", PEOPLE, clock, sandbox=False)
    for issuer in ("http://0.0.0.0:1", "https://id.example", "http://192.0.2.1:80", "http://127.0.0.1.example:1"):
        with pytest.raises(ValueError, match="loopback"):
            UnsafeSandboxIdentity(issuer, "http://127.0.0.1:2", PEOPLE, clock, sandbox=True)


def test_tokens_of_the_trusted_issuer_pass_in_each_allowed_form(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        for change in ({}, {"aud": ["another", "threekeys"]}, {"nino": None, "nhs_number": "999 000 0018"}):
            for head in (header(), header(typ=None), header(typ="at+jwt"), header(kid=None)):
                answer = await decide(gateway, signed(KEY, head, claims(gateway, **change)))
                assert answer.status_code == 200, answer.text

    shared.run(check())


def test_a_persons_token_with_anything_wrong_is_refused_and_nothing_of_it_is_repeated(shared: Shared) -> None:
    gateway = shared.gateway
    changes: list[Callable[[Running], dict[str, Any]]] = [
        lambda g: {"iss": "https://another.example"},
        lambda g: {"iss": g.base_url},
        lambda g: {"iss": None},
        lambda g: {"aud": "another"},
        lambda g: {"aud": ["another"]},
        lambda g: {"aud": {"threekeys": 1}},
        lambda g: {"aud": None},
        lambda g: {"exp": g.clock.seconds - 1},
        lambda g: {"exp": None},
        lambda g: {"exp": "tomorrow"},
        lambda g: {"exp": 1e308},
        lambda g: {"exp": 10**400},
        lambda g: {"iat": g.clock.seconds + 90},
        lambda g: {"iat": None},
        lambda g: {"iat": -1e308},
        lambda g: {"nbf": g.clock.seconds + 90},
        lambda g: {"nbf": -1e308},
        lambda g: {"acr": "P1"},
        lambda g: {"acr": ["P2"]},
        lambda g: {"acr": None},
        lambda g: {"sub": None},
        lambda g: {"sub": ""},
        lambda g: {"nino": None},
        lambda g: {"nino": "ZZ12345"},
        lambda g: {"nino": ["ZZ123456A"]},
        lambda g: {"nhs_number": "9990000019"},
        lambda g: {"cnf": {"jkt": KEY.thumbprint}},
        lambda g: {"cnf": {"x5t#S256": "x"}},
        lambda g: {"cnf": "x"},
    ]

    async def check() -> None:
        for change in changes:
            answer = await decide(gateway, signed(KEY, header(), claims(gateway, **change(gateway))))
            assert answer.status_code == 401, change(gateway)
            said = answer.text + answer.headers["www-authenticate"]
            assert "ZZ12" not in said.upper().replace(" ", "")
            assert "9990000019" not in said
            assert "account-1" not in said

    shared.run(check())


def test_a_forged_persons_token_is_refused(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        own = ClientKey.generate()
        good = claims(gateway)
        forged = [
            unsigned(header(alg="none"), good),
            unsigned(header(), good),
            signed(own, header(), good),
            signed(own, header(kid=own.kid, jwk=own.jwk), good),
            signed(own, header(kid=own.kid, jku="https://attacker.example/jwks"), good),
            signed(gateway.key, header(kid=gateway.key.kid), good),
            signed(KEY, header(typ="dpop+jwt"), good),
            signed(KEY, header(typ="threekeys-receipt+jwt"), good),
            signed(KEY, header(crit=["exp"]), good),
            *(hmacked(secret, header(alg="HS256"), good) for secret in public_texts(KEY)),
            "x",
            "x.y.z",
        ]
        for token in forged:
            assert (await decide(gateway, token)).status_code == 401

    shared.run(check())


def test_a_client_never_passes_as_a_person_nor_a_person_as_a_client(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        token = await gateway.token()
        proof = gateway.maker().proof("POST", "/v1/decisions", token)
        as_person = await decide(gateway, token, "DPoP", DPoP=proof)
        assert (as_person.status_code, as_person.json()["code"]) == (403, "wrong-kind-of-caller")
        assert (await decide(gateway, token)).status_code == 401
        ours = gateway.auth.keys.current(Purpose.TOKEN)
        minted = ours.sign_jws("at+jwt", json.dumps(claims(gateway, iss=gateway.base_url)).encode())
        assert (await decide(gateway, minted)).status_code == 401

        person = signed(KEY, header(), claims(gateway))
        sent = {"Authorization": f"Bearer {person}"}
        answer = await gateway.http.get(f"{gateway.base_url}/v1/consents/c1", headers=sent)
        assert (answer.status_code, answer.json()["code"]) == (403, "wrong-kind-of-caller")
        dressed = {
            "client_id": "sandbox.benefits.casework",
            "agency": "sandbox.benefits",
            "scope": "consents:read",
        }
        as_client = signed(KEY, header(typ="at+jwt"), claims(gateway, **dressed, cnf={"jkt": KEY.thumbprint}))
        proof = gateway.maker(KEY).proof("GET", "/v1/consents/c1", as_client)
        assert (await gateway.get(as_client, proof)).status_code == 403

    shared.run(check())


def test_a_bound_persons_token_needs_its_proof_and_the_proof_is_used_up(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        token = signed(KEY, header(), claims(gateway, cnf={"jkt": gateway.key.thumbprint}))
        proof = gateway.maker().proof("POST", "/v1/decisions", token)
        assert (await decide(gateway, token, "DPoP", DPoP=proof)).status_code == 200
        assert (await decide(gateway, token, "DPoP", DPoP=proof)).status_code == 401
        stolen = gateway.maker(KEY).proof("POST", "/v1/decisions", token)
        assert (await decide(gateway, token, "DPoP", DPoP=stolen)).status_code == 401
        assert (await decide(gateway, token, "DPoP")).status_code == 401
        assert (await decide(gateway, token, "Bearer")).status_code == 401
        unbound = signed(KEY, header(), claims(gateway))
        proof = gateway.maker().proof("POST", "/v1/decisions", unbound)
        assert (await decide(gateway, unbound, "DPoP", DPoP=proof)).status_code == 401

    shared.run(check())


def test_a_kept_persons_token_dies_when_it_expires(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path, issuers=(trusted(),)) as gateway:
            token = signed(KEY, header(), claims(gateway))
            assert (await decide(gateway, token)).status_code == 200
            gateway.clock.moved = 301
            assert (await decide(gateway, token)).status_code == 401

    asyncio.run(check())


def test_a_kept_persons_token_dies_when_its_issuer_withdraws_the_key(tmp_path: Path) -> None:
    async def check() -> None:
        host, new = KeyHost(KEY), ClientKey.generate()
        async with served(host) as url:
            issuer = trusted(jwks="", jwks_uri=f"{url}/jwks.json")
            async with running(tmp_path, issuers=(issuer,)) as gateway:
                token = signed(KEY, header(), claims(gateway, exp=gateway.clock.seconds + 86_400))

                async def status(after: int) -> int:
                    gateway.clock.moved = after
                    return (await decide(gateway, token)).status_code

                assert await status(0) == 200
                host.hold(KEY, new)
                assert [await status(601), await status(602)] == [200, 200]
                assert host.asked == 2
                host.hold(new)
                assert await status(1_150) == 200  # the key set is not read anew yet
                assert [await status(1_202), await status(1_300)] == [401, 401]
                host.body = json.dumps({"keys": [new.public_jwks()["keys"][0] | {"kid": KEY.kid}]}).encode()
                assert await status(2_000) == 401
                host.hold(KEY)
                assert await status(2_700) == 200
                host.status = 503
                assert [await status(6_000), await status(7_000)] == [200, 401]  # stood in for, for an hour

    asyncio.run(check())


def test_an_issuer_that_is_configured_wrongly_is_refused_at_start(tmp_path: Path) -> None:
    wrongs: list[dict[str, Any]] = [
        {"issuer": ""},
        {"audiences": frozenset()},
        {"acr_values": frozenset()},
        {"identifier_claims": {}},
        {"jwks": ""},
        {"jwks_uri": "https://sign-in.example/jwks"},
    ]
    for wrong in wrongs:
        with pytest.raises(ValueError, match="issuer"):
            trusted(**wrong)

    async def check() -> None:
        async with running(tmp_path) as gateway:
            parts = (gateway.store, gateway.auth.keys, gateway.auth.pseudonyms, gateway.clock)
            with pytest.raises(ValueError, match="itself"):
                Auth("https://gateway.example", *parts, (trusted(issuer="https://gateway.example"),))
            for url in (
                "http://gateway.example",
                "https://gateway.example/",
                "https://gateway.example?x=1",
                "gateway",
            ):
                with pytest.raises(ValueError, match="base URL"):
                    Auth(url, *parts)

    asyncio.run(check())


def test_the_sandbox_issuer_says_what_a_gateway_must_be_told(tmp_path: Path) -> None:
    identity = UnsafeSandboxIdentity("http://127.0.0.1:1", "http://127.0.0.1:2", PEOPLE, SystemClock(), sandbox=True)
    configured = identity.as_configured()
    assert configured.acr_values == {ACR}
    assert configured.identifier_claims == CLAIMS
    assert configured.audiences == {"http://127.0.0.1:2"}
