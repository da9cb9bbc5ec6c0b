"""A World for each test on either database, or one for a whole module."""

from collections.abc import Iterator

import pytest

from tests.world import World


@pytest.fixture(scope="module")
def shared(module_database_url: str) -> Iterator[World]:
    """One World for all tests of a module: they use people of their own."""
    with World(module_database_url) as entered:
        yield entered
