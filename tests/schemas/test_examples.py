"""What the reference shows as examples is what the models take and give."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

import gateway.app  # whose rooms define models of their own
from schemas.base import WireModel
from schemas.identifiers import looks_like_identifier, normalise
from schemas.records import RecordModel

assert gateway.app


def _models(base: type[WireModel]) -> Iterator[type[WireModel]]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)


WIRE = sorted(
    {
        model
        for model in _models(WireModel)
        if model.__module__.startswith(("schemas.api.", "gateway.")) and not model.__name__.startswith("Page")
    },
    key=lambda model: model.__name__,
)


def examples_of(model: type[WireModel]) -> Any:
    """As the OpenAPI document carries them."""
    extra: Any = model.model_config.get("json_schema_extra") or {}
    return extra.get("examples")


def test_the_models_are_found() -> None:
    assert len(WIRE) > 40
    assert not any(issubclass(model, RecordModel) for model in WIRE)


@pytest.mark.parametrize("model", WIRE, ids=lambda model: model.__name__)
def test_each_model_shows_examples_that_it_takes_and_gives_back(model: type[WireModel]) -> None:
    assert examples_of(model)
    for example in examples_of(model):
        read = model.model_validate_json(json.dumps(example))
        again = json.loads(read.model_dump_json(by_alias=True, exclude_unset=True))
        assert again.keys() == example.keys()


@pytest.mark.parametrize("model", WIRE, ids=lambda model: model.__name__)
def test_no_example_names_somebody_who_could_be(model: type[WireModel]) -> None:
    text = json.dumps(examples_of(model))
    for scheme, value in re.findall(r'"scheme": "([^"]+)", "value": "([^"]+)"', text):
        assert normalise(scheme, value).startswith({"nino": "ZZ", "nhs-number": "999"}[scheme])
    for word in re.findall(r'"([^"]{8,16})"', text):
        assert not looks_like_identifier(word) or word.startswith(("ZZ", "999")), word
