"""Pseudonyms of identifiers: keyed, per scheme, found again after a rotation."""

import hmac
from pathlib import Path

import pytest

from gateway.signing.errors import KeyFileError
from gateway.signing.pseudonyms import PseudonymKeys


def test_the_same_identifier_gives_the_same_pseudonym_in_every_gateway(tmp_path: Path) -> None:
    one, other = PseudonymKeys(tmp_path).ensure(), PseudonymKeys(tmp_path).ensure()
    assert one.digest("nino", "QQ123456A") == other.digest("nino", "QQ123456A")


def test_another_key_gives_another_pseudonym(tmp_path: Path) -> None:
    one, other = PseudonymKeys(tmp_path / "a").ensure(), PseudonymKeys(tmp_path / "b").ensure()
    assert one.digest("nino", "QQ123456A")[0][1] != other.digest("nino", "QQ123456A")[0][1]


def test_scheme_and_value_cannot_be_shifted_into_one_another(tmp_path: Path) -> None:
    keys = PseudonymKeys(tmp_path).ensure()
    assert keys.digest("nino", "x") != keys.digest("nhs-number", "x")
    assert keys.digest("a", "bc") != keys.digest("ab", "c")
    with pytest.raises(ValueError, match="NUL"):
        keys.digest("a\0b", "c")


def test_after_a_rotation_the_new_key_comes_first_and_the_old_still_finds(tmp_path: Path) -> None:
    keys = PseudonymKeys(tmp_path).ensure()
    before = keys.digest("nino", "QQ123456A")
    new_id = keys.rotate()
    after = keys.digest("nino", "QQ123456A")
    assert len(after) == 2
    assert after[0][0] == new_id
    assert after[1:] == before


def test_it_is_hmac_sha_256_under_the_key_of_the_file(tmp_path: Path) -> None:
    keys = PseudonymKeys(tmp_path).ensure()
    secret = bytes.fromhex((tmp_path / "pseudonym-0001.key").read_text())
    expected = hmac.new(secret, b"identifier\0nino\0QQ123456A", "sha256").hexdigest()
    assert keys.digest("nino", "QQ123456A")[0][1] == expected


def test_a_broken_key_file_is_named_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym-0001.key"
    path.write_text("abcdef")
    path.chmod(0o600)
    with pytest.raises(KeyFileError, match=r"pseudonym-0001\.key") as caught:
        PseudonymKeys(tmp_path).ensure()
    assert "abcdef" not in str(caught.value)
