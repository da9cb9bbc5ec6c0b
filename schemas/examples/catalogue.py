"""Who is on the exchange, and what is offered there."""

from typing import Any, Final

from schemas.examples import ids

AGENCY: Final[dict[str, Any]] = {
    "id": "sandbox.licensing",
    "name": "Sandbox Driver Licensing",
    "kind": "public",
    "status": "active",
    "contact": "data-desk@licensing.sandbox.invalid",
}
MAY_ASK: Final[dict[str, Any]] = {"consumer": "sandbox.council", "purposes": ["blue-badge-eligibility"]}
DATASET: Final[dict[str, Any]] = {
    "id": ids.LICENCES,
    "provider": "sandbox.licensing",
    "recordType": "driving-licence/v1",
    "title": "Driving licences",
    "description": "Standing, categories and endorsements of every licence holder, from the register itself.",
    "status": "offered",
    "identifiers": ["nino", "driving-licence-number"],
    "confirm": [],
    "specialCategory": False,
    "criminalOffence": True,
    "showToSubject": True,
    "freshness": "live",
    "contact": "data-desk@licensing.sandbox.invalid",
    "availableTo": [MAY_ASK],
}
LISTED: Final[dict[str, Any]] = {
    "id": "council-tax/v1",
    "title": "Council tax account",
    "description": "A household's council tax account: band, liability, discounts.",
    "specialCategory": False,
    "criminalOffence": False,
    "href": "/v1/record-types/council-tax/v1",
}
RECORD_TYPE: Final[dict[str, Any]] = {
    "id": "gp-registration/v1",
    "title": "GP registration",
    "description": "Where a person is registered for primary care.",
    "specialCategory": True,
    "criminalOffence": False,
    "fields": ["practice", "practice.code", "practice.name", "registeredFrom", "status"],
    "jsonSchema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": "GP registration",
        "properties": {"status": {"enum": ["registered", "left", "deceased"]}},
    },
    "example": {
        "practice": {"code": "Z99001", "name": "Sandham Harbour Surgery"},
        "registeredFrom": "2015-11-02",
        "status": "registered",
    },
}
