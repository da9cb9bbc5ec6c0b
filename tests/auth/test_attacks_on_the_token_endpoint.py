"""What an attacker tries at the token endpoint, over real HTTP. Each test first shows that the honest form passes."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.agencies.keys import PublicKey
from gateway.agencies.registration import AddClient
from gateway.auth.compact import Unverified
from gateway.connector.keys import ClientKey
from tests.auth.conftest import Shared
from tests.auth.forging import hmacked, public_texts, signed, unsigned
from tests.auth.running import CASEWORK, CASEWORK_SCOPES, OTHER, Running, running

NOBODY = "http://127.0.0.1:9/jwks.json"
"""Where nobody listens."""
Claims = dict[str, Any]


def honest(gateway: Running, **changes: Any) -> Claims:
    """The claims of an assertion that is taken, and what a test changes in them; None takes a claim away."""
    now = gateway.clock.seconds
    claims = {
        "iss": CASEWORK,
        "sub": CASEWORK,
        "aud": gateway.base_url,
        "iat": now,
        "exp": now + 60,
        "jti": gateway.clock.new_id(),
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def header(gateway: Running, **changes: Any) -> Claims:
    members = {"alg": "ES256", "typ": "JWT", "kid": gateway.key.kid, **changes}
    return {name: value for name, value in members.items() if value is not None}


def refused(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client"), answer.text
    assert "access_token" not in answer.text


def test_an_honest_assertion_passes_in_every_form_that_is_allowed(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        for head in (
            header(gateway),
            header(gateway, kid=None),
            header(gateway, typ=None),
            header(gateway, typ="client-authentication+jwt"),
            header(gateway, kid=gateway.key.thumbprint),
        ):
            answer = await gateway.ask(gateway.form(signed(gateway.key, head, honest(gateway))))
            assert answer.status_code == 200, (head, answer.text)

    shared.run(check())


@pytest.mark.parametrize(
    "change",
    [
        lambda g: {"aud": "https://another.example"},
        lambda g: {"aud": [g.base_url]},
        lambda g: {"aud": [g.base_url, "https://another.example"]},
        lambda g: {"aud": f"{g.base_url}/oauth/token"},
        lambda g: {"aud": f"{g.base_url}/"},
        lambda g: {"aud": None},
        lambda g: {"iss": OTHER},
        lambda g: {"iss": None},
        lambda g: {"sub": OTHER},
        lambda g: {"sub": None},
        lambda g: {"sub": "sandbox.nobody"},
        lambda g: {"sub": 7},
        lambda g: {"sub": [CASEWORK], "iss": [CASEWORK]},
        lambda g: {"exp": None},
        lambda g: {"exp": "9999999999"},
        lambda g: {"exp": True},
        lambda g: {"exp": g.clock.seconds},
        lambda g: {"exp": g.clock.seconds - 3600},
        lambda g: {"exp": g.clock.seconds + 700},
        lambda g: {"iat": g.clock.seconds + 120},
        lambda g: {"iat": g.clock.seconds - 900},
        lambda g: {"iat": "now"},
        lambda g: {"nbf": g.clock.seconds + 120},
        lambda g: {"jti": None},
        lambda g: {"jti": ""},
        lambda g: {"jti": 12345678},
        lambda g: {"jti": "x" * 257},
    ],
)
def test_an_assertion_with_a_wrong_claim_is_refused(
    shared: Shared, change: Callable[[Running], dict[str, Any]]
) -> None:
    gateway = shared.gateway

    async def check() -> None:
        claims = honest(gateway, **change(gateway))
        refused(await gateway.ask(gateway.form(signed(gateway.key, header(gateway), claims))))

    shared.run(check())


def test_an_unsigned_assertion_is_refused(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        for alg in ("none", "None", "NONE", "", None):
            head = header(gateway, alg=alg)
            refused(await gateway.ask(gateway.form(unsigned(head, honest(gateway)))))
            refused(await gateway.ask(gateway.form(signed(gateway.key, head, honest(gateway)))))
        good = signed(gateway.key, header(gateway), honest(gateway))
        refused(await gateway.ask(gateway.form(good.rpartition(".")[0] + ".")))

    shared.run(check())


def test_a_public_key_is_never_taken_for_a_shared_secret(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        for secret in [*public_texts(gateway.key), b"", CASEWORK.encode()]:
            for alg in ("HS256", "HS384", "HS512"):
                forged = hmacked(secret, header(gateway, alg=alg), honest(gateway))
                refused(await gateway.ask(gateway.form(forged)))

    shared.run(check())


@pytest.mark.parametrize("alg", ["ES384", "ES256K", "RS256", "PS256", "EdDSA", "Ed25519"])
def test_the_header_cannot_choose_an_algorithm_that_is_not_the_keys(shared: Shared, alg: str) -> None:
    gateway = shared.gateway

    async def check() -> None:
        forged = signed(gateway.key, header(gateway, alg=alg), honest(gateway))
        refused(await gateway.ask(gateway.form(forged)))

    shared.run(check())


def test_a_key_that_comes_with_the_assertion_is_worth_nothing(shared: Shared) -> None:
    gateway, own = shared.gateway, ClientKey.generate()

    async def check() -> None:
        headers: list[Claims] = [
            {"jwk": own.jwk},
            {"jwk": own.jwk, "kid": own.kid},
            {"jku": "https://attacker.example/jwks.json", "kid": own.kid},
            {"x5u": "https://attacker.example/cert.pem"},
            {"kid": None},
            {"kid": "../../etc/passwd"},
            {"kid": [gateway.key.kid]},
            {"kid": {}},
        ]
        for more in headers:
            refused(await gateway.ask(gateway.form(signed(own, header(gateway, **more), honest(gateway)))))

    shared.run(check())


def test_another_clients_key_does_not_speak_for_this_client(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        for kid in (gateway.key.kid, gateway.other_key.kid):
            forged = signed(gateway.other_key, header(gateway, kid=kid), honest(gateway))
            refused(await gateway.ask(gateway.form(forged)))

    shared.run(check())


def test_the_endpoint_does_not_tell_who_is_registered(shared: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever cannot sign gets one answer, after one verification of a signature, whatever the client is."""
    gateway, stranger = shared.gateway, ClientKey.generate()
    verified: list[str] = []
    original = Unverified.verified_by

    def counted(self: Unverified, key: PublicKey) -> bool:
        verified.append(type(key).__name__)
        return original(self, key)

    async def check() -> None:
        unreachable = AddClient("sandbox.benefits.far", "sandbox.benefits", "Far", CASEWORK_SCOPES, None, NOBODY)
        await gateway.store.commit(unreachable)
        monkeypatch.setattr(Unverified, "verified_by", counted)
        answers = set()
        for alg, kind in (("ES256", "ECKey"), ("PS256", "RSAKey"), ("Ed25519", "OKPKey"), ("none", "ECKey")):
            for client_id in (CASEWORK, "sandbox.benefits.far", "sandbox.benefits.nobody", "Zyzzyva\0"):
                for kid in (gateway.key.kid, stranger.kid, None):
                    claims = honest(gateway, iss=client_id, sub=client_id)
                    text = signed(stranger, header(gateway, alg=alg, kid=kid), claims)
                    verified.clear()
                    answer = await gateway.ask(gateway.form(text))
                    refused(answer)
                    assert verified == [kind]
                    dated = {"date", "content-length"}
                    answers.add((answer.text, str({k: v for k, v in answer.headers.items() if k not in dated})))
        assert len(answers) == 1

    shared.run(check())


