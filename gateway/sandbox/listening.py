"""Serving an app of the sandbox within this process: on loopback, and nowhere else."""

import asyncio
import contextlib
from typing import Any

import uvicorn

from gateway.settings import ConfigurationError


async def listen(app: Any, port: int) -> uvicorn.Server:
    """Serve an app until its `should_exit` is set; signals stay the caller's. Raises `ConfigurationError`."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=port, access_log=False, log_config=None, server_header=False, date_header=False
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore[method-assign,assignment]  # signals are the demo's
    task = asyncio.create_task(server.serve())
    while not server.started:
        if task.done():
            raise ConfigurationError(f"port {port} cannot be listened on")
        await asyncio.sleep(0.01)
    return server
