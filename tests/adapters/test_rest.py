"""The REST adapter against a benefits system with OAuth, paging and odd field names, over real HTTP."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.base import Query, Record
from adapters.conformance import AdapterConformance
from adapters.errors import Misconfigured, Permanent, Retriable
from adapters.registry import faults
from adapters.rest import RestAdapter, RestSettings
from tests.adapters.servers import Asked, Reply, Running, answer, serving

pytestmark = pytest.mark.anyio

CLAIMS = [{"clmRef": f"C{n}", "wklyAmtP": 1000 + n} for n in range(5)]
CUSTOMER = {"natInsNo": "ZZ 12 34 56 A", "srNm": "Sandbox-Ashworth", "scr": "N"}
MAPPING: dict[str, Any] = {
    "fields": {
        "person.familyName": "customer.srNm",
        "awards": {
            "each": "data.claims",
            "fields": {"reference": "clmRef", "weeklyAmount": {"from": "wklyAmtP", "as": "money", "unit": "pence"}},
        },
    },
    "restricted": "customer.scr",
    "identifiers": {"nino": "customer.natInsNo"},
}
SETTINGS: dict[str, Any] = {
    "oauth": {"tokenUrl": "/token", "clientId": "threekeys", "clientSecret": "env:BENEFITS_SECRET"},
    "request": {"path": "/claims/search", "json": {"ni": "{nino}", "kind": ["person", "{nino}"]}},
    "items": "data.claims",
    "itemsAre": "rows",
    "paging": {"page": "page", "in": "body", "pages": "pages"},
    "mapping": MAPPING,
}
FIELDS = frozenset({"person", "awards"})
KNOWN = Query({"nino": "ZZ123456A"}, FIELDS, "exchange-1", 3.0)
UNKNOWN = Query({"nino": "ZZ999999A"}, FIELDS, "exchange-2", 3.0)
Respond = Callable[[Asked], Reply]


class Benefits:
    """The system: two claims a page, tokens that can be taken back."""

    def __init__(self, expires_in: int = 3600) -> None:
        self.numbers = itertools.count(1)
        self.expires_in = expires_in
        self.live: set[str] = set()

    def __call__(self, asked: Asked) -> Reply:
        if asked.target == "/token":
            if asked.headers["authorization"] != "Basic dGhyZWVrZXlzOnMlMkZjcmV0":  # threekeys:s%2Fcret
                return answer({"error": "invalid_client"}, 401)
            token = f"t{next(self.numbers)}"
            self.live.add(token)
            return answer({"access_token": token, "token_type": "Bearer", "expires_in": self.expires_in})
        if asked.headers.get("authorization", "").removeprefix("Bearer ") not in self.live:
            return answer({"errCd": "E401"}, 401)
        body = asked.json
        if body["ni"] != "ZZ123456A" or body["kind"] != ["person", body["ni"]]:
            return answer({"pages": 1, "customer": None, "data": {"claims": []}})
        start = (body.get("page", 1) - 1) * 2
        page = {"claims": CLAIMS[start : start + 2]}
        return answer({"pages": 3, "customer": CUSTOMER, "data": page})


@pytest.fixture(autouse=True)
def secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENEFITS_SECRET", "s/cret")


@asynccontextmanager
async def asking(respond: Respond, **settings: Any) -> AsyncIterator[tuple[RestAdapter, Running]]:
    async with serving(respond) as server:
        adapter = RestAdapter(RestSettings.model_validate({"baseUrl": server.url, **SETTINGS, **settings}))
        try:
            yield adapter, server
        finally:
            await adapter.aclose()


async def fetch(respond: Respond, query: Query = KNOWN, **settings: Any) -> Record | None:
    async with asking(respond, **settings) as (adapter, _):
        return await adapter.fetch(query)


class TestContract(AdapterConformance):
    @pytest.fixture
    async def adapter(self) -> AsyncIterator[RestAdapter]:
        async with asking(Benefits()) as (adapter, _):
            yield adapter

    @pytest.fixture
    async def broken(self) -> AsyncIterator[RestAdapter]:
        async with serving(lambda _: None) as server:
            pass
        adapter = RestAdapter(RestSettings.model_validate({"baseUrl": server.url, **SETTINGS}))
        yield adapter
        await adapter.aclose()

    @pytest.fixture
    def known(self) -> Query:
        return KNOWN

    @pytest.fixture
    def unknown(self) -> Query:
        return UNKNOWN


PLAIN: dict[str, Any] = {"oauth": None, "paging": None, "items": None, "itemsAre": "records"}
FLAT: dict[str, Any] = {"fields": {"a": "a"}, "identifiers": {"nino": "ni"}}


async def test_rows_of_all_pages_become_one_record() -> None:
    async with asking(Benefits()) as (adapter, server):
        record = await adapter.fetch(KNOWN)
    assert record is not None
    assert [award["reference"] for award in record.data["awards"]] == ["C0", "C1", "C2", "C3", "C4"]
    assert record.data["awards"][1]["weeklyAmount"] == {"amount": "10.01", "currency": "GBP"}
    assert record.data["person"] == {"familyName": "Sandbox-Ashworth"}
    assert record.identifiers == {"nino": "ZZ123456A"}
    searches = [asked for asked in server.asked if asked.target == "/claims/search"]
    assert [asked.json.get("page") for asked in searches] == [None, 2, 3]
    assert {asked.headers["x-exchange-id"] for asked in searches} == {"exchange-1"}


async def test_no_identifier_stands_in_an_address() -> None:
    async with asking(Benefits()) as (adapter, server):
        await adapter.fetch(KNOWN)
    assert all("ZZ123456A" not in asked.target for asked in server.asked)


async def test_one_token_serves_all_until_it_expires() -> None:
    async with asking(Benefits()) as (adapter, server):
        await asyncio.gather(*(adapter.fetch(KNOWN) for _ in range(5)))
    assert sum(asked.target == "/token" for asked in server.asked) == 1
    async with asking(Benefits(expires_in=0)) as (adapter, server):
        await adapter.fetch(UNKNOWN)
        await adapter.fetch(UNKNOWN)
    assert sum(asked.target == "/token" for asked in server.asked) == 2


async def test_a_token_that_died_early_is_replaced_once() -> None:
    system = Benefits()
    async with asking(system) as (adapter, server):
        await adapter.fetch(UNKNOWN)
        system.live.clear()
        assert await adapter.fetch(UNKNOWN) is None
        assert sum(asked.target == "/token" for asked in server.asked) == 2
        system.live = type("Never", (set,), {"__contains__": lambda self, token: False})()
        with pytest.raises(Misconfigured, match="does not accept our credentials"):
            await adapter.fetch(UNKNOWN)


async def test_refused_credentials_are_misconfigured_and_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BENEFITS_SECRET", "hunter2")
    with pytest.raises(Misconfigured, match=r"check `oauth\.tokenUrl`, `clientId`, `clientSecret`") as raised:
        await fetch(Benefits())
    assert "hunter2" not in str(raised.value)


async def test_credentials_can_go_in_the_form_and_to_another_host() -> None:
    def issuer(asked: Asked) -> Reply:
        assert asked.form == {
            "grant_type": "client_credentials",
            "client_id": "threekeys",
            "client_secret": "s/cret",
            "scope": "read",
        }
        return answer({"access_token": "other", "token_type": "bearer"})

    async with serving(issuer) as other:
        oauth = {**SETTINGS["oauth"], "tokenUrl": f"{other.url}/t", "method": "post", "scope": "read"}
        system = Benefits()
        system.live.add("other")
        assert await fetch(system, oauth=oauth) is not None
    assert [asked.target for asked in other.asked] == ["/t"]


async def test_an_answer_that_is_the_record_needs_no_items() -> None:
    record = await fetch(lambda _: answer({"a": 1, "ni": "ZZ123456A"}), mapping=FLAT, **PLAIN)
    assert record is None or record.data == {}
    wanted = Query({"nino": "ZZ123456A"}, frozenset({"a"}), "e", 2.0)
    record = await fetch(lambda _: answer({"a": 1, "ni": "ZZ123456A"}), wanted, mapping=FLAT, **PLAIN)
    assert record is not None
    assert record.data == {"a": 1}


async def test_a_404_means_that_there_is_no_such_record() -> None:
    assert await fetch(lambda _: answer({}, 404), mapping=FLAT, **PLAIN) is None


RECORDS: dict[str, Any] = {**PLAIN, "items": "hits", "mapping": FLAT}


async def test_more_than_one_record_is_permanent_unless_they_are_picked_by_identifier() -> None:
    hits = [{"a": 1, "ni": "ZZ123456A"}, {"a": 2, "ni": "ZZ123457A"}]
    assert await fetch(lambda _: answer({"hits": []}), **RECORDS) is None
    assert await fetch(lambda _: answer({"hits": hits[:1]}), **RECORDS) is not None
    said = "more than one record for one person at hits: say `itemsAre: rows` if .*, or `pickByIdentifier: true` if"
    with pytest.raises(Permanent, match=said):
        await fetch(lambda _: answer({"hits": hits}), **RECORDS)
    with pytest.raises(Permanent, match=r"say `itemsAre: rows` if all of them are that person's$"):
        await fetch(lambda _: answer({"hits": hits[:1] * 2}), pickByIdentifier=True, **RECORDS)
    record = await fetch(lambda _: answer({"hits": hits}), pickByIdentifier=True, **RECORDS)
    assert record is not None
    assert record.identifiers == {"nino": "ZZ123456A"}
    assert await fetch(lambda _: answer({"hits": hits[1:]}), pickByIdentifier=True, **RECORDS) is None


@pytest.mark.parametrize("link", ["http://elsewhere.example/c", "//elsewhere.example/c", "http://127.0.0.1.evil/c"])
async def test_a_next_link_to_another_host_is_not_followed(link: str) -> None:
    settings = {**RECORDS, "paging": {"next": "next"}}
    with pytest.raises(Permanent, match="leads out of `baseUrl`"):
        await fetch(lambda _: answer({"hits": [], "next": link}), **settings)


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (answer(b"<html>"), Permanent),
        (answer(b'{"hits": 1, "hits": 2}'), Permanent),
        (answer([]), Permanent),
        (answer({"hits": {}}), Permanent),
        (answer({"hits": ["text"]}), Permanent),
        (answer({"nohits": []}), Permanent),
        (answer({}, 500), Retriable),
        (answer({}, 503, {"retry-after": "9"}), Retriable),
        (answer({}, 400), Permanent),
        (answer({}, 403), Misconfigured),
        (answer({}, 302, {"location": "/"}), Misconfigured),
        (b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 99\r\n\r\n{", Retriable),
        (None, Retriable),
    ],
    ids=[
        "html",
        "key twice",
        "list",
        "items no list",
        "items no objects",
        "no items",
        "500",
        "503",
        "400",
        "403",
        "302",
        "cut short",
        "hung up",
    ],
)
async def test_a_bad_answer_is_named_by_what_to_do(said: Reply, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        await fetch(lambda _: said, **RECORDS)
    assert "ZZ123456A" not in str(raised.value)
    if isinstance(raised.value, Retriable) and said and b"503" in said:
        assert raised.value.retry_after == 9


async def test_slow_pages_share_one_deadline() -> None:
    async def slow(asked: Asked) -> Reply:
        await asyncio.sleep(0.1)
        return answer({"hits": [{}]})

    async with serving(slow) as server:
        settings = {**SETTINGS, **RECORDS, "paging": {"page": "p"}, "baseUrl": server.url}
        adapter = RestAdapter(RestSettings.model_validate(settings))
        with pytest.raises(Retriable):
            await adapter.fetch(Query({"nino": "ZZ123456A"}, frozenset({"a"}), "e", 0.35))
        await adapter.aclose()
    assert 2 <= len(server.asked) <= 4


async def test_a_source_that_knows_addresses_only_is_asked_that_way_when_told_so() -> None:
    request = {"method": "GET", "path": "/people/{nino}", "params": {"again": "{nino}"}}
    async with asking(
        lambda _: answer({"a": 1}), **{**PLAIN, "mapping": FLAT, "request": request}, unsafeIdentifiersInUrl=True
    ) as (adapter, server):
        await adapter.fetch(Query({"nino": "a/../b?c"}, frozenset({"a"}), "e", 2.0))
    assert server.asked[0].target == "/people/a%2F..%2Fb%3Fc?again=a%2F..%2Fb%3Fc"


async def test_a_static_bearer_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async with asking(lambda _: answer({"a": 1}), mapping=FLAT, bearer="env:BENEFITS_SECRET", **PLAIN) as (a, server):
        await a.fetch(KNOWN)
    assert server.asked[0].headers["authorization"] == "Bearer s/cret"


async def test_a_probe_asks_for_its_path_or_a_token() -> None:
    async with asking(Benefits()) as (adapter, server):
        assert await adapter.probe() is None
        assert [asked.target for asked in server.asked] == ["/token"]
    async with asking(lambda _: answer({}, 503), probePath="/health", mapping=FLAT, **PLAIN) as (adapter, server):
        with pytest.raises(Retriable):
            await adapter.probe()
        assert [asked.target for asked in server.asked] == ["/health"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"request": {"path": "/p/{nino}"}}, "puts nino into the address"),
        ({"request": {"params": {"x": "{nino}"}}}, "puts nino into the address"),
        ({"request": {"path": "/p"}}, "holds no identifier"),
        ({"request": {"path": "p", "json": {"x": "{nino}"}}}, "request.path: "),
        ({"request": {"json": {"x": "{nino}"}, "form": {"x": "{nino}"}}}, "request: give either `json` or `form`"),
        ({"request": {"method": "GET", "json": {"x": "{nino}"}}}, "request: a GET has no body"),
        ({"request": {"jsn": {}}}, "request.jsn: there is no such setting; the nearest is json"),
        (
            {"mapping": {"fields": {"a": "b"}, "restrict": "c"}},
            "mapping.restrict: there is no such setting; the nearest",
        ),
        ({"items": None}, "paging and rows need it"),
        ({"bearer": "env:X"}, "either `oauth` or `bearer`"),
        ({"request": {"form": {"x": "{nino}"}}}, "`paging.in: body` needs `request.json`"),
        ({"paging": {"page": "p", "next": "n"}}, "paging: `page` numbers the pages"),
        ({"paging": {}}, "paging: give `page`"),
        (
            {"oauth": {**SETTINGS["oauth"], "clientSecret": "hunter2"}},
            "oauth.clientSecret: a secret is given as env:",
        ),
    ],
)
def test_wrong_settings_say_which_key_to_mend(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match="validation error") as raised:
        RestSettings.model_validate({"baseUrl": "http://h", **SETTINGS, **wrong})
    told = faults(raised.value, RestSettings)  # type: ignore[arg-type]  # pydantic's error is a ValueError
    assert said in told
    assert "hunter2" not in told
