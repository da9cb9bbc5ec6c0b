"""A World for each test, since some restart it; or one a module and database."""

from collections.abc import Iterator

import pytest

from tests.world import World


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    with World(database_url) as entered:
        yield entered


@pytest.fixture(scope="module")
def shared(module_database_url: str) -> Iterator[World]:
    with World(module_database_url) as entered:
        yield entered
