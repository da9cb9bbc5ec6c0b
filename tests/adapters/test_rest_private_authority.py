"""The REST adapter against a system behind an authority of its government's own."""

from pathlib import Path

import pytest

from adapters.errors import Misconfigured
from adapters.rest import RestAdapter, RestSettings
from tests.adapters.servers import serving
from tests.adapters.test_rest import KNOWN, SETTINGS, Benefits
from tests.authority import Authority

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENEFITS_SECRET", "s/cret")


async def test_a_source_behind_a_private_authority_is_trusted_and_so_is_its_token_endpoint_elsewhere(
    tmp_path: Path,
) -> None:
    authority, benefits = Authority(tmp_path), Benefits()
    async with (
        serving(benefits, ssl=authority.context()) as source,
        serving(benefits, ssl=authority.context()) as issuer,
    ):
        oauth = {**SETTINGS["oauth"], "tokenUrl": f"https://127.0.0.1:{issuer.port}/token"}
        settings = {**SETTINGS, "baseUrl": f"https://127.0.0.1:{source.port}", "oauth": oauth}
        trusting = RestAdapter(RestSettings.model_validate({**settings, "caFile": str(authority.file)}))
        assert await trusting.fetch(KNOWN) is not None
        assert len(issuer.asked) == 1
        await trusting.aclose()
        with pytest.raises(Misconfigured, match=r"`caFile`: .*gone.pem cannot be read: No such file"):
            RestAdapter(RestSettings.model_validate({**settings, "caFile": str(tmp_path / "gone.pem")}))
        unaware = RestAdapter(RestSettings.model_validate(settings))
        with pytest.raises(Misconfigured, match=r"does not verify \(.*\): give that of its authority as `caFile`"):
            await unaware.fetch(KNOWN)
        await unaware.aclose()
