"""The key directory: made once, rotated by one new file, shared by several gateways."""

import pickle
import stat
import threading
from pathlib import Path

import pytest

from gateway.signing import directory
from gateway.signing.directory import KeyDirectory
from gateway.signing.errors import KeyFileError
from gateway.signing.jws import verify_jws
from gateway.signing.keys import Purpose, generate


def test_keys_and_their_directory_are_for_their_owner_only(tmp_path: Path) -> None:
    KeyDirectory(tmp_path / "keys").ensure()
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    files = sorted((tmp_path / "keys").iterdir())
    assert [file.name for file in files] == ["checkpoint-0001.pem", "receipt-0001.pem", "token-0001.pem"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_second_start_reads_the_same_keys(tmp_path: Path) -> None:
    first = KeyDirectory(tmp_path).ensure().jwks()
    assert KeyDirectory(tmp_path).ensure().jwks() == first


def test_no_private_member_is_published(tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path).ensure()
    keys.rotate(Purpose.TOKEN)
    for jwk in keys.jwks()["keys"]:
        assert set(jwk) <= {"kty", "crv", "x", "y", "kid", "alg", "use", "purpose", "handOver"}


def test_a_rotated_key_signs_and_the_one_before_still_verifies(tmp_path: Path) -> None:
    keys = KeyDirectory(tmp_path).ensure()
    old = keys.current(Purpose.RECEIPT)
    token = old.sign_jws("x+jwt", b'{"a":1}')
    new = keys.rotate(Purpose.RECEIPT)
    assert new.kid != old.kid
    assert keys.current(Purpose.RECEIPT) is new
    assert verify_jws(token, "x+jwt", keys.jwks()) == {"a": 1}
    assert [key.kid for key in keys.live(Purpose.RECEIPT)] == [old.kid, new.kid]


def test_another_gateway_finds_a_rotated_key_by_its_id(tmp_path: Path) -> None:
    one, other = KeyDirectory(tmp_path).ensure(), KeyDirectory(tmp_path).ensure()
    new = one.rotate(Purpose.TOKEN)
    found = other.find(Purpose.TOKEN, new.kid)
    assert found is not None
    assert found.jwk == new.jwk
    assert other.current(Purpose.TOKEN).kid == new.kid
    assert other.find(Purpose.RECEIPT, new.kid) is None


def test_gateways_that_start_at_the_same_moment_agree_on_the_keys(tmp_path: Path) -> None:
    barrier = threading.Barrier(6)
    found: list[tuple[str, ...]] = []

    def start() -> None:
        barrier.wait()
        keys = KeyDirectory(tmp_path / "keys").ensure()
        found.append(tuple(keys.current(purpose).kid for purpose in Purpose))

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert len(list((tmp_path / "keys").iterdir())) == 3


def test_a_key_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    KeyDirectory(tmp_path).ensure()
    (tmp_path / "token-0001.pem").chmod(0o604)
    with pytest.raises(KeyFileError, match=r"token-0001\.pem is open to every user"):
        KeyDirectory(tmp_path).ensure()


def test_a_file_that_is_no_key_is_named_and_not_shown(tmp_path: Path) -> None:
    KeyDirectory(tmp_path).ensure()
    path = tmp_path / "receipt-0002.pem"
    path.write_text("sesame")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"receipt-0002\.pem") as caught:
        KeyDirectory(tmp_path).ensure()
    assert "sesame" not in str(caught.value)


def test_a_key_of_the_wrong_algorithm_is_refused(tmp_path: Path) -> None:
    KeyDirectory(tmp_path).ensure()
    path = tmp_path / "receipt-0002.pem"
    path.write_bytes(generate(Purpose.CHECKPOINT).to_pem())
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match="must hold a P-256 key"):
        KeyDirectory(tmp_path).ensure()


def test_without_keys_nothing_signs(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="there is no key for token"):
        KeyDirectory(tmp_path).current(Purpose.TOKEN)


def test_other_files_in_the_directory_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "README").write_text("keep out")
    (tmp_path / "token-1.pem.bak").write_text("x")
    KeyDirectory(tmp_path).ensure()
    assert {"README", "token-1.pem.bak"} <= {path.name for path in tmp_path.iterdir()}


def test_a_directory_travels_as_its_path_and_a_file_that_cannot_be_read_takes_no_key_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = KeyDirectory(tmp_path).ensure()
    parcel = pickle.dumps(keys)
    before = keys.current(Purpose.RECEIPT)
    assert b"PRIVATE" not in parcel
    assert len(parcel) < 400
    monkeypatch.setattr(directory, "LOOK", 0.0)
    (tmp_path / "receipt-0002.pem").write_text("no key")
    (tmp_path / "receipt-0002.pem").chmod(0o600)
    assert pickle.loads(parcel).current(Purpose.RECEIPT).kid == before.kid
    (tmp_path / "receipt-0002.pem").unlink()
    KeyDirectory(tmp_path).rotate(Purpose.RECEIPT)
    assert pickle.loads(parcel).current(Purpose.RECEIPT).kid != before.kid
