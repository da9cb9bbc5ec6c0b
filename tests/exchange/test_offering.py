"""What is on offer and cannot be served as it is configured is told at the start; the rest is served."""

import json
from typing import Any

import pytest

from gateway.catalogue.registration import SetDatasetStatus
from gateway.exchange.offering import tell_unserved
from gateway.settings import AdapterConfiguration
from tests.web.logs import logged
from tests.world import DATASET, World

CARRIED = {"nino": "nino", "driving-licence-number": "number"}
MAPPING = {"identifiers": CARRIED, "fields": {"status": "status"}}


def configured(**changes: Any) -> AdapterConfiguration:
    settings = {"path": "/nowhere.csv", "key": CARRIED, "mapping": {**MAPPING, **changes}}
    return AdapterConfiguration.model_validate({"kind": "csv", "settings": settings})


def told(world: World, adapters: dict[str, AdapterConfiguration]) -> dict[str, str]:
    """What the log says of each dataset."""
    with logged() as log:
        world.in_gateway(lambda gateway: tell_unserved(gateway.store, adapters))
        lines = [json.loads(line) for line in log.text.splitlines()]
    return {line["dataset"]: line["said"] for line in lines if "cannot be served" in line["message"]}


@pytest.mark.parametrize(
    ("adapters", "said"),
    [
        ({"scripted": configured()}, ""),
        ({"scriptde": configured()}, "the configuration names no adapter 'scripted'; it names scriptde"),
        ({"scripted": configured(fields={"statsu": "status"})}, "it gives statsu, a field that driving-licence/v1"),
        ({"scripted": configured(identifiers={})}, "do not say whose nino they carry"),
    ],
    ids=["as it should be", "renamed", "a field mistyped", "no identifiers"],
)
def test_a_dataset_that_its_adapter_cannot_serve_is_told(
    shared: World, adapters: dict[str, AdapterConfiguration], said: str
) -> None:
    found = told(shared, adapters).get(DATASET, "")
    assert said in found if said else found == ""


def test_what_is_not_on_offer_is_not_told(shared: World) -> None:
    withdrawn = shared.offer()
    assert withdrawn in told(shared, {})
    shared.in_gateway(lambda gateway: gateway.store.commit(SetDatasetStatus(withdrawn, "withdrawn")))
    assert withdrawn not in told(shared, {})
