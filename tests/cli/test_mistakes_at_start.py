"""What stands wrong in a configuration is told at the start, before any ledger is made or any person signs in."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.test_mistakes import _free, configured


def test_a_mistyped_path_of_a_database_is_told_and_no_second_one_is_advised(
    threekeys: Command, tmp_path: Path
) -> None:
    configured(tmp_path, "database: sqlite:///nodir/threekeys.db\n", port=_free())
    said = threekeys.told("serve")
    assert (
        f"database: there is no {tmp_path}/nodir/threekeys.db, nor the folder {tmp_path}/nodir: name the file" in said
    )
    assert not (tmp_path / "nodir").exists()


_PERSONS = "issuer: 'https://a.example', audiences: [a], acrValues: [high]"


@pytest.mark.parametrize(
    ("issuers", "said"),
    [
        (
            f"{{{_PERSONS}, identifierClaims: {{nino: n}}, jwksUri: 'http://a.example/jwks'}}",
            "jwksUri: it must be https",
        ),
        (f"{{{_PERSONS}, identifierClaims: {{nino: n}}, jwksUri: 'https:///jwks'}}", "jwksUri: it must be https"),
        (
            f"{{{_PERSONS}, identifierClaims: {{nin: n}}, jwksUri: 'https://a.example/jwks'}}",
            "identifierClaims: there is no scheme 'nin'; known are: nhs-number",
        ),
        (f"{{{_PERSONS}, identifierClaims: {{}}, jwksUri: 'https://a.example/jwks'}}", "identifierClaims: "),
        (
            ", ".join([f"{{{_PERSONS}, identifierClaims: {{nino: n}}, jwksUri: 'http://127.0.0.1/jwks'}}"] * 2),
            "issuers: https://a.example stands here twice",
        ),
        (
            "{issuer: 'http://127.0.0.1:8400', audiences: [a], acrValues: [high], identifierClaims: {nino: n},"
            " jwksUri: 'http://127.0.0.1/jwks'}",
            "issuers: the gateway itself cannot be an issuer",
        ),
    ],
)
def test_issuers_that_cannot_be_meant_are_refused_at_start(
    threekeys: Command, tmp_path: Path, issuers: str, said: str
) -> None:
    configured(tmp_path, f"issuers: [{issuers}]\n")
    assert said in threekeys.told("serve")
