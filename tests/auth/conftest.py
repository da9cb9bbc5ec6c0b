"""One gateway for a module of attacks: none of them may change it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest

from tests.auth.running import Running, running
from tests.auth.sign_in import trusted


@dataclass(frozen=True, slots=True)
class Shared:
    """A running gateway and the loop that it runs in."""

    gateway: Running
    run: Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    """A gateway that lives as long as the module's tests."""
    folder = tmp_path_factory.mktemp("gateway")
    stack = AsyncExitStack()
    with asyncio.Runner() as runner:
        gateway = runner.run(stack.enter_async_context(running(folder, issuers=(trusted(),))))
        yield Shared(gateway, runner.run)
        runner.run(stack.aclose())
