"""The sandbox's mappings, through the real adapters against the real systems: everybody's record comes out true."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import gateway.sandbox
from adapters.base import Adapter, Probes, Query, Record
from adapters.csv_file import CsvAdapter
from adapters.rest import RestAdapter
from adapters.sql import SqlAdapter
from gateway.sandbox.people import Person
from schemas.records import field_paths, projection
from schemas.yaml_text import read_yaml
from tests.sandbox import truth
from tests.sandbox.conftest import BENEFITS
from tests.sandbox.running import Running

pytestmark = pytest.mark.anyio

MAPPINGS = Path(gateway.sandbox.__file__).parent / "mappings"


@dataclass(frozen=True)
class Dataset:
    """One dataset of the sandbox."""

    kind: Any
    record_type: str
    truth: Callable[[Person], dict[str, Any] | None]

    def query(self, person: Person, fields: frozenset[str] | None = None) -> Query:
        assert person.nino is not None
        return Query({"nino": person.nino}, fields or field_paths(self.record_type), "exchange-1", 5.0)

    def keep(self, record: Record, fields: frozenset[str] | None = None) -> dict[str, Any]:
        whole = frozenset(path for path in field_paths(self.record_type) if "." not in path)
        return projection(self.record_type, fields or whole).apply(record.data)


DATASETS = {
    "licensing": Dataset(SqlAdapter, "driving-licence/v1", truth.driving_licence),
    "benefits": Dataset(RestAdapter, "benefit-award/v1", truth.benefit_award),
    "council-tax": Dataset(CsvAdapter, "council-tax/v1", truth.council_tax),
    "housing": Dataset(CsvAdapter, "housing-tenancy/v1", truth.housing_tenancy),
}
NAMES = list(DATASETS)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@dataclass(frozen=True)
class Sources:
    """Where the systems run."""

    licensing: str
    benefits: Running
    council: Path

    def settings(self, name: str) -> Mapping[str, Any]:
        """An adapter's settings as the demo makes them: what the file says, and what depends on the run."""
        given: dict[str, Any] = read_yaml((MAPPINGS / f"{name}.source.yaml").read_text(encoding="utf-8"))
        given["mapping"] = str(MAPPINGS / f"{name}.yaml")
        if name == "licensing":
            given["url"] = "env:LICENSING_DATABASE_URL"
        elif name == "benefits":
            given["baseUrl"] = self.benefits.ready
            given["oauth"]["clientId"] = BENEFITS["BENEFITS_CLIENT_ID"]
            given["oauth"]["clientSecret"] = "env:BENEFITS_CLIENT_SECRET"
        else:
            given["path"] = self.council / f"{name.replace('-', '_')}.csv"
        return given

    @asynccontextmanager
    async def adapter(self, name: str) -> AsyncIterator[Adapter]:
        """The adapter of a dataset."""
        kind = DATASETS[name].kind
        made: Adapter = kind(kind.Settings.model_validate(self.settings(name)))
        try:
            yield made
        finally:
            await made.aclose()


@pytest.fixture
def sources(licensing: str, benefits: Running, council: Path, monkeypatch: pytest.MonkeyPatch) -> Sources:
    """All the systems, and the secrets in the environment."""
    monkeypatch.setenv("LICENSING_DATABASE_URL", licensing)
    monkeypatch.setenv("BENEFITS_CLIENT_SECRET", BENEFITS["BENEFITS_CLIENT_SECRET"])
    return Sources(licensing, benefits, council)


@pytest.mark.parametrize("name", NAMES)
async def test_everybodys_record_is_what_the_facts_say(
    name: str, sources: Sources, everyone: dict[str, Person]
) -> None:
    dataset = DATASETS[name]
    held = 0
    async with sources.adapter(name) as adapter:
        for person in everyone.values():
            if person.nino is None:
                continue
            expected = dataset.truth(person)
            record = await adapter.fetch(dataset.query(person))
            if expected is None:
                assert record is None
                continue
            assert record is not None
            held += 1
            assert record.identifiers["nino"] == person.nino
            assert record.restricted == ("restricted" in person.traits)
            if record.restricted:
                assert record.data == {}, person.handle
            else:
                assert dataset.keep(record) == expected, person.handle
    assert held > 50


