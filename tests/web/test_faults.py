"""What is sound of a body that as a whole is not: pointers into what was sent, nothing said of what is missing."""

import asyncio
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from pydantic import Field, ValidationError

from gateway.db.errors import StorageUnavailable
from gateway.web.faults import Fault, Rules, fault, of_body, of_values
from schemas.base import WireModel
from schemas.moments import Moment

SMALL = Annotated[str, Field(max_length=3)]


class Part(WireModel):
    name: SMALL
    kind_of: str = "plain"
    since: Moment | None = None


class Body(WireModel):
    words: list[SMALL]
    parts: list[Part] = Field(default_factory=list)
    one_part: Part | None = None


def loud(body: Body) -> Iterator[Fault]:
    for n, word in enumerate(body.words):
        if word.isupper():
            yield fault(("words", n), "loud")


def kinds(body: Body) -> Iterator[Fault]:
    for n, part in enumerate(body.parts):
        if part.kind_of != "plain":
            yield fault(("parts", n, "kindOf"), "odd")


def named_late(body: Body) -> Iterator[Fault]:
    if body.one_part and body.one_part.name and body.one_part.since is not None and body.one_part.since.year > 2000:
        yield fault(("onePart", "since"), "late")


def rules(body: Body) -> Rules:
    yield loud(body)
    yield kinds(body)
    yield named_late(body)


async def of(body: Body) -> Rules:
    return rules(body)


def told(sent: Any) -> set[str]:
    """Where the faults of this body lie."""
    try:
        return {one["pointer"] for one in of_values(rules(Body.model_validate(sent)))}
    except ValidationError as error:
        errors = error.errors()
    return {one["pointer"] for one in asyncio.run(of_body(Body, sent, errors, of))}


@pytest.mark.parametrize(
    ("sent", "pointers"),
    [
        ({"words": ["a"]}, set()),
        ({"words": ["a", "B"]}, {"/words/1"}),
        # Faults keep their places beside elements that are not sound.
        ({"words": ["long", 7, "B", "a", "C"]}, {"/words/0", "/words/1", "/words/2", "/words/4"}),
        ({"words": 7, "parts": [{"name": "a", "kindOf": "x"}]}, {"/words", "/parts/0/kindOf"}),
        ({"parts": [{"name": "a", "kindOf": "x"}]}, {"/words", "/parts/0/kindOf"}),
        # Of an element that is not sound, what is; and nothing of one whose part is missing.
        ({"words": [], "parts": [{"name": "long", "kindOf": "x"}]}, {"/parts/0/name", "/parts/0/kindOf"}),
        ({"words": [], "parts": [{"name": "a", "kindOf": 7}]}, {"/parts/0/kindOf"}),
        ({"words": [], "parts": [{"name": "a", "kindOf": "x"}, 7]}, {"/parts/0/kindOf", "/parts/1"}),
        # A value is what its model makes of it, and a rule that needs what is not sound says nothing.
        ({"words": ["long"], "onePart": {"name": "a", "since": "2026-01-01T00:00:00Z"}},
         {"/words/0", "/onePart/since"}),
        ({"words": [], "onePart": {"since": "2026-01-01T00:00:00Z"}}, {"/onePart/name"}),
        ({"words": [], "onePart": {"name": "a", "since": "no"}}, {"/onePart/since"}),
        ({"words": ["A"], "odd": 1, "onePart": {"name": "a", "odd": 1}}, {"", "/onePart", "/words/0"}),
        ({"words": ["A"], "onePart": []}, {"/words/0", "/onePart"}),
        ([], {""}),
        (None, {""}),
    ],
)  # fmt: skip
def test_every_fault_is_told_where_it_lies(sent: Any, pointers: set[str]) -> None:
    assert told(sent) == pointers


def test_without_the_database_the_faults_of_the_shape_are_told() -> None:
    async def unavailable(_: Body) -> Rules:
        raise StorageUnavailable

    with pytest.raises(ValidationError) as raised:
        Body.model_validate({"words": "B"})
    found = asyncio.run(of_body(Body, {"words": "B"}, raised.value.errors(), unavailable))
    assert [one["pointer"] for one in found] == ["/words"]


def test_an_unknown_member_is_told_with_those_of_its_own_place() -> None:
    sent = {"words": [], "parts": [{"name": "a", "nam": "b"}]}
    with pytest.raises(ValidationError) as raised:
        Body.model_validate(sent)
    (found,) = asyncio.run(of_body(Body, sent, raised.value.errors(), None))
    assert found == {"pointer": "/parts/0", "detail": "an unknown member stands here; known are: name, kindOf, since"}
