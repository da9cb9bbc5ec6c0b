"""The catalogue: agencies, datasets, record types."""

from typing import Any

from schemas.base import WireModel


class AgencyBody(WireModel):
    """An organisation on the exchange."""

    id: str
    name: str
    kind: str
    status: str
    contact: str


class WhoMayAsk(WireModel):
    """An agency that may ask for a dataset, and for which purposes."""

    consumer: str
    purposes: list[str]


class DatasetBody(WireModel):
    """A record type that an agency offers."""

    id: str
    provider: str
    record_type: str
    title: str
    description: str
    status: str
    identifiers: list[str]
    confirm: list[str]
    special_category: bool
    criminal_offence: bool
    show_to_subject: bool
    freshness: str
    contact: str
    available_to: list[WhoMayAsk]


class RecordTypeBody(WireModel):
    """A shared definition: its JSON Schema (2020-12), its field paths and an example."""

    id: str
    title: str
    description: str
    special_category: bool
    fields: list[str]
    json_schema: dict[str, Any]
    example: dict[str, Any]
