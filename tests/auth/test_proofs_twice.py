"""A DPoP proof is good once: its id, of its key, at whichever gateway."""

import asyncio
from pathlib import Path

from tests.auth.conftest import Shared
from tests.auth.forging import signed
from tests.auth.running import CASEWORK, OTHER, claims_of, running
from tests.auth.test_attacks_on_requests import head, honest, refused


def test_a_proof_sent_twice_is_refused_the_second_time(shared: Shared) -> None:
    gateway = shared.gateway

    async def check() -> None:
        token = await gateway.token()
        proof = signed(gateway.key, head(gateway.key), honest(gateway, token))
        answers = await asyncio.gather(*(gateway.get(token, proof) for _ in range(10)))
        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9
        refused(await gateway.get(token, proof))
        resigned = signed(
            gateway.key,
            head(gateway.key),
            honest(gateway, token, jti=claims_of(proof)["jti"], iat=claims_of(proof)["iat"]),
        )
        refused(await gateway.get(token, resigned))

    shared.run(check())


def test_two_clients_whose_proofs_bear_the_same_id_do_not_stand_in_each_other_s_way(shared: Shared) -> None:
    gateway = shared.gateway
    same = {"jti": "one and the same id", "iat": gateway.clock.seconds}

    async def check() -> None:
        for key, client in ((gateway.key, CASEWORK), (gateway.other_key, OTHER)):
            at_the_token_endpoint = same | {"htm": "POST", "htu": f"{gateway.base_url}/oauth/token"}
            form = gateway.form(gateway.maker(key, client).assertion())
            answer = await gateway.ask(form, DPoP=signed(key, head(key), at_the_token_endpoint))
            assert answer.status_code == 200, answer.text
        same["jti"] = "another id that both took"
        for key, client in ((gateway.key, CASEWORK), (gateway.other_key, OTHER)):
            maker = gateway.maker(key, client)
            answer = await gateway.ask(gateway.form(maker.assertion()), DPoP=maker.proof("POST", "/oauth/token"))
            token = answer.json()["access_token"]
            proof = signed(key, head(key), honest(gateway, token, **same))
            assert (await gateway.get(token, proof)).status_code == 200
            refused(await gateway.get(token, proof))

    shared.run(check())


def test_a_proof_used_at_one_gateway_is_refused_in_the_commit_of_another(tmp_path: Path, database_url: str) -> None:
    async def check() -> None:
        async with (
            running(tmp_path, database_url) as first,
            running(tmp_path, database_url, base_url=first.base_url) as second,
        ):
            token = await first.token()
            for _ in range(3):
                proof = first.maker().proof("POST", "/v1/exchanges", token)
                sent = {"Authorization": f"DPoP {token}", "DPoP": proof}
                answers = await asyncio.gather(
                    *(first.http.post(f"{gateway.address}/v1/exchanges", headers=sent) for gateway in (first, second))
                )
                assert sorted(answer.status_code for answer in answers) == [200, 401]
                refused(next(answer for answer in answers if answer.status_code == 401))

    asyncio.run(check())
