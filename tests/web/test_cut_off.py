"""A request that is cut off is no error of the gateway's."""

import asyncio
import json
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.telemetry import log
from gateway.telemetry.metrics import Metrics
from gateway.web.requests import Requests
from tests.web.logs import logged


def test_a_request_that_is_cut_off_is_logged_as_that() -> None:
    async def never(_: Any, __: Any, ___: Any) -> None:
        await asyncio.get_running_loop().create_future()

    async def nothing(*_: Any) -> Any: ...

    async def scenario() -> int:
        requests = Requests(never, SystemClock(), Metrics(), "http://127.0.0.1:1")
        scope = {"type": "http", "path": "/v1/exchanges", "raw_path": b"/v1/exchanges", "method": "POST"}
        task = asyncio.create_task(requests(scope, nothing, nothing))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return requests.under_way

    with logged() as seen:
        assert asyncio.run(scenario()) == 0
        log.flush()
    [line] = [json.loads(one) for one in seen.text.splitlines()]
    assert (line["message"], line["level"], line["status"], line["cutOff"]) == ("request", "info", 503, True)
