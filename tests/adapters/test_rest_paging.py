"""Answers in parts: every way of paging, and that all parts of a record are about one person."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.base import Query
from adapters.errors import Permanent
from tests.adapters.servers import Asked, Reply, answer
from tests.adapters.test_rest import PLAIN, RECORDS, asking, fetch

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("paging", "answers"),
    [
        (
            {"next": "links.next"},
            {
                "/c": {"hits": [1], "links": {"next": "/c?n=2"}},
                "/c?n=2": {"hits": [2], "links": {"next": "?n=3"}},
                "/c?n=3": {"hits": [3], "links": {}},
            },
        ),
        (
            {"cursor": "after", "next": "cursor"},
            {
                "/c": {"hits": [1], "cursor": "k&2"},
                "/c?after=k%262": {"hits": [2], "cursor": "k3"},
                "/c?after=k3": {"hits": [3], "cursor": None},
            },
        ),
        (
            {"page": "p", "first": 0, "more": "more"},
            {
                "/c": {"hits": [1], "more": True},
                "/c?p=1": {"hits": [2], "more": True},
                "/c?p=2": {"hits": [3], "more": False},
            },
        ),
        (
            {"page": "p"},
            {"/c": {"hits": [1]}, "/c?p=2": {"hits": [2]}, "/c?p=3": {"hits": [3]}, "/c?p=4": {"hits": []}},
        ),
    ],
    ids=["next link", "cursor", "page and flag", "page until empty"],
)
async def test_every_way_of_paging_brings_all_rows(paging: dict[str, Any], answers: dict[str, Any]) -> None:
    def respond(asked: Asked) -> Reply:
        page = answers[asked.target]
        return answer({**page, "hits": [{"n": n} for n in page["hits"]]})

    settings = {
        "oauth": None,
        "items": "hits",
        "itemsAre": "rows",
        "request": {"method": "GET", "path": "/c", "headers": {"X-NI": "{nino}"}},
        "paging": paging,
        "mapping": {"fields": {"rows": {"each": "hits", "fields": {"n": "n"}}}},
    }
    async with asking(respond, **settings) as (adapter, server):
        record = await adapter.fetch(Query({"nino": "ZZ123456A"}, frozenset({"rows"}), "e", 3.0))
    assert record is not None
    assert record.data == {"rows": [{"n": 1}, {"n": 2}, {"n": 3}]}
    assert {asked.headers["x-ni"] for asked in server.asked} == {"ZZ123456A"}


ROWS: dict[str, Any] = {
    **PLAIN,
    "items": "hits",
    "itemsAre": "rows",
    "paging": {"page": "p", "more": "more"},
    "mapping": {
        "fields": {"rows": {"each": "hits", "fields": {"n": "n"}}},
        "identifiers": {"nino": "who"},
        "restricted": "flag",
    },
}
BY_ROW = {**ROWS["mapping"], "identifiers": {"nino": "hits.0.who"}, "restricted": "hits.0.flag"}
FIRST = {"who": "ZZ123456A", "flag": "N", "hits": [{"n": 1, "who": "ZZ123456A", "flag": "N"}]}


def paged(*pages: dict[str, Any]) -> Callable[[Asked], Reply]:
    left = iter(pages)
    return lambda _: answer({**(page := next(left)), "more": page is not pages[-1]})


@pytest.mark.parametrize("mapping", [ROWS["mapping"], BY_ROW], ids=["of each page", "of each row"])
async def test_rows_of_somebody_else_are_in_no_record(mapping: dict[str, Any]) -> None:
    settings = {**ROWS, "mapping": mapping}
    other = {"who": "ZZ123457A", "flag": "N", "hits": [{"n": 2, "who": "ZZ123457A", "flag": "N"}]}
    with pytest.raises(Permanent, match="more than one person"):
        await fetch(paged(FIRST, other), **settings)
    beside = {**FIRST, "hits": [*FIRST["hits"], *other["hits"]]}
    if mapping is BY_ROW:
        with pytest.raises(Permanent, match="more than one person"):
            await fetch(paged(beside), **settings)


@pytest.mark.parametrize("mapping", [ROWS["mapping"], BY_ROW], ids=["on a page", "on a row"])
async def test_a_record_that_is_marked_anywhere_is_restricted(mapping: dict[str, Any]) -> None:
    marked = {"who": "ZZ123456A", "flag": "Y", "hits": [{"n": 2, "who": "ZZ123456A", "flag": "Y"}]}
    record = await fetch(paged(FIRST, marked), **{**ROWS, "mapping": mapping})
    assert record is not None
    assert (record.restricted, record.data, record.identifiers) == (True, {}, {"nino": "ZZ123456A"})
    whole = await fetch(paged(FIRST, FIRST), **{**ROWS, "mapping": mapping})
    assert whole is not None
    assert whole.restricted is False


async def test_a_404_of_a_later_page_is_permanent_and_not_a_record_that_is_not_held() -> None:
    def respond(asked: Asked) -> Reply:
        return answer({}, 404) if "p=2" in asked.target else answer({"hits": [{"n": 1}]})

    with pytest.raises(Permanent, match="answered 404"):
        await fetch(respond, **{**RECORDS, "paging": {"page": "p"}})


async def test_pages_without_end_are_permanent() -> None:
    paging = {"page": "p", "most": 4}
    with pytest.raises(Permanent, match="more than 4 pages"):
        await fetch(lambda _: answer({"hits": [{}]}), **{**RECORDS, "paging": paging})
