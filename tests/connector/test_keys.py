"""A client's key file."""

import json
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, SECP384R1, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
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


@pytest.mark.parametrize("form", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL])
@pytest.mark.parametrize(
    "before", ["", "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"]
)
def test_a_key_as_openssl_writes_it_is_taken(tmp_path: Path, form: PrivateFormat, before: str) -> None:
    made = generate_private_key(SECP256R1())
    path = written(tmp_path, before + made.private_bytes(Encoding.PEM, form, NoEncryption()).decode())
    expected = ECKey.import_key(made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    assert ClientKey.load(path).kid == expected.thumbprint()


def test_a_pem_that_is_encrypted_public_or_of_another_curve_is_refused(tmp_path: Path) -> None:
    made = generate_private_key(SECP256R1())
    locked = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a password"))
    public = made.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    other = generate_private_key(SECP384R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for text in (locked, public, other, b"-----BEGIN PRIVATE KEY-----\nnothing\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(KeyUnusable, match="no private P-256 key"):
            ClientKey.load(written(tmp_path, text.decode()))


def written(folder: Path, text: str) -> Path:
    path = folder / "client.pem"
    path.touch(mode=0o600)
    path.write_text(text)
    return path
