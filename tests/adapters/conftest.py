"""Fixtures of the adapters' tests."""

import pytest


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
