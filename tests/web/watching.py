"""Every problem that a gateway of this process answers with, beside what the OpenAPI document declares for the call.

What a test is about does not matter: `tests/conftest.py` watches all of them.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

from gateway.app import Gateway, openapi_document
from gateway.web.bodies import Message, Receive, Scope, Send
from gateway.web.declared import MEDIA_TYPE
from gateway.web.errors import NoSuchRoute, WrongMethod

_OF_NO_CALL = {NoSuchRoute.code, WrongMethod.code}
"""The document describes calls: what is none of them it describes nowhere but in its first words."""


@cache
def declared() -> list[tuple[re.Pattern[str], str, dict[str, set[tuple[int, str]]]]]:
    """Each path of the document, those without a parameter first: a pattern, the path itself, and by method each
    problem as status and code."""
    found = []
    paths = json.loads(openapi_document())["paths"]
    for path in sorted(paths, key=lambda path: path.count("{")):
        pattern = re.sub(r"\\{(\w+)\\}", lambda name: ".+" if name[1] == "path" else "[^/]+", re.escape(path))
        told = {method.upper(): set(_problems(operation)) for method, operation in paths[path].items()}
        found.append((re.compile(pattern), path, told))
    return found


def _problems(operation: dict[str, Any]) -> Iterator[tuple[int, str]]:
    for status, response in operation["responses"].items():
        if MEDIA_TYPE in response.get("content", {}):
            for code in re.findall("^- `([a-z-]+)`: ", response["description"], re.MULTILINE):
                yield int(status), code


def undeclared(method: str, path: str, status: int, code: str) -> str | None:
    """What the document lacks, in words; None where it has this problem, or has no such call."""
    for pattern, template, told in declared():
        if pattern.fullmatch(path) and method in told:
            gap = code not in _OF_NO_CALL and (status, code) not in told[method]
            return f"{method} {template}: {status} {code}" if gap else None
    return None


@contextmanager
def watching() -> Iterator[set[str]]:
    """What was answered and is not declared, as it comes."""
    found: set[str] = set()
    real = Gateway.__call__

    async def watched(gateway: Gateway, scope: Scope, receive: Receive, send: Send) -> None:
        status, kind, body = 0, b"", b""

        async def seen(message: Message) -> None:
            nonlocal status, kind, body
            if message["type"] == "http.response.start":
                status, kind = message["status"], dict(message.get("headers", ())).get(b"content-type", b"")
            elif kind == MEDIA_TYPE.encode():
                body += message.get("body", b"")
                if not message.get("more_body"):
                    gap = undeclared(scope["method"], scope["path"], status, json.loads(body)["code"])
                    found.update({gap} if gap else ())
            await send(message)

        await real(gateway, scope, receive, seen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Gateway, "__call__", watched)
        yield found
