"""A client's key file."""

import json
import stat
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from gateway.connector.errors import KeyUnusable
from gateway.connector.keys import ClientKey, load_or_generate


def test_a_key_is_written_for_its_owner_only_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "client.jwk"
    key = load_or_generate(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = load_or_generate(path)
    assert again.jwk == key.jwk
    assert again.kid == key.thumbprint == ECKey.import_key({**key.public_jwks()["keys"][0]}).thumbprint()
    with pytest.raises(KeyUnusable):
        ClientKey.generate().save(path)
    assert ClientKey.load(path).jwk == key.jwk


def test_what_it_signs_verifies_with_what_is_registered_for_it() -> None:
    key = ClientKey.generate()
    (public,) = key.public_jwks()["keys"]
    assert "d" not in public
    token = key.sign({"typ": "JWT"}, {"a": 1})
    verified = jws.deserialize_compact(token, ECKey.import_key(public), algorithms=["ES256"])
    assert json.loads(verified.payload or b"") == {"a": 1}


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "client.jwk"
    load_or_generate(path)
    for mode in (0o640, 0o604, 0o660):
        path.chmod(mode)
        with pytest.raises(KeyUnusable, match="chmod 600"):
            ClientKey.load(path)


def test_what_is_no_private_p256_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    good = ECKey.generate_key("P-256").as_dict(private=True)
    for number, content in enumerate(
        (
            "",
            "[]",
            "{}",
            json.dumps(ECKey.generate_key("P-384").as_dict(private=True)),
            json.dumps(ECKey.generate_key("P-256").as_dict(private=False)),
            json.dumps({**good, "d": "AA"}),
            json.dumps({**good, "d": 5}),
            json.dumps({**good, "x": good["y"]}),
        )
    ):
        path = tmp_path / f"{number}.jwk"
        path.write_text(content)
        path.chmod(0o600)
        with pytest.raises(KeyUnusable) as refused:
            ClientKey.load(path)
        assert str(good["d"]) not in str(refused.value)
    with pytest.raises(KeyUnusable, match="cannot be read"):
        ClientKey.load(tmp_path / "nowhere.jwk")