@pytest.mark.parametrize("name", NAMES)
async def test_only_what_is_asked_for_is_handed_over(
    name: str, sources: Sources, everyone: dict[str, Person]
) -> None:
    dataset = DATASETS[name]
    one = next(path for path in sorted(field_paths(dataset.record_type)) if path.endswith(".dateOfBirth"))
    async with sources.adapter(name) as adapter:
        record = await adapter.fetch(dataset.query(everyone["amara"], frozenset({one})))
    assert record is not None
    above, below = one.split(".")
    assert dataset.keep(record, frozenset({one})) == {above: {below: everyone["amara"].date_of_birth}}


async def test_the_same_value_in_every_agency_s_shape_comes_out_as_one(
    sources: Sources, everyone: dict[str, Person]
) -> None:
    person = everyone["joao"]
    seen: dict[str, set[str]] = {}
    for name, dataset in DATASETS.items():
        async with sources.adapter(name) as adapter:
            record = await adapter.fetch(dataset.query(person))
        assert record is not None
        for member, value in leaves(dataset.keep(record)):
            if member in {"nino", "familyName", "givenNames", "dateOfBirth", "postcode", "uprn", "addressLine1"}:
                seen.setdefault(member, set()).add(value)
    assert seen == {
        "nino": {person.nino},
        "familyName": {person.family_name},
        "givenNames": {person.given_names},
        "dateOfBirth": {person.date_of_birth},
        "postcode": {person.home.postcode},
        "uprn": {person.home.uprn},
        "addressLine1": {person.home.line1},
    }


def leaves(data: Any, member: str = "") -> list[tuple[str, str]]:
    """Every plain value with its member's name."""
    if isinstance(data, dict):
        return [leaf for name, value in data.items() for leaf in leaves(value, name)]
    if isinstance(data, list):
        return [leaf for item in data for leaf in leaves(item, member)]
    return [(member, data)]


@pytest.mark.parametrize("name", NAMES)
async def test_nobody_has_no_record_and_every_source_can_be_probed(name: str, sources: Sources) -> None:
    dataset = DATASETS[name]
    async with sources.adapter(name) as adapter:
        nobody = Query({"nino": "ZZ999999D"}, field_paths(dataset.record_type), "exchange-2", 5.0)
        assert await adapter.fetch(nobody) is None
        assert isinstance(adapter, Probes)
        assert await adapter.probe() is None


async def test_a_licence_is_found_by_its_number_too(sources: Sources, everyone: dict[str, Person]) -> None:
    farida = everyone["farida"]  # who has no NINO
    assert farida.licence is not None
    fields = field_paths("driving-licence/v1")
    async with sources.adapter("licensing") as adapter:
        record = await adapter.fetch(
            Query({"driving-licence-number": farida.licence.number}, fields, "exchange-3", 5.0)
        )
    assert record is not None
    assert DATASETS["licensing"].keep(record) == truth.driving_licence(farida)
    assert "nino" not in record.identifiers


async def test_benefits_pages_are_all_read_and_the_exchange_s_id_goes_along(
    sources: Sources, everyone: dict[str, Person]
) -> None:
    person = next(one for one in everyone.values() if len(one.awards) == 3)
    dataset = DATASETS["benefits"]
    async with sources.adapter("benefits") as adapter:
        asked = dataset.query(person)
        record = await adapter.fetch(Query(asked.identifiers, asked.fields, "exchange-of-pages", 5.0))
    assert record is not None
    assert [award["reference"] for award in record.data["awards"]] == [award.reference for award in person.awards]
    pages: list[int] = []
    while len(pages) < 2:
        line = json.loads(sources.benefits.lines.get(timeout=5))
        if line["exchangeId"] == "exchange-of-pages":
            pages.append(line["page"])
    assert pages == [1, 2]


async def test_the_council_s_records_say_how_old_they_are(sources: Sources, everyone: dict[str, Person]) -> None:
    async with sources.adapter("housing") as adapter:
        record = await adapter.fetch(DATASETS["housing"].query(everyone["amara"]))
    assert record is not None
    assert record.as_of is not None
    written = (sources.council / "housing.csv").stat().st_mtime
    assert abs(record.as_of.timestamp() - written) < 1