def test_an_assertion_of_another_type_or_with_unknown_extensions_is_refused(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        headers: list[Claims] = [
            {"typ": "dpop+jwt"},
            {"typ": "at+jwt"},
            {"typ": "threekeys-receipt+jwt"},
            {"typ": 1},
            {"crit": ["exp"], "exp": 1},
            {"crit": ["b64"], "b64": False},
        ]
        for more in headers:
            refused(await gateway.ask(gateway.form(signed(gateway.key, header(gateway, **more), honest(gateway)))))

    shared.run(check())


def test_a_claim_that_is_said_twice_is_refused(shared: Shared) -> None:
    from gateway.connector.keys import b64, encoded

    gateway = shared.gateway

    async def check() -> None:
        text = json.dumps(honest(gateway))[:-1] + f', "aud": "{gateway.base_url}"}}'
        head = encoded(header(gateway))
        key = gateway.key._private
        from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
        from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
        from cryptography.hazmat.primitives.hashes import SHA256

        body = f"{head}.{b64(text.encode())}"
        r, s = decode_dss_signature(key.sign(body.encode(), ECDSA(SHA256())))
        token = f"{body}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"
        refused(await gateway.ask(gateway.form(token)))

    shared.run(check())


def test_a_changed_character_anywhere_breaks_the_assertion(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        for at in range(0, 3):
            parts = signed(gateway.key, header(gateway), honest(gateway)).split(".")
            middle = len(parts[at]) // 2
            parts[at] = parts[at][:middle] + ("A" if parts[at][middle] != "A" else "B") + parts[at][middle + 1 :]
            refused(await gateway.ask(gateway.form(".".join(parts))))

    shared.run(check())


def test_a_replayed_assertion_gets_no_second_token(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        assertion = gateway.maker().assertion()
        assert (await gateway.ask(gateway.form(assertion))).status_code == 200
        for _ in range(2):
            refused(await gateway.ask(gateway.form(assertion)))

    shared.run(check())


def test_an_assertion_sent_twenty_times_at_once_gets_one_token(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        form = gateway.form(gateway.maker().assertion())
        answers = await asyncio.gather(*(gateway.ask(form) for _ in range(20)))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 19

    shared.run(check())


def test_an_assertion_replayed_at_another_gateway_is_refused(tmp_path: Path, database_url: str) -> None:
    async def check() -> None:
        async with (
            running(tmp_path, database_url) as first,
            running(tmp_path, database_url, base_url=first.base_url) as second,
        ):
            assertion = first.maker().assertion()
            assert (await first.ask(first.form(assertion))).status_code == 200
            for form, status in ((first.form(assertion), 401), (first.form(), 200)):
                proof = {"DPoP": first.maker().proof("POST", "/oauth/token")}
                answer = await first.http.post(f"{second.address}/oauth/token", data=form, headers=proof)
                assert answer.status_code == status, answer.text

    asyncio.run(check())


def test_every_parameter_may_stand_once_only(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        from urllib.parse import urlencode

        form = {**gateway.form(), "scope": "consents:read"}
        for name in form:
            body = urlencode([*form.items(), (name, form[name])])
            answer = await gateway.http.post(
                f"{gateway.base_url}/oauth/token",
                content=body,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "DPoP": gateway.maker().proof("POST", "/oauth/token"),
                },
            )
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), name

    shared.run(check())


def test_a_token_request_without_a_right_proof_is_refused_and_uses_nothing_up(shared: Shared) -> None:
    gateway = shared.gateway
    maker = gateway.maker()

    async def check() -> None:
        form = gateway.form()
        url = f"{gateway.base_url}/oauth/token"
        for proof in (
            None,
            "",
            maker.proof("GET", "/oauth/token"),
            maker.proof("POST", "/v1/exchanges"),
            signed(gateway.key, {"alg": "ES256", "typ": "dpop+jwt"}, {}),
        ):
            answer = await gateway.http.post(url, data=form, headers={} if proof is None else {"DPoP": proof})
            assert (answer.status_code, answer.json()["error"]) == (400, "invalid_dpop_proof"), answer.text
        two = [("DPoP", maker.proof("POST", "/oauth/token")), ("DPoP", maker.proof("POST", "/oauth/token"))]
        assert (await gateway.http.post(url, data=form, headers=two)).json()["error"] == "invalid_request"
        assert (await gateway.ask(form)).status_code == 200

    shared.run(check())


def test_a_proof_of_the_token_endpoint_cannot_be_sent_again(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        proof = gateway.maker().proof("POST", "/oauth/token")
        assert (await gateway.ask(gateway.form(), DPoP=proof)).status_code == 200
        again = await gateway.ask(gateway.form(), DPoP=proof)
        assert (again.status_code, again.json()["error"]) == (400, "invalid_dpop_proof")

    shared.run(check())


def test_basic_and_bearer_authentication_of_a_client_are_refused(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        for value in ("Basic c2FuZGJveDpzZWNyZXQ=", "Bearer abc"):
            answer = await gateway.ask(gateway.form(), Authorization=value)
            refused(answer)
            assert answer.headers["www-authenticate"].startswith("private_key_jwt")

    shared.run(check())
