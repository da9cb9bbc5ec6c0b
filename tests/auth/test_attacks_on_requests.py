"""What an attacker tries with tokens and DPoP proofs, over real HTTP."""

import asyncio
import hashlib
import http.client
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.agencies.registration import UpdateClient
from gateway.agencies.standing import ReactivateAgency, ReactivateClient, SuspendAgency, SuspendClient
from gateway.connector.keys import ClientKey, b64, encoded
from gateway.signing.keys import Purpose
from tests.auth.conftest import Shared
from tests.auth.forging import hmacked, public_texts, signed, unsigned
from tests.auth.running import CASEWORK, Running, claims_of, running

PATH = "/v1/consents/c1"


def honest(gateway: Running, token: str, **changes: Any) -> dict[str, Any]:
    claims = {
        "jti": gateway.clock.new_id(),
        "htm": "GET",
        "htu": gateway.base_url + PATH,
        "iat": gateway.clock.seconds,
        "ath": b64(hashlib.sha256(token.encode()).digest()),
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def head(key: ClientKey, **changes: Any) -> dict[str, Any]:
    members = {"alg": "ES256", "typ": "dpop+jwt", "jwk": key.jwk, **changes}
    return {name: value for name, value in members.items() if value is not None}


def refused(answer: httpx.Response, error: str = "invalid_dpop_proof") -> None:
    assert answer.status_code == 401, answer.text
    challenge = answer.headers["www-authenticate"]
    assert challenge.startswith("DPoP ")
    assert f'error="{error}"' in challenge
    assert 'algs="ES256 Ed25519 EdDSA"' in challenge


def test_an_honest_proof_passes(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        token = await gateway.token()
        for change in (
            {},
            {"htu": f"{gateway.base_url}{PATH}?page=2#top"},
            {"htu": gateway.base_url.replace("http", "HTTP") + PATH},
            {"htu": gateway.base_url + "/v1/%63onsents/c1"},
            {"iat": gateway.clock.seconds - 50},
            {"iat": gateway.clock.seconds + 50},
            {"iat": gateway.clock.seconds + 0.5},
        ):
            proof = signed(gateway.key, head(gateway.key), honest(gateway, token, **change))
            answer = await gateway.get(token, proof, f"{PATH}?page=2")
            assert answer.status_code == 200, (change, answer.text)

    shared.run(check())


@pytest.mark.parametrize(
    "change",
    [
        lambda g: {"htm": "POST"},
        lambda g: {"htm": "get"},
        lambda g: {"htm": None},
        lambda g: {"htu": f"{g.base_url}/v1/consents/c2"},
        lambda g: {"htu": f"{g.base_url}/v1/consents/C1"},
        lambda g: {"htu": f"{g.base_url}/v1%2Fconsents/c1"},
        lambda g: {"htu": "https://attacker.example/v1/consents/c1"},
        lambda g: {"htu": g.base_url.replace("http://", "https://") + PATH},
        lambda g: {"htu": g.base_url.replace("http://", "http://user@") + PATH},
        lambda g: {"htu": PATH},
        lambda g: {"htu": "http://[::1"},
        lambda g: {"htu": [g.base_url + PATH]},
        lambda g: {"htu": None},
        lambda g: {"iat": g.clock.seconds - 70},
        lambda g: {"iat": g.clock.seconds + 70},
        lambda g: {"iat": str(g.clock.seconds)},
        lambda g: {"iat": True},
        lambda g: {"iat": 10**400},
        lambda g: {"iat": None},
        lambda g: {"jti": None},
        lambda g: {"jti": "short"},
        lambda g: {"jti": "x" * 257},
        lambda g: {"jti": 1234567890123456},
        lambda g: {"jti": "\ud800" * 20},
        lambda g: {"ath": None},
        lambda g: {"ath": ""},
        lambda g: {"ath": b64(hashlib.sha256(b"another token").digest())},
    ],
)
def test_a_proof_with_a_wrong_claim_is_refused(shared: Shared, change: Callable[[Running], dict[str, Any]]) -> None:
    gateway = shared.gateway

    async def check() -> None:
        token = await gateway.token()
        proof = signed(gateway.key, head(gateway.key), honest(gateway, token, **change(gateway)))
        refused(await gateway.get(token, proof))

    shared.run(check())


def test_a_proof_with_a_wrong_header_is_refused(shared: Shared) -> None:
    gateway, key = shared.gateway, shared.gateway.key
    private = b64(key._private.private_numbers().private_value.to_bytes(32, "big"))

    async def check() -> None:
        token = await gateway.token()
        changes: list[dict[str, Any]] = [
            {"typ": None},
            {"typ": "JWT"},
            {"typ": "at+jwt"},
            {"alg": None},
            {"alg": "none"},
            {"alg": "HS256"},
            {"alg": "ES384"},
            {"alg": "PS256"},
            {"alg": "EdDSA"},
            {"alg": ["ES256"]},
            {"crit": ["b64"], "b64": False},
            {"jwk": None},
            {"jwk": []},
            {"jwk": {**key.jwk, "d": private}},
            {"jwk": {"kty": "oct", "k": "c2VjcmV0"}},
            {"jwk": {**key.jwk, "kty": "RSA"}},
            {"jwk": {**key.jwk, "crv": "P-384"}},
            {"jwk": {**key.jwk, "crv": "secp256k1"}},
            {"jwk": {**key.jwk, "x": key.jwk["y"]}},
            {"jwk": {**key.jwk, "x": b64(bytes(32)), "y": b64(bytes(32))}},
            {"jwk": {**key.jwk, "x": key.jwk["x"] + "="}},
            {"jwk": {**key.jwk, "x": key.jwk["x"][:-2]}},
            {"jwk": {**key.jwk, "x": 5}},
            {"jwk": {"kty": "EC", "crv": "P-256", "x": key.jwk["x"]}},
            {"padding": "x" * 1500},
        ]
        for change in changes:
            proof = signed(key, head(key, **change), honest(gateway, token))
            refused(await gateway.get(token, proof))

    shared.run(check())


def test_a_forged_signature_is_refused(shared: Shared) -> None:
    gateway, key = shared.gateway, shared.gateway.key

    async def check() -> None:
        token = await gateway.token()
        attempts = [
            unsigned(head(key, alg="none"), honest(gateway, token)),
            unsigned(head(key), honest(gateway, token)),
            signed(ClientKey.generate(), head(key), honest(gateway, token)),
            f"{encoded(head(key))}.{encoded(honest(gateway, token))}.{b64(bytes(64))}",
            f"{encoded(head(key))}.{encoded(honest(gateway, token))}.{b64(bytes(8))}",
            signed(key, head(key), honest(gateway, token)) + "A",
            signed(key, head(key), honest(gateway, token)).replace(".", "!", 1),
            signed(key, head(key), honest(gateway, token)) + ".x",
            "..",
            "not a jwt",
            "e30.e30.e30",
            "W10.W10.W10",
            "x" * 5000,
        ]
        for secret in public_texts(key):
            attempts.append(hmacked(secret, head(key, alg="HS256"), honest(gateway, token)))
            attempts.append(hmacked(secret, head(key), honest(gateway, token)))
        for proof in attempts:
            refused(await gateway.get(token, proof))

    shared.run(check())


def test_a_stolen_token_is_worth_nothing_with_another_key(shared: Shared) -> None:
    gateway, thief = shared.gateway, ClientKey.generate()

    async def check() -> None:
        token = await gateway.token()
        proof = signed(thief, head(thief), honest(gateway, token))
        refused(await gateway.get(token, proof), "invalid_token")
        other = signed(gateway.other_key, head(gateway.other_key), honest(gateway, token))
        refused(await gateway.get(token, other), "invalid_token")
        refused(await gateway.get(token, None))

    shared.run(check())


def test_a_bound_token_is_not_taken_as_a_bearer_token(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        token = await gateway.token()
        for value in (f"Bearer {token}", f"bearer {token}", token, f"Basic {token}", "DPoP", ""):
            answer = await gateway.http.get(gateway.base_url + PATH, headers={"Authorization": value})
            assert answer.status_code == 401
            assert "www-authenticate" in answer.headers
        assert (await gateway.http.get(gateway.base_url + PATH)).status_code == 401

    shared.run(check())


def test_a_forged_or_foreign_token_is_refused(shared: Shared) -> None:
    gateway, thief = shared.gateway, ClientKey.generate()

    async def check() -> None:
        good = await gateway.token()
        claims = claims_of(good)
        kid = gateway.auth.keys.current(Purpose.TOKEN).kid
        header = {"alg": "ES256", "typ": "at+jwt", "kid": kid}
        receipt_key = gateway.auth.keys.current(Purpose.RECEIPT)
        token_key = gateway.auth.keys.current(Purpose.TOKEN)
        payload = json.dumps
        forged = [
            unsigned({**header, "alg": "none"}, claims),
            signed(thief, header, claims),
            signed(thief, {**header, "jwk": thief.jwk}, claims),
            signed(thief, {**header, "kid": thief.kid}, claims),
            receipt_key.sign_jws("at+jwt", payload(claims).encode()),
            token_key.sign_jws("JWT", payload(claims).encode()),
            token_key.sign_jws("threekeys-receipt+jwt", payload(claims).encode()),
            token_key.sign_jws("at+jwt", payload({**claims, "aud": "https://another.example"}).encode()),
            token_key.sign_jws("at+jwt", payload({**claims, "iss": "https://another.example"}).encode()),
            token_key.sign_jws("at+jwt", payload({**claims, "exp": gateway.clock.seconds - 1}).encode()),
            token_key.sign_jws("at+jwt", payload({k: v for k, v in claims.items() if k != "exp"}).encode()),
            token_key.sign_jws("at+jwt", payload({k: v for k, v in claims.items() if k != "cnf"}).encode()),
            token_key.sign_jws("at+jwt", b"[]"),
            *(
                hmacked(secret, {**header, "alg": "HS256"}, claims)
                for secret in (payload(token_key.jwk).encode(), token_key.public_bytes())
            ),
            good.rpartition(".")[0] + "." + b64(bytes(64)),
            "e30.e30.e30",
            "\xff\xfe",
        ]
        for token in forged:
            raw = token.encode("latin-1")
            proof = signed(gateway.key, head(gateway.key), honest(gateway, "", ath=b64(hashlib.sha256(raw).digest())))
            answer = await gateway.http.get(
                gateway.base_url + PATH, headers=[(b"Authorization", b"DPoP " + raw), (b"DPoP", proof.encode())]
            )
            refused(answer, "invalid_token")

    shared.run(check())


def test_the_host_header_has_no_say_in_htu(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        token = await gateway.token()

        def send(htu: str, host: str) -> int:
            proof = signed(gateway.key, head(gateway.key), honest(gateway, token, htu=htu))
            port = int(gateway.address.rpartition(":")[2])
            connection = http.client.HTTPConnection("127.0.0.1", port)
            connection.putrequest("GET", PATH, skip_host=True)
            for name, value in (("Host", host), ("Authorization", f"DPoP {token}"), ("DPoP", proof)):
                connection.putheader(name, value)
            connection.putheader("X-Forwarded-Host", host)
            connection.putheader("Forwarded", f"host={host}")
            connection.endheaders()
            try:
                return connection.getresponse().status
            finally:
                connection.close()

        spoofed = await asyncio.to_thread(send, f"http://attacker.example{PATH}", "attacker.example")
        honest_one = await asyncio.to_thread(send, gateway.base_url + PATH, "attacker.example")
        assert (spoofed, honest_one) == (401, 200)

    shared.run(check())


def test_two_proofs_or_two_tokens_in_one_request_are_refused(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        token = await gateway.token()
        for double in ("DPoP", "Authorization"):
            sent = [("Authorization", f"DPoP {token}")]
            sent.append(("DPoP", signed(gateway.key, head(gateway.key), honest(gateway, token))))
            sent.append((double, dict(sent)[double]))
            assert (await gateway.http.get(gateway.base_url + PATH, headers=sent)).status_code == 401

    shared.run(check())


def test_an_ed25519_proof_passes_and_only_with_its_own_algorithm(shared: Shared) -> None:
    gateway = shared.gateway
    private = Ed25519PrivateKey.generate()
    x = b64(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": x}

    def made(alg: str, path: str, method: str, token: str | None) -> str:
        claims = honest(gateway, token or "", htm=method, htu=gateway.base_url + path)
        text = f"{encoded({'alg': alg, 'typ': 'dpop+jwt', 'jwk': jwk})}.{encoded(claims)}"
        return f"{text}.{b64(private.sign(text.encode()))}"

    async def check() -> None:
        for alg in ("Ed25519", "EdDSA"):
            answer = await gateway.ask(gateway.form(), DPoP=made(alg, "/oauth/token", "POST", None))
            token = answer.json()["access_token"]
            assert (await gateway.get(token, made(alg, PATH, "GET", token))).status_code == 200
        refused(await gateway.get(token, made("ES256", PATH, "GET", token)))

    shared.run(check())


def test_a_suspension_stops_a_token_that_is_out_at_once(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            token = await gateway.token()

            async def call() -> int:
                proof = signed(gateway.key, head(gateway.key), honest(gateway, token))
                return (await gateway.get(token, proof)).status_code

            assert await call() == 200
            await gateway.store.commit(SuspendClient(CASEWORK))
            assert await call() == 401
            await gateway.store.commit(ReactivateClient(CASEWORK))
            assert await call() == 200
            await gateway.store.commit(SuspendAgency("sandbox.benefits"))
            assert await call() == 401
            await gateway.store.commit(ReactivateAgency("sandbox.benefits"))
            assert await call() == 200

    asyncio.run(check())


def test_a_token_dies_when_its_time_is_over_though_it_was_seen_before(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            token = await gateway.token()
            proof = signed(gateway.key, head(gateway.key), honest(gateway, token))
            assert (await gateway.get(token, proof)).status_code == 200
            gateway.clock.moved = 301
            proof = signed(gateway.key, head(gateway.key), honest(gateway, token))
            refused(await gateway.get(token, proof), "invalid_token")

    asyncio.run(check())


def test_scopes_taken_away_from_a_client_are_not_in_its_next_token(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            await gateway.store.commit(UpdateClient(CASEWORK, scopes=("exchanges:write",)))
            assert claims_of(await gateway.token())["scope"] == "exchanges:write"

    asyncio.run(check())
