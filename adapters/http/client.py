"""The client that an integrator calls: one base URL, a verb a method, an answer or an error of the adapters' tree."""

import json as json_text
import ssl
from collections.abc import Mapping
from typing import Any, Final, Self
from urllib.parse import urlencode, urlsplit

from adapters.errors import Misconfigured
from adapters.http.connection import Limits
from adapters.http.message import IDEMPOTENT, NAME, TARGET, header_lines
from adapters.http.pool import Origin, Pool
from adapters.http.response import Response

Headers = Mapping[str, str]
Params = Mapping[str, str | int] | list[tuple[str, str | int]]

_ENCODE: Final = json_text.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
_DEFAULT: Final = {"accept": "application/json", "user-agent": "threekeys"}


class HttpClient:
    """HTTP/1.1 to one origin, with kept connections.

    base_url   http(s)://host[:port][/prefix]; the path of each call is put behind the prefix
    headers    sent with each call; a call's own of the same name win
    timeout    seconds for a whole call, waiting and connecting included; a call may give its own `deadline`
    tls        the TLS context, `ssl.create_default_context()` where none is given

    Raises `Misconfigured` where the URL or a header cannot be used; calls raise what `adapters.http.errors` draws.
    Never put an identifier of a person into `path` or `params`: addresses stand in the logs of both sides.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Headers | None = None,
        timeout: float = 10.0,
        limits: Limits | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.origin = Origin(base_url)
        parts = urlsplit(base_url)
        if parts.query or parts.fragment:
            raise Misconfigured("a base URL has no query and no fragment")
        self.prefix = parts.path.rstrip("/")
        self.timeout = timeout
        self._defaults = {**_DEFAULT, **{name.lower(): value for name, value in (headers or {}).items()}}
        self._names = frozenset(self._defaults)
        self._head = self._encode(self._defaults)
        self._pool = Pool(self.origin, limits or Limits(), tls)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._pool.aclose()

    async def get(
        self,
        path: str = "",
        *,
        params: Params | None = None,
        headers: Headers | None = None,
        deadline: float | None = None,
    ) -> Response:
        """GET."""
        return await self.request("GET", path, params=params, headers=headers, deadline=deadline)

    async def post(
        self,
        path: str = "",
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        params: Params | None = None,
        headers: Headers | None = None,
        deadline: float | None = None,
        idempotent: bool = False,
    ) -> Response:
        """POST one of `json` (any JSON value), `form` (urlencoded) or `content` (bytes; give the content-type)."""
        return await self.request(
            "POST",
            path,
            json=json,
            form=form,
            content=content,
            params=params,
            headers=headers,
            deadline=deadline,
            idempotent=idempotent,
        )

    async def request(
        self,
        method: str,
        path: str = "",
        *,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        params: Params | None = None,
        headers: Headers | None = None,
        deadline: float | None = None,
        idempotent: bool | None = None,
    ) -> Response:
        """Any verb. `idempotent` says that it may be sent twice; without it the verb decides (RFC 9110)."""
        kind = ""
        if json is not None:
            content = _ENCODE(json).encode()
            kind = "content-type: application/json\r\n"
        elif form is not None:
            content = urlencode(form).encode()
            kind = "content-type: application/x-www-form-urlencoded\r\n"
        target = f"{self.prefix}{path}" or "/"
        if params:
            target += ("&" if "?" in target else "?") + urlencode(params)
        if not TARGET.fullmatch(target) or not NAME.fullmatch(method):
            raise Misconfigured("a path starts with / and holds printable ASCII only; quote the rest")
        if headers:
            lower = {name.lower(): value for name, value in headers.items()}
            head = self._merged(lower)
            if "content-type" in lower:
                kind = ""
        else:
            head = self._head
        length = "" if content is None else f"content-length: {len(content)}\r\n"
        message = f"{method} {target} HTTP/1.1\r\n{head}{kind}{length}\r\n".encode("latin-1")
        if content:
            message += content
        return await self._pool.send(
            message,
            self.timeout if deadline is None else deadline,
            repeatable=method in IDEMPOTENT if idempotent is None else idempotent,
            bodiless=method == "HEAD",
        )

    def _merged(self, headers: Headers) -> str:
        if self._names.isdisjoint(headers):
            return self._head + _own_lines(headers)
        return self._encode({**self._defaults, **headers})

    def _encode(self, headers: Headers) -> str:
        return f"host: {self.origin.authority}\r\n" + _own_lines(headers)


def _own_lines(headers: Headers) -> str:
    if not _OURS.isdisjoint(headers):
        raise Misconfigured(f"these headers are set by the client alone: {', '.join(sorted(_OURS))}")
    return header_lines(headers.items())
