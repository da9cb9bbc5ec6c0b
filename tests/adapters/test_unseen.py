"""What a mapping reads and a source has never held is told, once, by the mapping's words and never by a value."""

import json
from typing import Any

import pytest

from adapters.base import Query
from adapters.mapped import Mapped
from adapters.mapping import RecordMapping
from adapters.rest import RestAdapter, RestSettings
from tests.adapters.servers import Asked, answer, serving
from tests.web.logs import logged

pytestmark = pytest.mark.anyio
MAPPING = {
    "fields": {
        "status": "state",
        "holder.familyName": "nmae.family",
        "holder.nino": "ni",
        "issuedIn": {"constant": "GB"},
        "categories": {"each": "cats", "fields": {"code": "code", "validFrom": "form"}},
        "addresses": {"rows": [{"postcode": "pc"}]},
    },
    "identifiers": {"nino": "ni"},
}
HELD = {"state": "valid", "name": {"family": "Zyzzyva"}, "ni": "ZZ123456A", "cats": [{"code": "B"}, {"code": "C"}]}


def told(*calls: tuple[dict[str, Any], frozenset[str] | None]) -> list[str]:
    """The names that are told of, in the lines that these answers leave."""
    mapped = Mapped(RecordMapping.model_validate(MAPPING))
    with logged() as log:
        for source, fields in calls:
            mapped(source, fields)
    lines = [json.loads(line) for line in log.text.splitlines()]
    assert all((line["level"], line["room"]) == ("warning", "adapters") for line in lines)
    assert "Zyzzyva" not in log.text
    return [line["message"].removeprefix("the mapping reads ").partition(", and the first")[0] for line in lines]


async def test_a_name_that_is_mistyped_is_told_at_the_first_answer_and_no_more() -> None:
    assert told((HELD, None), (HELD, None)) == ["nmae.family, cats[].form, pc"]


async def test_only_what_is_asked_for_is_looked_at_and_each_name_once() -> None:
    status, holder, both = frozenset({"status"}), frozenset({"holder"}), frozenset({"status", "holder.familyName"})
    assert told((HELD, status), (HELD, holder), (HELD, both)) == ["nmae.family"]


async def test_what_was_there_once_is_not_told_and_null_is_there() -> None:
    fields = frozenset({"status"})
    without = {name: value for name, value in HELD.items() if name != "state"}
    assert told((HELD, fields), (without, fields), (without, None)) == ["nmae.family, cats[].form, pc"]
    assert told(({**HELD, "state": None, "nmae": None}, frozenset({"status", "holder.familyName"}))) == []


async def test_a_list_without_rows_tells_nothing_until_there_are_some() -> None:
    fields = frozenset({"categories"})
    empty = {**HELD, "cats": []}
    assert told((empty, fields)) == []
    assert told((empty, fields), (HELD, fields), (HELD, fields)) == ["cats[].form"]
    later = {**HELD, "cats": [{"code": "B"}, {"code": "C", "form": None}]}
    assert told((later, fields)) == []


async def test_a_real_answer_over_http_is_looked_at() -> None:
    def respond(_: Asked) -> bytes:
        return answer(HELD)

    async with serving(respond) as server:
        settings = {"baseUrl": server.url, "request": {"json": {"ni": "{nino}"}}, "mapping": MAPPING}
        adapter = RestAdapter(RestSettings.model_validate(settings))
        with logged() as log:
            for _ in range(2):
                await adapter.fetch(Query({"nino": "ZZ123456A"}, frozenset({"holder"}), "exchange-1", 5.0))
        await adapter.aclose()
    [line] = log.text.splitlines()
    assert "the mapping reads nmae.family, and the first answer" in json.loads(line)["message"]
