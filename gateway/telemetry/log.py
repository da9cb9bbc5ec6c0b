"""Structured logs: one JSON object a line on standard error."""

import asyncio
import json
import sys
import traceback
from functools import lru_cache
from typing import Any, TextIO

import structlog

_stream: TextIO = sys.stderr
_lines: list[str] = []
_due: asyncio.AbstractEventLoop | None = None
_GATHER = 0.05
_quoted = lru_cache(256)(json.dumps)


def configure(*, stream: TextIO | None = None, level: str = "info") -> None:
    """Set logging up, once a process."""
    global _stream  # one process, one log
    _stream = stream or sys.stderr
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(_stream),
        cache_logger_on_first_use=False,
    )


def logger(room: str) -> Any:
    """A room's logger: `logger("ledger").info("checkpoint signed", size=12)`."""
    return structlog.get_logger().bind(room=room)


def access(at: str, request_id: str, method: str, route: str, status: int, milliseconds: float, caller: str) -> None:
    """One line a request. All arguments are free of personal values.

    On the hot path: lines gather for a moment inside a running event loop, and are written together.
    """
    line = (
        f'{{"message":"request","timestamp":"{at}","requestId":"{request_id}","method":"{method}",'
        f'"route":{_quoted(route)},"status":{status},"milliseconds":{milliseconds:.2f},"caller":"{caller}"}}\n'
    )
    global _due  # one process, one log
    _lines.append(line)
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:  # no loop: nothing to gather for
        flush()
        return
    if loop is not _due:  # a loop that ended before its time came flushes nothing any more
        _due = loop
        loop.call_later(_GATHER, flush)


def flush() -> None:
    """Write what was gathered."""
    global _due  # as above
    _due = None
    lines = "".join(_lines)
    _lines.clear()
    _stream.write(lines)
    _stream.flush()


def where(error: BaseException) -> dict[str, Any]:
    """An exception without its message: class, and the frames it came through."""
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "frames": [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-12:]],
    }
