"""One answer to the question whether a host is this machine, for all who ask."""

import pytest

from gateway.agencies.errors import KeysNotAllowed
from gateway.agencies.keys import acceptable_uri
from gateway.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "LocalHost", "127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_known_however_it_is_written(host: str) -> None:
    assert is_loopback(host)
    assert acceptable_uri(f"http://{f'[{host}]' if ':' in host else host}:8700/jwks.json")


@pytest.mark.parametrize("host", ["", "localhost.example", "0.0.0.0", "::", "10.0.0.1", "::ffff:192.0.2.7"])
def test_another_machine_is_never_taken_for_this_one(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(KeysNotAllowed):
        acceptable_uri(f"http://{f'[{host}]' if ':' in host else host}:8700/jwks.json")
