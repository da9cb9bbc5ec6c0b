"""A token endpoint of a source that gives no token: whose fault it is, and never that of a missing record."""

import pytest

from adapters.errors import Misconfigured, Permanent, Retriable
from adapters.http import HttpClient
from adapters.oauth import ClientCredentials, OAuthSettings
from tests.adapters.servers import answer, serving

pytestmark = pytest.mark.anyio


async def asked(status: int, **said: str) -> None:
    """Ask an endpoint that answers so for a token."""
    async with serving(lambda _: answer(said, status)) as server:
        client = HttpClient(server.url)
        settings = {"tokenUrl": "/token", "clientId": "threekeys", "clientSecret": "env:OAUTH_SECRET"}
        credentials = ClientCredentials(OAuthSettings.model_validate(settings), client)
        try:
            await credentials.token(2.0)
        finally:
            await credentials.aclose()
            await client.aclose()


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTH_SECRET", "swordfish")


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 422])
async def test_an_endpoint_that_is_not_there_or_refuses_is_misconfigured(status: int) -> None:
    with pytest.raises(Misconfigured, match=f"answered {status}: check `oauth.tokenUrl`"):
        await asked(status)


@pytest.mark.parametrize(
    ("base", "token_url", "asked"),
    [
        ("/api", "/token", "/api/token"),
        ("/api", "{origin}/token?tenant=7", "/token"),
        ("", "/oauth/token?tenant=7", "/oauth/token"),
    ],
    ids=["behind a prefix", "whole", "at the root"],
)
async def test_the_address_that_was_asked_is_named_without_its_query(base: str, token_url: str, asked: str) -> None:
    async with serving(lambda _: answer({}, 401)) as server:
        client = HttpClient(server.url + base)
        settings = {
            "tokenUrl": token_url.format(origin=server.url),
            "clientId": "c",
            "clientSecret": "env:OAUTH_SECRET",
        }
        credentials = ClientCredentials(OAuthSettings.model_validate(settings), client)
        with pytest.raises(Misconfigured, match=f"the token endpoint {server.url}{asked} answered 401:"):
            await credentials.token(2.0)
        await credentials.aclose()
        await client.aclose()


@pytest.mark.parametrize("status", [408, 425, 429, 503])
async def test_an_endpoint_that_cannot_answer_now_may_be_asked_again(status: int) -> None:
    with pytest.raises(Retriable):
        await asked(status)


async def test_an_answer_without_a_token_is_permanent() -> None:
    with pytest.raises(Permanent, match="without a Bearer token"):
        await asked(200, token_type="Bearer")
