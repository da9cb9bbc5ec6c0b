"""A token that is bound to a key passes under the scheme DPoP and under no other (RFC 9449, section 7.1)."""

import pytest

from tests.auth.conftest import Shared
from tests.auth.forging import signed
from tests.auth.sign_in import KEY
from tests.auth.test_people import claims, decide, header


@pytest.mark.parametrize("scheme", ["Basic", "DPoPX", "Token", "Bearer"])
def test_a_bound_persons_token_passes_under_no_other_scheme(shared: Shared, scheme: str) -> None:
    gateway = shared.gateway

    async def check() -> None:
        token = signed(KEY, header(), claims(gateway, cnf={"jkt": gateway.key.thumbprint}))
        proof = gateway.maker().proof("POST", "/v1/decisions", token)
        assert (await decide(gateway, token, scheme, DPoP=proof)).status_code == 401
        assert (await decide(gateway, token, "dpop", DPoP=proof)).status_code == 200

    shared.run(check())
