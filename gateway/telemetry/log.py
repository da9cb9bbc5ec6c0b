"""Structured logs: one JSON object a line on standard error."""

import asyncio
import json
import logging
import re
import sys
import traceback
from collections.abc import Mapping, MutableMapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from io import TextIOBase
from typing import Any, TextIO, cast

import structlog


class _Enduring(TextIOBase):
    """A stream whose faults end nothing: where nobody reads the log any more, or its disk is full, a gateway serves
    on and ends as it would. There is nowhere to tell it."""

    def __init__(self, stream: TextIO | None) -> None:
        self._to = stream  # None: Python was started with it closed

    def write(self, text: str, /) -> int:
        with suppress(OSError, ValueError):  # ValueError: it is closed, as at the end of Python
            if self._to is not None:
                self._to.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            if self._to is not None:
                self._to.flush()


_stream = cast(TextIO, _Enduring(sys.stderr))
_lines: list[str] = []
_due: asyncio.AbstractEventLoop | None = None
_GATHER = 0.05
_KNOWN = frozenset({"uvicorn", "asyncio", "adapters"})
_BEHIND = re.compile(r"[\n(<]")
_SMALL = 1_000_000
"""A number that counts something; one of more digits may be somebody's."""
_PLACE = re.compile(r"%[-#0 +]*\d*(?:\.\d+)?[a-zA-Z]", re.ASCII)
_quoted = lru_cache(256)(json.dumps)


def configure(*, stream: TextIO | None = None, level: str = "info") -> None:
    """Set logging up, once a process."""
    global _stream  # one process, one log
    _stream = cast(TextIO, _Enduring(stream or sys.stderr))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            _in_order,
            structlog.processors.JSONRenderer(separators=(",", ":"), ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(_stream),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    if not any(isinstance(handler, _Others) for handler in root.handlers):
        root.addHandler(_Others(logging.WARNING))


def _in_order(_: Any, __: str, line: MutableMapping[str, Any]) -> dict[str, Any]:
    """The members that every line has, first and as `access` writes them."""
    at = datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    level, message, room = line.pop("level"), line.pop("event"), line.pop("room", "")
    return {"message": message, "level": level, "timestamp": at, "room": room, **line}


class _Others(logging.Handler):
    """What libraries log, in the same shape, without what may be personal: of an exception its class and frames.

    A template may have been filled in before it came here (an f-string is its values). So text is taken of those
    libraries only whose texts are known, and of their first line no more than comes before the first `(` or `<`:
    asyncio and uvloop write a callback and its arguments there. Of any other library, where in its code it wanted to
    say something.
    """

    def emit(self, record: logging.LogRecord) -> None:
        more = where(record.exc_info[1]) if record.exc_info and record.exc_info[1] else {}
        level = "error" if record.levelno >= logging.ERROR else "warning"
        room = record.name.partition(".")[0]
        if room in _KNOWN and isinstance(record.msg, str):
            text = _filled_in(_BEHIND.split(record.msg, 1)[0].rstrip(), record.args)
        else:
            text, more = "a library has something to say", {"at": _place(record), **more}
        getattr(logger(room), level)(text, **more)


def _filled_in(template: str, arguments: Any) -> str:
    """A known library's text with its numbers; of any other argument, which may be somebody's value, its class."""
    if not arguments or "%" not in template:
        return template
    given = arguments if isinstance(arguments, tuple) else (arguments,)
    shown = [one if type(one) in (int, float) and abs(one) < _SMALL else _Unsaid(type(one).__name__) for one in given]
    wanted = len(_PLACE.findall(template.replace("%%", "")))  # the rest stood behind what was cut off
    try:
        return template % tuple(shown[:wanted])
    except (TypeError, ValueError):
        return template.partition("%")[0].rstrip()


class _Unsaid:
    """Stands for a value that no log tells."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __repr__(self) -> str:
        return f"<{self._kind}>"


def _place(record: logging.LogRecord) -> str:
    return f"{record.filename}:{record.lineno} {record.funcName}"


def logger(room: str) -> Any:
    """A room's logger: `logger("ledger").info("checkpoint signed", size=12)`."""
    if not structlog.is_configured():  # one shape of lines, whichever command runs
        configure()
    return structlog.get_logger().bind(room=room)


def access(
    at: str,
    request_id: str,
    method: str,
    route: str,
    status: int,
    milliseconds: float,
    caller: str,
    more: str = "",
) -> None:
    """One line a request. All arguments are free of personal values. `more`: members to add, as `members` writes.

    On the hot path: lines gather for a moment inside a running event loop, and are written together.
    """
    line = (
        f'{{"message":"request","level":"info","timestamp":"{at}","room":"web","requestId":"{request_id}",'
        f'"method":"{method}","route":{_quoted(route)},"status":{status},"milliseconds":{milliseconds:.2f},'
        f'"caller":"{caller}"{more}}}\n'
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


def members(more: Mapping[str, str]) -> str:
    """As they stand in a line, each behind a comma."""
    return "".join(f",{_quoted(name)}:{json.dumps(value, ensure_ascii=False)}" for name, value in more.items())


def flush() -> None:
    """Write what was gathered."""
    global _due  # as above
    _due = None
    lines = "".join(_lines)
    _lines.clear()
    _stream.write(lines)
    _stream.flush()


def where(error: BaseException) -> dict[str, Any]:
    """An exception without its message: class, and the frames it came through, in this process and before."""
    frames = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    return {"error": type(error).__name__, "frames": [*frames, *getattr(error, "frames_elsewhere", ())][-12:]}
