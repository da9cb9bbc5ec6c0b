"""An access token's header may be anything that a stranger sends: it is refused, and nothing breaks."""

import pytest

from gateway.connector.keys import b64
from tests.auth.conftest import Shared
from tests.auth.forging import signed
from tests.auth.test_attacks_on_requests import PATH, head, honest, refused

DEEP = b"[" * 1500


@pytest.mark.parametrize(
    "header",
    [
        DEEP,
        b'{"alg":["ES256"],"typ":"at+jwt"}',
        b'{"alg":{}}',
        b'{"alg":null}',
        b'{"alg":7}',
        b"7",
        b"",
        b'{"alg":"E',
    ],
    ids=["deep", "a list", "an object", "null", "a number", "no object", "nothing", "cut off"],
)
@pytest.mark.parametrize("payload", [b"{}", DEEP], ids=["shallow", "deep payload"])
def test_a_header_of_any_shape_is_no_token(shared: Shared, header: bytes, payload: bytes) -> None:
    gateway = shared.gateway
    token = f"{b64(header)}.{b64(payload)}.{b64(bytes(64))}"

    async def check() -> None:
        proof = signed(gateway.key, head(gateway.key), honest(gateway, token))
        answer = await gateway.http.get(
            gateway.base_url + PATH, headers={"Authorization": f"DPoP {token}", "DPoP": proof}
        )
        refused(answer, "invalid_token")

    shared.run(check())
