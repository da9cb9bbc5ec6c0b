"""What the gateway of a test logs, to be looked through."""

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateway.telemetry import log


class Logged:
    """All that was logged so far."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        """As it was written."""
        return self.stream.getvalue()

    def of(self, request_id: str) -> list[dict[str, Any]]:
        """The lines with this request id; the last is written once the answer has left, so this waits for it."""
        until = time.monotonic() + 5
        while True:
            lines = [json.loads(line) for line in self.text.splitlines()]
            found = [line for line in lines if line.get("requestId") == request_id]
            if any(line["message"] == "request" for line in found) or time.monotonic() > until:
                return found
            time.sleep(0.01)


@contextmanager
def logged() -> Iterator[Logged]:
    """Let the gateway of this process log here, as it logs on standard error under `threekeys serve`."""
    found, before = Logged(), log._stream
    log.flush()
    log.configure(stream=found.stream)
    try:
        yield found
    finally:
        log.flush()
        log.configure(stream=before)
