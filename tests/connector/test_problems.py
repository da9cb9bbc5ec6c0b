"""The connector's own problems: each has a type that leads to a page of the gateway, and stands in the docs."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx

from gateway.connector.keys import ClientKey
from gateway.connector.local import LocalConnector
from gateway.connector.problems import KINDS
from gateway.document import connector_types, problem_types
from schemas.api.problems import Problem
from tests.auth.running import served
from tests.world import CONSUMER, World

DOCS = Path(__file__).parents[2] / "docs"


def test_each_type_leads_to_a_page_of_the_gateway(tmp_path: Path) -> None:
    with World(f"sqlite:///{tmp_path / 'gateway.db'}") as world:

        async def asked(port: int, **headers: str) -> dict[str, Any]:
            upstream = f"http://127.0.0.1:{port}"
            connector = LocalConnector(upstream, {f"{CONSUMER}.casework": ClientKey.generate()})
            async with served(connector) as url, httpx.AsyncClient(trust_env=False) as client:
                answer = await client.get(f"{url}/v1/permissions", headers=headers)
                assert answer.headers["content-type"] == "application/problem+json"
                body: dict[str, Any] = answer.json()
                assert answer.status_code == body["status"]
                assert body.pop("source") == "connector"
                Problem.model_validate_json(json.dumps(body))
                assert body["type"] == f"{upstream}/problems/{body['code']}"
                return body

        here = world.settings.port
        found = [
            asyncio.run(asked(here, Origin="null")),
            asyncio.run(asked(here, Host="evil.example")),
            asyncio.run(asked(here, DPoP="x")),
            asyncio.run(asked(here, **{"Threekeys-Client": "x"})),
            asyncio.run(asked(here)),
            asyncio.run(asked(9)),
        ]
        assert [one["code"] for one in found] == [
            "from-a-browser", "not-loopback", "signs-itself", "client-not-held", "token-refused",
            "gateway-unreachable",
        ]  # fmt: skip
        types = {kind.code: kind for kind in KINDS}
        for one in found:
            assert (one["title"], one["status"]) == (types[one["code"]].title, types[one["code"]].status)
        index = world.anyone().get("/problems").text
        for code, kind in types.items():
            page = world.anyone().get(f"/problems/{code}")
            assert page.status_code == 200
            assert "no gateway" in page.text
            assert "requestId" not in page.text
            assert kind.title.replace("'", "&#39;") in page.text
            assert f"problems/{code}" in index


def test_no_code_is_the_gateway_s_too_and_all_are_in_the_docs() -> None:
    assert problem_types().keys() & connector_types().keys() == set()
    for page in ("errors.md", "guide-caller.md"):
        text = (DOCS / page).read_text(encoding="utf-8")
        assert {kind.code for kind in KINDS if f"`{kind.code}`" not in text} == set()
