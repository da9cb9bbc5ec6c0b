"""The catalogue: agencies, datasets, record types."""

from typing import Any

from schemas.base import WireModel, shown
from schemas.examples import catalogue


class AgencyBody(WireModel):
    """An organisation on the exchange."""

    model_config = shown(catalogue.AGENCY)

    id: str
    name: str
    kind: str
    """`public`, `private` or `charity`."""
    status: str
    """`active` or `suspended`."""
    contact: str


class WhoMayAsk(WireModel):
    """An agency that may ask for a dataset, and for which purposes."""

    model_config = shown(catalogue.MAY_ASK)

    consumer: str
    purposes: list[str]


class DatasetBody(WireModel):
    """A record type that an agency offers."""

    model_config = shown(catalogue.DATASET)

    id: str
    provider: str
    record_type: str
    """Its fields, schema and example: `GET /v1/record-types/{recordType}`."""
    title: str
    description: str
    status: str
    """`offered` or `withdrawn`."""
    identifiers: list[str]
    """Schemes by which people are found there."""
    confirm: list[str]
    """What an exchange must send in `subject.confirm`."""
    special_category: bool
    criminal_offence: bool
    show_to_subject: bool
    """Whether people may look at their own record."""
    freshness: str
    """`live`, or how often the source is renewed, such as `nightly`."""
    contact: str
    """Whom to ask for help."""
    available_to: list[WhoMayAsk]


class RecordTypeListed(WireModel):
    """A shared definition in the list: `href` serves its schema, its fields and an example."""

    model_config = shown(catalogue.LISTED)

    id: str
    title: str
    description: str
    special_category: bool
    criminal_offence: bool
    href: str


class RecordTypeBody(WireModel):
    """A shared definition: its JSON Schema (2020-12), its field paths and an example."""

    model_config = shown(catalogue.RECORD_TYPE)

    id: str
    title: str
    description: str
    special_category: bool
    """Whether it tells something of UK GDPR Art 9 (health and the like)."""
    criminal_offence: bool
    """Whether it tells something of UK GDPR Art 10."""
    fields: list[str]
    json_schema: dict[str, Any]
    example: dict[str, Any]
