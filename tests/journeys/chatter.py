"""What is asked about people whose every value is a marker: what succeeds, is refused, is malformed, or fails."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.auth.forging import unsigned
from tests.journeys.canaries import Canary
from tests.journeys.source import Answer, json_answer
from tests.world import CONFIRMED, DATASET, PROVIDER

PLUGGED = f"{PROVIDER}/canary-plugged/v1"
FLAKY = f"{PROVIDER}/canary-flaky/v1"
FIELDS = ["status", "validUntil", "holder.familyName", "address"]


@dataclass(frozen=True, slots=True)
class Call:
    """One request, who makes it, and the statuses that it may get."""

    statuses: frozenset[int]
    path: str = "/v1/exchanges"
    method: str = "POST"
    who: str = "caseworker"
    sent: Mapping[str, Any] | None = None
    content: str | None = None
    headers: Mapping[str, str] | None = None


Make = Callable[[Canary], Call]


def body(one: Canary, **more: Any) -> dict[str, Any]:
    """The body of an exchange about this person."""
    identifiers = [{"scheme": "nino", "value": one.nino}]
    asked = {"dataset": DATASET, "purpose": "by-statute", "subject": {"identifiers": identifiers}, "fields": FIELDS}
    return {**asked, **more}


def _sends(*statuses: int, **more: Any) -> Make:
    return lambda one: Call(frozenset(statuses), sent=body(one, **more))


def _says(*statuses: int, content: Callable[[Canary], str], kind: str = "application/json") -> Make:
    return lambda one: Call(frozenset(statuses), content=content(one), headers={"content-type": kind})


def _with(*statuses: int, **more: Callable[[Canary], Any]) -> Make:
    return lambda one: Call(frozenset(statuses), sent=body(one, **{k: make(one) for k, make in more.items()}))


def _confirming(right: bool) -> Callable[[Canary], Any]:
    def subject(one: Canary) -> Any:
        born = one.born if right else f"19{60 + one.number % 30}-01-01"
        return {"identifiers": [{"scheme": "nino", "value": one.nino}], "confirm": {"dateOfBirth": born}}

    return subject


def _all(one: Canary) -> str:
    return " ".join(one.values().values())


def _unsigned(one: Canary) -> str:
    """A token that says all of the person and is refused."""
    return unsigned({"alg": "none", "typ": "JWT"}, {"iss": "https://sign-in.example", **one.values()})


def _one_body(one: Canary) -> str:
    return json.dumps(body(one, note=_all(one)), ensure_ascii=False)


REQUESTS: Mapping[str, Make] = {
    "released": _sends(201),
    "released under a confirmation": _with(201, dataset=lambda _: CONFIRMED, subject=_confirming(True)),
    "not confirmed": _with(403, dataset=lambda _: CONFIRMED, subject=_confirming(False)),
    "no confirmation": _sends(422, dataset=CONFIRMED),
    "refused, no consent": _sends(403, purpose="with-consent"),
    "refused, a field": _sends(403, fields=["endorsements"]),
    "refused, a purpose": _sends(403, purpose="canary-purpose"),
    "no such dataset": _sends(404, dataset=f"{PROVIDER}/canary-none/v1"),
    "half a body": _says(400, content=lambda one: _one_body(one)[:-9]),
    "a name twice": _says(400, content=lambda one: f'{{"{one.nino}": 1, "{one.nino}": 2, "{one.family_name}": 3}}'),
    "NaN": _says(400, content=lambda one: f'{{"{one.family_name}": NaN}}'),
    "no JSON": _says(400, content=_all),
    "plain text": _says(415, content=_one_body, kind="text/plain"),
    "a form": _says(
        415, content=lambda one: f"nino={one.nino}&name={one.family_name}", kind="application/x-www-form"
    ),
    "a content type that is a value": lambda one: Call(
        frozenset({415}), content=_one_body(one), headers={"content-type": f"text/{one.given_names}"}
    ),
    "a text as the body": _says(422, content=lambda one: json.dumps(_all(one))),
    "an unknown member": _with(422, **{"person": lambda one: one.record()}),
    "a member named by a value": lambda one: Call(
        frozenset({422}), sent={**body(one), one.family_name: one.nino, one.line: {one.born: one.given_names}}
    ),
    "values of the wrong type": _with(
        422,
        dataset=lambda one: [one.family_name],
        purpose=lambda one: {one.nino: one.line},
        fields=lambda one: one.given_names,
        subject=lambda one: one.nino,
    ),
    "a purpose that is a value": _with(422, purpose=lambda one: one.family_name),
    "a dataset that is a value": _with(422, dataset=lambda one: one.line),
    "fields that are values": _with(422, fields=lambda one: [one.family_name, one.nino, one.born]),
    "a field path like a value": _with(422, fields=lambda one: [f"holder.{one.given_names.lower()}"]),
    "a case reference like an identifier": _with(422, caseReference=lambda one: one.nino),
    "an acting user like an identifier": _with(422, actingUser=lambda one: one.nhs_number),
    "a bad NINO": _with(
        422, subject=lambda one: {"identifiers": [{"scheme": "nino", "value": f"{one.family_name}{one.nino}"}]}
    ),
    "a bad NHS number": _with(
        422,
        subject=lambda one: {"identifiers": [{"scheme": "nhs-number", "value": one.nhs_number + "1"}]},
    ),
    "a person's token that nobody signed": _with(422, explicitRequest=lambda one: {"personToken": _unsigned(one)}),
    "an unknown scheme": _with(
        422,
        subject=lambda one: {"identifiers": [{"scheme": one.given_names.lower(), "value": one.line}]},
    ),
    "a bad confirmation": _with(
        422,
        dataset=lambda _: CONFIRMED,
        subject=lambda one: {
            "identifiers": [{"scheme": "nino", "value": one.nino}],
            "confirm": {"dateOfBirth": f"{one.born}T{one.family_name}", "familyName": [one.line]},
        },
    ),
    "a key like an identifier": lambda one: Call(
        frozenset({422}), sent=body(one), headers={"idempotency-key": one.nino}
    ),
    "a key that is a name": lambda one: Call(
        frozenset({422}), sent=body(one), headers={"idempotency-key": f"{one.given_names} {one.born}"}
    ),
    "a token that is a value": lambda one: Call(
        frozenset({401}),
        who="nobody",
        sent=body(one),
        headers={"authorization": f"DPoP {one.given_names}.{one.nino}.x", "dpop": one.nino},
    ),
    "a scheme that is a value": lambda one: Call(
        frozenset({401}), who="nobody", sent=body(one), headers={"authorization": f"{one.given_names} {one.nino}"}
    ),
    "headers that are values": lambda one: Call(
        frozenset({201}),
        sent=body(one),
        headers={
            "x-request-id": one.nino,
            "traceparent": one.given_names,
            "user-agent": one.born,
            "cookie": one.line,
        },
    ),
    "a path that is a value": lambda one: Call(frozenset({404}), method="GET", path=f"/v1/exchanges/{one.nino}"),
    "a path that nobody knows": lambda one: Call(
        frozenset({404}), method="GET", who="nobody", path=f"/people/{one.nino}/{one.family_name}?born={one.born}"
    ),
    "a consent that is a value": lambda one: Call(
        frozenset({404}), method="GET", path=f"/v1/consents/{one.nhs_number}"
    ),
    "a query that is a value": lambda one: Call(
        frozenset({200}), method="GET", path=f"/v1/datasets?q={one.family_name}"
    ),
    "a cursor that is a value": lambda one: Call(
        frozenset({200, 422}), method="GET", path=f"/v1/consent-requests?cursor={one.nino}&limit={one.given_names}"
    ),
    "a method that is a value": lambda one: Call(
        frozenset({400, 405}), method=one.given_names.upper(), who="nobody", path="/v1/exchanges"
    ),
    "a token request of values": lambda one: Call(
        frozenset({400, 401}),
        who="nobody",
        path="/oauth/token",
        content=f"grant_type={one.given_names}&client_id={one.nino}&scope={one.born}&client_assertion={one.nino}",
        headers={"content-type": "application/x-www-form-urlencoded"},
    ),
    "a consent request": lambda one: Call(
        frozenset({201}), path="/v1/consent-requests", sent=body(one, purpose="with-consent")
    ),
    "a consent request of values": lambda one: Call(
        frozenset({422}), path="/v1/consent-requests", sent={**body(one, validDays=one.nino), one.line: one.born}
    ),
    "a notice": lambda one: Call(
        frozenset({201}),
        path="/v1/notices",
        sent={
            "dataset": DATASET,
            "purpose": "notified",
            "subject": body(one)["subject"],
            "noticeVersion": "notice-1",
            "channel": "letter",
            "givenAt": "2026-01-02T03:04:05Z",
        },
    ),
    "a dry decision": lambda one: Call(frozenset({200}), path="/v1/decisions", sent=body(one)),
    "a dry decision of values": lambda one: Call(
        frozenset({422}), path="/v1/decisions", sent={one.family_name: one.record()}
    ),
    "a reason that is a value": lambda one: Call(
        frozenset({422}), who="person", path="/v1/consents/none/revocations", sent={"reason": one.family_name}
    ),
    "a look at one's own record": lambda one: Call(
        frozenset({201}), who="person", sent=body(one, purpose="subject-access", fields=["status"])
    ),
    "a look at another's record": lambda one: Call(
        frozenset({404}), who="another person", sent=body(one, purpose="subject-access", fields=["status"])
    ),
    "a list of one's own": lambda _: Call(frozenset({200}), who="person", method="GET", path="/v1/consent-requests"),
}

SOURCE: Mapping[str, Callable[[Canary], Answer]] = {
    "source: 500 full of values": lambda one: (500, "text/html", f"<h1>{_all(one)}</h1>".encode()),
    "source: 400 full of values": lambda one: (400, "application/json", json.dumps(one.record()).encode()),
    "source: half a record": lambda one: (200, "application/json", json.dumps(one.record()).encode()[:-7]),
    "source: a page": lambda one: (200, "text/html", f"<p>{_all(one)}".encode()),
    "source: latin-1": lambda one: (
        200,
        "application/json",
        json.dumps(_all(one), ensure_ascii=False).encode("latin-1"),
    ),
    "source: a list": lambda one: json_answer([one.record()]),  # type: ignore[arg-type]  # a wrong answer
    "source: a status that is a value": lambda one: json_answer(
        {**one.record(), "nino": one.nino, "status": _all(one)}
    ),
    "source: a date that is a value": lambda one: json_answer(
        {**one.record(), "nino": one.nino, "validUntil": one.family_name}
    ),
    "source: a name that is an object": lambda one: json_answer(
        {**one.record(), "nino": one.nino, "holder": {"familyName": {one.family_name: one.line}}}
    ),
    "source: another person": lambda one: json_answer({**one.record(), "nino": f"ZZ{700_000 + one.number}A"}),
    "source: nobody": lambda one: json_answer(one.record()),
    "source: a nino that is none": lambda one: json_answer({**one.record(), "nino": one.family_name}),
    "source: not held": lambda _: (404, "application/json", b"{}"),
}

PLUGIN: Mapping[str, frozenset[int]] = {
    "plugin: releases": frozenset({201}),
    "plugin: not found": frozenset({201}),
    "plugin: a plain exception": frozenset({502}),
    "plugin: an exception from an exception": frozenset({502}),
    "plugin: a group of exceptions": frozenset({502}),
    "plugin: permanent": frozenset({502}),
    "plugin: retriable": frozenset({503}),
    "plugin: misconfigured": frozenset({502}),
    "plugin: times out": frozenset({503, 504}),
    "plugin: is cancelled": frozenset({500, 502}),
    "plugin: returns a text": frozenset({502}),
    "plugin: data that is no object": frozenset({502}),
    "plugin: identifiers of another form": frozenset({502}),
    "plugin: an identifier that is no text": frozenset({502}),
    "plugin: a member named by a value": frozenset({201, 502}),
    "plugin: a value of the wrong type": frozenset({502}),
    "plugin: a name that is an object": frozenset({502}),
}

CONSENTED = "released under a consent, which is then revoked"
KINDS = (*REQUESTS, *SOURCE, *PLUGIN, *[CONSENTED] * 6, *["released"] * 6)
_UNSTEADY = ("plugin: retriable", "plugin: times out")


def call(kind: str, one: Canary) -> Call:
    """The request of this kind about this person."""
    if kind in REQUESTS:
        return REQUESTS[kind](one)
    if kind == CONSENTED:
        return Call(frozenset({201}), sent=body(one, purpose="with-consent", fields=["holder.familyName"]))
    if kind in SOURCE:
        return Call(frozenset({201, 502, 503}), sent=body(one))
    return Call(PLUGIN[kind], sent=body(one, dataset=FLAKY if kind in _UNSTEADY else PLUGGED))
