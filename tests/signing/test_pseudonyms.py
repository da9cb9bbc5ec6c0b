"""Pseudonyms of identifiers: keyed, per scheme, found again after a rotation."""

import hmac
from pathlib import Path

import pytest

from gateway.signing.errors import KeyFileError
from gateway.signing.pseudonyms import SETTLING, PseudonymKeys
from tests.clock import MovableClock


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


def test_a_new_key_is_looked_up_by_then_written_beside_the_old_and_then_alone(tmp_path: Path) -> None:
    clock = MovableClock()
    keys, other = (PseudonymKeys(tmp_path, clock).ensure() for _ in range(2))
    [(old_id, _)] = before = keys.digest("nino", "QQ123456A")
    new_id = keys.rotate(lead=60)

    def now(**ahead: float) -> tuple[list[str], int]:
        """(key ids in their order, how many are written with): of every gateway that reads the directory by then."""
        clock.advance(**ahead)
        seen = []
        for one in (keys, other):
            one.refresh()
            seen.append(([key_id for key_id, _ in one.digest("nino", "QQ123456A")], one.written))
        assert seen[0] == seen[1]
        return seen[0]

    assert now() == ([old_id, new_id], 1)
    assert now(seconds=57) == ([old_id, new_id], 1)
    assert "written with from" in dict(keys.phases())[new_id]
    assert now(seconds=4) == ([new_id, old_id], 2)
    assert dict(keys.phases()) == {old_id: "written with", new_id: "written with"}
    assert now(seconds=SETTLING - 4) == ([new_id, old_id], 2)
    assert now(seconds=4) == ([new_id, old_id], 1)
    assert dict(keys.phases()) == {old_id: "looked up by", new_id: "written with"}
    assert keys.digest("nino", "QQ123456A")[1:] == before
    fresh = PseudonymKeys(tmp_path, clock).ensure()
    assert fresh.digest("nino", "QQ123456A") == keys.digest("nino", "QQ123456A")


def test_a_rotation_waits_until_the_last_has_settled(tmp_path: Path) -> None:
    clock = MovableClock()
    keys = PseudonymKeys(tmp_path, clock).ensure()
    keys.rotate(lead=60)
    for seconds in (0, 59, SETTLING - 1):
        clock.advance(seconds=seconds)
        with pytest.raises(KeyFileError, match="under way until"):
            keys.rotate()
    clock.advance(seconds=5)
    third = keys.rotate(lead=60)
    keys.refresh()
    assert len(keys.digest("nino", "QQ123456A")) == 3
    assert keys.digest("nino", "QQ123456A")[-1][0] == third


def test_a_key_of_its_own_time_never_waits_for_itself(tmp_path: Path) -> None:
    """Were the older ones deleted before its time had come, rows are still written with what is there."""
    clock = MovableClock()
    keys = PseudonymKeys(tmp_path, clock).ensure()
    new_id = keys.rotate(lead=60)
    (tmp_path / "pseudonym-0001.key").unlink()
    keys.refresh()
    assert ([key_id for key_id, _ in keys.digest("nino", "x")], keys.written) == ([new_id], 1)


def test_it_is_hmac_sha_256_under_the_key_of_the_file(tmp_path: Path) -> None:
    keys = PseudonymKeys(tmp_path).ensure()
    secret = bytes.fromhex((tmp_path / "pseudonym-0001.key").read_text())  # the first one says no time
    expected = hmac.new(secret, b"identifier\0nino\0QQ123456A", "sha256").hexdigest()
    assert keys.digest("nino", "QQ123456A")[0][1] == expected


def test_a_broken_key_file_is_named_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "pseudonym-0001.key"
    for text in ("abcdef", "ab" * 32 + "\nwrites-from soon", "ab" * 32 + "\nsince 12", "ab" * 32 + "\n1 2 3"):
        path.write_text(text)
        path.chmod(0o600)
        with pytest.raises(KeyFileError, match=r"pseudonym-0001\.key") as caught:
            PseudonymKeys(tmp_path).ensure()
        assert "abab" not in str(caught.value)
        assert "abcdef" not in str(caught.value)
