"""What the HTTP client makes of answers: JSON, statuses, addresses."""

import time
from email.utils import formatdate

import pytest

from adapters.errors import Misconfigured, NotFound, Permanent, Retriable
from adapters.http import BadAnswer, HttpClient
from tests.adapters.servers import answer, serving

pytestmark = pytest.mark.anyio


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.mark.parametrize(
    "body", [b'{"a": 1, "a": 2}', b'{"a": NaN}', b"[1,]", b"", b"<html>", b'{"a": 1} {}', b'{"a']
)
async def test_json_is_read_strictly_and_its_text_is_not_told(body: bytes) -> None:
    async with serving(lambda _: answer(body)) as server, HttpClient(server.url) as client:
        response = await client.get("/")
        with pytest.raises(BadAnswer) as raised:
            response.json()
    assert not body or body.decode() not in str(raised.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (302, Misconfigured),
        (400, Permanent),
        (401, Misconfigured),
        (403, Misconfigured),
        (404, NotFound),
        (408, Retriable),
        (410, Permanent),
        (422, Permanent),
        (429, Retriable),
        (500, Retriable),
        (503, Retriable),
    ],
)
async def test_a_status_is_named_by_what_to_do(status: int, error: type[Exception]) -> None:
    async with (
        serving(lambda _: answer({}, status, {"location": "/elsewhere"})) as server,
        HttpClient(server.url) as client,
    ):
        response = await client.get("/path-with-a-secret")
        with pytest.raises(error) as raised:
            response.raise_for_source()
    assert "secret" not in str(raised.value)
    assert len(server.asked) == 1  # a redirect is not followed


async def test_retry_after_is_read_in_seconds_and_as_a_date() -> None:
    moments = iter(["7", formatdate(time.time() + 60, usegmt=True), formatdate(0, usegmt=True), "soon", "-1"])
    found = []
    async with (
        serving(lambda _: answer({}, 503, {"retry-after": next(moments)})) as server,
        HttpClient(server.url) as client,
    ):
        for _ in range(5):
            with pytest.raises(Retriable) as raised:
                (await client.get("/")).raise_for_source()
            found.append(raised.value.retry_after)
    assert found[0] == 7
    assert found[1] == pytest.approx(60, abs=2)
    assert found[2:] == [0, None, None]


@pytest.mark.parametrize(
    "url",
    [
        "ftp://h",
        "http://",
        "h:80",
        "http://user:pw@h",
        "http://h/?q=1",
        "http://h/#f",
        "http://h:99999",
        "http://[::1",
    ],
)
async def test_a_base_url_that_cannot_be_used_is_misconfigured(url: str) -> None:
    with pytest.raises(Misconfigured) as raised:
        HttpClient(url)
    assert "pw" not in str(raised.value)


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/a b", {}),
        ("/a\r\nX: y", {}),
        ("a", {}),
        ("/é", {}),
        ("/", {"X": "a\r\nY: b"}),
        ("/", {"X\r\nY": "b"}),
        ("/", {"X": "a\0"}),
        ("/", {"X": "☃"}),
        ("/", {"Host": "elsewhere"}),
        ("/", {"Content-Length": "0"}),
        ("/", {"Transfer-Encoding": "chunked"}),
    ],
)
async def test_nothing_breaks_out_of_its_line(path: str, headers: dict[str, str]) -> None:
    async with serving(lambda _: answer({})) as server, HttpClient(server.url) as client:
        with pytest.raises(Misconfigured):
            await client.get(path, headers=headers)
    assert not server.asked
