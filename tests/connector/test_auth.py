"""`ThreekeysAuth` against a real gateway's token endpoint."""

import asyncio
from pathlib import Path

import httpx
import pytest

from gateway.agencies.standing import SuspendClient
from gateway.connector.auth import ThreekeysAuth
from gateway.connector.errors import TokenRefused, Unreachable
from gateway.connector.keys import ClientKey
from gateway.signing.keys import Purpose
from tests.auth.running import CASEWORK, running


def test_a_python_caller_needs_no_more_than_a_client_id_and_a_key_file(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            auth = ThreekeysAuth(CASEWORK, tmp_path / "casework.jwk", gateway.base_url)
            asked: list[str] = []

            async def note(request: httpx.Request) -> None:
                asked.append(request.url.path)

            hooks = {"request": [note]}
            async with httpx.AsyncClient(
                auth=auth, base_url=gateway.base_url, trust_env=False, event_hooks=hooks
            ) as client:
                for _ in range(3):
                    answer = await client.get("/v1/consents/c1?page=2")
                    assert answer.json() == {"client": CASEWORK, "agency": "sandbox.benefits"}
                posted = await client.post("/v1/exchanges", json={"a": 1})
                assert posted.status_code == 200
                many = await asyncio.gather(*(client.get("/v1/consents/c1") for _ in range(20)))
                assert {one.status_code for one in many} == {200}

    asyncio.run(check())


def test_twenty_first_calls_at_once_ask_for_one_token(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            auth = ThreekeysAuth(CASEWORK, gateway.key, gateway.base_url, clock=gateway.clock)
            made: list[str] = []
            assertion = auth._maker.assertion

            def counted() -> str:
                made.append(assertion())
                return made[-1]

            auth._maker.assertion = counted  # type: ignore[method-assign]  # to count, not to change
            async with httpx.AsyncClient(auth=auth, base_url=gateway.base_url, trust_env=False) as client:
                answers = await asyncio.gather(*(client.get("/v1/consents/c1") for _ in range(20)))
                assert {answer.status_code for answer in answers} == {200}
                assert len(made) == 1
                gateway.clock.moved = 275  # its token is renewed before it ends
                assert (await client.get("/v1/consents/c1")).status_code == 200
                assert len(made) == 2

    asyncio.run(check())


def test_a_refused_token_is_renewed_once(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            auth = ThreekeysAuth(CASEWORK, gateway.key, gateway.base_url, clock=gateway.clock)
            async with httpx.AsyncClient(auth=auth, base_url=gateway.base_url, trust_env=False) as client:
                assert (await client.get("/v1/consents/c1")).status_code == 200
                auth._token.text = gateway.auth.keys.current(Purpose.TOKEN).sign_jws("at+jwt", b'{"exp": 1}')
                assert (await client.get("/v1/consents/c1")).status_code == 200
                await gateway.store.commit(SuspendClient(CASEWORK))
                with pytest.raises(TokenRefused, match="suspended") as refused:
                    await client.get("/v1/consents/c1")
                assert (refused.value.status, refused.value.error) == (401, "invalid_client")

    asyncio.run(check())


def test_a_scope_that_is_missing_is_told_and_not_tried_again(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            auth = ThreekeysAuth(CASEWORK, gateway.key, gateway.base_url, scope="exchanges:write")
            async with httpx.AsyncClient(auth=auth, base_url=gateway.base_url, trust_env=False) as client:
                assert (await client.get("/v1/consents/c1")).status_code == 403

    asyncio.run(check())


def test_a_token_never_leaves_for_another_host(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            auth = ThreekeysAuth(CASEWORK, gateway.key, gateway.base_url)
            port = int(gateway.base_url.rpartition(":")[2])
            async with httpx.AsyncClient(auth=auth, trust_env=False) as client:
                for url in (
                    f"http://localhost:{port}/v1/consents/c1",
                    f"https://127.0.0.1:{port}/v1/consents/c1",
                    f"http://127.0.0.1:{port + 1}/v1/consents/c1",
                ):
                    with pytest.raises(Unreachable):
                        await client.get(url)

    asyncio.run(check())


def test_an_unregistered_key_is_told_as_the_gateway_says_it(tmp_path: Path) -> None:
    async def check() -> None:
        async with running(tmp_path) as gateway:
            auth = ThreekeysAuth(CASEWORK, ClientKey.generate(), gateway.base_url)
            async with httpx.AsyncClient(auth=auth, base_url=gateway.base_url, trust_env=False) as client:
                with pytest.raises(TokenRefused, match="not signed by a registered key"):
                    await client.get("/v1/consents/c1")

    asyncio.run(check())
