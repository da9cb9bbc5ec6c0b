"""One World a module and database."""

from collections.abc import Iterator

import pytest

from tests.world import World


@pytest.fixture(scope="module")
def world(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered
