"""What a wire model takes: the types of its JSON Schema and the names of the wire, however it is validated."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from schemas.api.agreements import Limits, PurposeBody
from schemas.api.consents import ConsentRequest, NoticeBody
from schemas.api.exchanges import ExchangeRequest
from schemas.base import WireModel

_ASK = {
    "dataset": "sandbox.licensing/driving-licence/v1",
    "purpose": "blue-badge-eligibility",
    "subject": {"identifiers": [{"scheme": "nino", "value": "ZZ123456A"}]},
}
SOUND: dict[type[WireModel], dict[str, Any]] = {
    Limits: {"perMinute": 10, "perDay": 100},
    PurposeBody: {
        "code": "a-purpose",
        "description": "a purpose",
        "authority": {"legalPower": "Some Act 1999 s.1", "lawfulBasis": "6(1)(e)"},
        "signal": "none",
        "needsConfidentialityBasis": False,
        "explicitRequestDays": 30,
    },
    ConsentRequest: {**_ASK, "fields": ["validUntil"], "validDays": 7, "maxUses": 1, "caseReference": "case-1"},
    NoticeBody: {**_ASK, "noticeVersion": "notice-1", "channel": "post", "givenAt": "2026-11-24T10:00:00Z"},
    ExchangeRequest: {
        **_ASK,
        "fields": ["validUntil"],
        "caseReference": "case-1",
        "explicitRequest": {"requestedAt": "2026-11-24T10:00:00Z", "channel": "web-form", "reference": "r-1"},
    },
}
LAX: list[tuple[type[WireModel], dict[str, Any]]] = [
    (Limits, {"perMinute": True}),
    (Limits, {"perMinute": 10.0}),
    (Limits, {"perDay": "7"}),
    (PurposeBody, {"needsConfidentialityBasis": "off"}),
    (PurposeBody, {"needsConfidentialityBasis": 0}),
    (PurposeBody, {"explicitRequestDays": "9"}),
    (ConsentRequest, {"validDays": "7"}),
    (ConsentRequest, {"validDays": 8.0}),
    (ConsentRequest, {"maxUses": True}),
    (ConsentRequest, {"maxUses": " 5 "}),
    (NoticeBody, {"givenAt": 0}),
    (NoticeBody, {"givenAt": 1764000000.5}),
    (NoticeBody, {"givenAt": "1764000000"}),
    (NoticeBody, {"givenAt": "2026-11-24 10:00Z"}),
]


def faults(model: type[WireModel], sent: dict[str, Any]) -> list[list[tuple[str, str]]]:
    """(place, kind) of each error: read as the exchange reads a body, as FastAPI does, and as a document is."""
    found = []
    ways: list[Callable[[], object]] = [
        lambda: model.model_validate_json(json.dumps(sent)),
        lambda: TypeAdapter(model).validate_python(sent, from_attributes=True),
        lambda: model.model_validate(sent),
    ]
    for read in ways:
        with pytest.raises(ValidationError) as refused:
            read()
        found.append([("/".join(map(str, error["loc"])), error["type"]) for error in refused.value.errors()])
    return found


@pytest.mark.parametrize("model", SOUND)
def test_what_the_schema_says_is_taken_by_every_way(model: type[WireModel]) -> None:
    sent = SOUND[model]
    read = model.model_validate_json(json.dumps(sent))
    assert read == TypeAdapter(model).validate_python(sent, from_attributes=True) == model.model_validate(sent)
    assert read.model_dump(mode="json", exclude_unset=True) == sent


@pytest.mark.parametrize(("model", "change"), LAX, ids=str)
def test_no_type_of_json_is_read_as_another(model: type[WireModel], change: dict[str, Any]) -> None:
    [place] = change
    for found in faults(model, {**SOUND[model], **change}):
        assert [at for at, _ in found] == [place]


@pytest.mark.parametrize(
    ("model", "name", "attribute"),
    [
        (Limits, "perDay", "per_day"),
        (ConsentRequest, "caseReference", "case_reference"),
        (NoticeBody, "givenAt", "given_at"),
        (ExchangeRequest, "caseReference", "case_reference"),
    ],
)
def test_an_attributes_name_is_unknown_on_the_wire(model: type[WireModel], name: str, attribute: str) -> None:
    sent = {(attribute if key == name else key): value for key, value in SOUND[model].items()}
    for found in faults(model, sent):
        assert (attribute, "extra_forbidden") in found


def test_an_attributes_name_is_unknown_within_a_part_too() -> None:
    parts = SOUND[ExchangeRequest]["explicitRequest"]
    asked = {("requested_at" if key == "requestedAt" else key): value for key, value in parts.items()}
    for found in faults(ExchangeRequest, {**SOUND[ExchangeRequest], "explicitRequest": asked}):
        assert ("explicitRequest/requested_at", "extra_forbidden") in found


def test_our_own_code_builds_a_model_by_its_attributes_and_as_strictly() -> None:
    assert Limits(per_minute=10, per_day=100) == Limits.model_validate(SOUND[Limits])
    with pytest.raises(ValidationError):
        Limits(per_minute=True, per_day=100)
