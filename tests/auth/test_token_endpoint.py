"""The token endpoint, over real HTTP: what it gives, and how it refuses what is merely wrong."""

import asyncio
from pathlib import Path

import pytest

from gateway.agencies.registration import UpdateClient
from gateway.agencies.standing import ReactivateClient, SuspendAgency, SuspendClient
from gateway.connector.keys import ClientKey
from gateway.signing.jws import verify_jws
from gateway.signing.keys import Purpose
from tests.auth.conftest import Shared
from tests.auth.running import CASEWORK, claims_of, running


def test_a_client_gets_a_token_bound_to_its_key_and_uses_it(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        answer = await gateway.ask()
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        body = answer.json()
        assert body["token_type"] == "DPoP"
        assert body["expires_in"] == 300
        assert body["scope"] == "consents:read exchanges:write"
        claims = claims_of(body["access_token"])
        assert (claims["iss"], claims["aud"]) == (gateway.base_url, gateway.base_url)
        assert (claims["sub"], claims["client_id"], claims["agency"]) == (CASEWORK, CASEWORK, "sandbox.benefits")
        assert claims["cnf"] == {"jkt": gateway.key.thumbprint}
        assert claims["exp"] - claims["iat"] == 300
        token = body["access_token"]
        shown = await gateway.get(token, gateway.maker().proof("GET", "/v1/consents/c1", token))
        assert shown.json() == {"client": CASEWORK, "agency": "sandbox.benefits"}

    shared.run(check())


def test_a_narrower_scope_is_granted_and_a_call_outside_it_is_refused(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        token = await gateway.token(scope="exchanges:write")
        assert claims_of(token)["scope"] == "exchanges:write"
        answer = await gateway.get(token, gateway.maker().proof("GET", "/v1/consents/c1", token))
        assert answer.status_code == 403
        assert 'error="insufficient_scope", scope="consents:read"' in answer.headers["www-authenticate"]

    shared.run(check())


@pytest.mark.parametrize(
    ("change", "status", "error"),
    [
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        ({"grant_type": ""}, 400, "invalid_request"),
        ({"scope": "everything"}, 400, "invalid_scope"),
        ({"scope": "agreements:accept"}, 400, "invalid_scope"),
        ({"client_assertion": ""}, 400, "invalid_request"),
        ({"client_assertion": "", "client_assertion_type": ""}, 401, "invalid_client"),
        (
            {"client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
            400,
            "invalid_request",
        ),
        ({"client_assertion": "no.jwt"}, 401, "invalid_client"),
        ({"client_id": "sandbox.licensing.counter"}, 400, "invalid_request"),
        ({"client_secret": "swordfish"}, 401, "invalid_client"),
        ({"resource": "https://other.example"}, 400, "invalid_target"),
    ],
)
def test_a_wrong_parameter_is_refused_as_rfc_6749_says(
    shared: Shared, change: dict[str, str], status: int, error: str
) -> None:
    gateway = shared.gateway
    answer = shared.run(gateway.ask({**gateway.form(), **change}))
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert answer.headers["cache-control"] == "no-store"
    assert "access_token" not in answer.json()
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_body_that_is_no_form_is_a_400_and_never_a_422(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        url = f"{gateway.base_url}/oauth/token"
        proof = {"DPoP": gateway.maker().proof("POST", "/oauth/token")}
        form = gateway.form()
        sent = [
            await gateway.http.post(url, json=form, headers=proof),
            await gateway.http.post(url, headers=proof),
            await gateway.http.post(url, content=b"", headers={**proof, "Content-Type": _FORM}),
            await gateway.http.post(url, content=b"a", headers={**proof, "Content-Type": _FORM}),
            await gateway.http.post(url, content=b"a=\xff", headers={**proof, "Content-Type": _FORM}),
            await gateway.http.post(url, content=b"a=%ff", headers={**proof, "Content-Type": _FORM}),
            await gateway.http.post(url, content=b"a=" + b"a" * 40_000, headers={**proof, "Content-Type": _FORM}),
            await gateway.http.post(url, data=form, headers={**proof, "Content-Type": f"{_FORM}; charset=utf-16"}),
            await gateway.http.post(f"{url}?scope=consents:read", data=form, headers=proof),
        ]
        assert [answer.status_code for answer in sent] == [400] * len(sent)
        assert {answer.json()["error"] for answer in sent} == {"invalid_request"}

    shared.run(check())


_FORM = "application/x-www-form-urlencoded"


def test_a_suspended_client_or_agency_gets_no_token_until_it_is_reactivated(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            await gateway.store.commit(SuspendClient(CASEWORK))
            assert (await gateway.ask()).json()["error"] == "invalid_client"
            await gateway.store.commit(ReactivateClient(CASEWORK))
            assert (await gateway.ask()).status_code == 200
            await gateway.store.commit(SuspendAgency("sandbox.benefits"))
            refused = await gateway.ask()
            assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")

    asyncio.run(check())


def test_a_replaced_key_set_takes_effect_at_once(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            new = ClientKey.generate()
            both = {"keys": [*gateway.key.public_jwks()["keys"], *new.public_jwks()["keys"]]}
            await gateway.store.commit(UpdateClient(CASEWORK, jwks=both))
            for key in (gateway.key, new):
                assert (await gateway.ask(gateway.form(gateway.maker(key).assertion()))).status_code == 200
            await gateway.store.commit(UpdateClient(CASEWORK, jwks=new.public_jwks()))
            assert (await gateway.ask()).json()["error"] == "invalid_client"
            assert (await gateway.ask(gateway.form(gateway.maker(new).assertion()))).status_code == 200

    asyncio.run(check())


def test_a_rotated_token_key_leaves_tokens_that_are_out_valid(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            before = await gateway.token()
            gateway.auth.keys.rotate(Purpose.TOKEN)
            after = await gateway.token()
            for token in (before, after):
                answer = await gateway.get(token, gateway.maker().proof("GET", "/v1/consents/c1", token))
                assert answer.status_code == 200

    asyncio.run(check())


def test_metadata_says_what_the_endpoint_does(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        server, resource, jwks = [
            (await gateway.http.get(f"{gateway.base_url}/.well-known/{name}")).json()
            for name in ("oauth-authorization-server", "oauth-protected-resource", "jwks.json")
        ]
        assert server["issuer"] == gateway.base_url
        assert server["token_endpoint"] == f"{gateway.base_url}/oauth/token"
        assert server["token_endpoint_auth_methods_supported"] == ["private_key_jwt"]
        assert server["grant_types_supported"] == ["client_credentials"]
        assert resource["resource"] == gateway.base_url
        assert resource["authorization_servers"] == [gateway.base_url]
        assert all("d" not in key for key in jwks["keys"])
        assert verify_jws(await gateway.token(), "at+jwt", jwks)["client_id"] == CASEWORK

    shared.run(check())
