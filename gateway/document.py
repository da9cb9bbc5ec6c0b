"""The OpenAPI document as an agency's developer reads it: FastAPI's, and what only this house knows.

Each operation says which scope a client needs, and every problem that it gives by its `type`: those that its route
declares, and those that follow from its having a caller, a body or parameters. Nothing is left of FastAPI's own form
of errors, nor of the titles that it makes of names.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

from gateway.agencies import errors as agencies
from gateway.agreements import errors as agreements
from gateway.agreements.refusing import limits_left, reason_body
from gateway.auth.errors import (
    ClientSuspended,
    NoCredentials,
    ProofInvalid,
    ScopeMissing,
    TokenInvalid,
    WrongKindOfCaller,
)
from gateway.catalogue import errors as catalogue
from gateway.connector.problems import KINDS
from gateway.consent.errors import NotConsentable
from gateway.db.errors import StorageBusy, StorageFull, StorageUnavailable
from gateway.errors import GatewayError, InvalidRequest, Refused, SourceFault, catalogue_of_errors
from gateway.exchange import deciding
from gateway.exchange import errors as exchange
from gateway.exchange.asgi import PATH as EXCHANGES
from gateway.ledger import errors as ledger
from gateway.notices.errors import NoticeNotAppropriate
from gateway.policy import REASONS, Reason, Usage
from gateway.web.bodies import BodyTooSlow
from gateway.web.declared import MEDIA_TYPE, problems
from gateway.web.errors import BodyTooLarge, HeadTooLarge, MalformedJson, TooManyConnections, WrongContentType
from gateway.web.pages import ProblemType
from gateway.web.problems import problem
from gateway.web.query import UnknownParameter
from schemas.api.problems import Problem
from schemas.examples.ids import EXCHANGE, REQUEST

BASE = "http://127.0.0.1:8400"
"""Of the sandbox, of which all examples are."""
DESCRIPTION = (
    "Consented record exchange between agencies. One call gets one record of another agency, minimised to what "
    "law, agreement and person allow; or a refusal that says which key is missing and how to get it.\n\n"
    "An agency's client signs a proof for each request (RFC 9449). `threekeys connect` does that for you: it listens "
    "on loopback, and you call it with plain HTTP. Every error is explained under [/problems](problems).\n\n"
    "What is no call of this API is answered with `no-such-route`, `method-not-allowed` or, where it is no HTTP that "
    "can be taken, `malformed-request`."
)

TAGS = [
    {"name": "exchanges", "description": "The main job: one record, or the reasons why not."},
    {"name": "consent", "description": "The person's key: asked for, granted, declined, revoked; and notices."},
    {"name": "agreements", "description": "The agencies' key: texts that both have signed, and what they permit."},
    {"name": "catalogue", "description": "Who is here, what is offered, and what its fields mean. Public."},
    {"name": "ledger", "description": "Proof of every decision (RFC 6962, C2SP). Public, but for openings."},
    {"name": "oauth", "description": "Tokens of clients; errors are those of RFC 6749."},
    {"name": "public", "description": "Pages for people."},
    {"name": "operators", "description": "How the gateway is."},
]

_ROOMS = (agencies, agreements, catalogue, deciding, exchange, ledger)
_METHODS = ("get", "put", "post", "delete", "patch")
_OF_CALLER = (NoCredentials, TokenInvalid, ProofInvalid)
_OF_CLIENT = (ClientSuspended, ScopeMissing)
_OF_BODY = (MalformedJson, BodyTooLarge, BodyTooSlow, WrongContentType, InvalidRequest)
_OF_STORAGE = (GatewayError, StorageUnavailable, StorageBusy)
_SAMPLES: tuple[GatewayError, ...] = (
    InvalidRequest(errors=[{"pointer": "/fields/0", "detail": "driving-licence/v1 has no such field"}]),
    ScopeMissing("exchanges:write"),
    TokenInvalid("the access token has expired"),
    ProofInvalid("the proof was used before"),
    NotConsentable("notified"),
    NoticeNotAppropriate("consent"),
    UnknownParameter(("cursor", "limit")),
)


def operation_id(route: APIRoute) -> str:
    """`consent_request`: the group and the verb, as clients that are generated name their methods."""
    return f"{route.tags[0]}_{route.name}" if route.tags else route.name


def places(routers: Iterable[APIRouter]) -> dict[str, str]:
    """Where `/docs` describes each call: `POST /v1/notices` to the part of the address after `#`."""
    return {
        f"{method} {route.path}": f"/{route.tags[0]}/{operation_id(route)}"
        for router in routers
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def problem_types() -> dict[str, ProblemType]:
    """Every problem type: of the error tree, and of the policy's reasons."""
    assert all(_ROOMS)  # an error is known once its room's module is imported
    types = {
        error.code: ProblemType(error.code, error.status, error.title, error.explanation)
        for error in catalogue_of_errors()
    }
    for reason in REASONS.values():
        call = f"{reason.method} {reason.href}" if reason.href else None
        types.setdefault(
            reason.code,
            ProblemType(reason.code, reason.status, reason.title, reason.remedy, reason.key, call),
        )
    return types


def connector_types() -> dict[str, ProblemType]:
    """What a caller's connector says of itself: no call gives any of them, but their pages are here too."""
    return {
        kind.code: ProblemType(kind.code, kind.status, kind.title, kind.explanation, of_connector=True)
        for kind in KINDS
    }


def problem_examples() -> dict[str, dict[str, Any]]:
    """A whole problem of each type, by its code."""
    samples = {sample.code: sample for sample in _SAMPLES}
    sources = {error.code for error in catalogue_of_errors() if issubclass(error, SourceFault)}
    found: dict[str, dict[str, Any]] = {}
    for kind in problem_types().values():
        if kind.code in samples:
            found[kind.code] = problem(samples[kind.code], BASE, REQUEST)
        elif kind.code in REASONS and kind.status != 401:
            found[kind.code] = problem(_refusal(kind), BASE, REQUEST)
        else:
            more: dict[str, Any] = {"exchangeId": EXCHANGE} if kind.code in sources else {}
            error = GatewayError(kind.explanation, **more)
            error.code, error.status, error.title = kind.code, kind.status, kind.title
            found[kind.code] = problem(error, BASE, REQUEST)
    return found


def _refusal(kind: ProblemType) -> Refused:
    more: dict[str, Any] = {"exchangeId": EXCHANGE}
    if kind.code in ("rate-limit", "daily-limit"):
        left = limits_left(600, 50_000, Usage(600 if kind.code == "rate-limit" else 12, 50_000))
        more["limits"] = left.model_dump(mode="json")
    fields = ("holder.familyName",) if "field" in kind.code and kind.code != "no-fields" else ()
    reasons = [reason_body(Reason(kind.code, fields))]
    return Refused(reasons, code=kind.code, status=kind.status, title=kind.title, **more)


def finished(document: dict[str, Any]) -> dict[str, Any]:
    """FastAPI's document, finished in place."""
    components = document["components"]
    schemas = components["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem_schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem_schema.pop("$defs", {})
    schemas["Problem"] = problem_schema
    schemas["Agreement"]["properties"]["text"] = {"$ref": "#/components/schemas/AgreementText"}  # served as stored
    components["schemas"] = dict(sorted(schemas.items()))
    components["examples"] = {
        code: {"summary": body["title"], "value": body} for code, body in sorted(problem_examples().items())
    }
    for path, operation in operations(document):
        _finish(path, operation, components["examples"])
    _untitle(document)
    return document


def at_home(document: dict[str, Any], base_url: str) -> dict[str, Any]:
    """The document, in place, its examples of the gateway of this address: a link in one is a page that it serves."""
    for name, part in document.items():
        document[name] = _moved(part, base_url)
    return document


def _moved(part: Any, base_url: str) -> Any:
    if isinstance(part, dict):
        return {name: _moved(one, base_url) for name, one in part.items()}
    if isinstance(part, list):
        return [_moved(one, base_url) for one in part]
    return part.replace(BASE, base_url) if isinstance(part, str) else part


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation with its path."""
    for path, methods in document["paths"].items():
        for method in _METHODS:
            if method in methods:
                yield path, methods[method]


def _finish(path: str, operation: dict[str, Any], examples: Mapping[str, Any]) -> None:
    responses = operation["responses"]
    if responses.get("422", {}).get("description") == "Validation Error":
        del responses["422"]
    follows = problems(HeadTooLarge, *(_follows(operation) if path.startswith("/v1/") else _of_pages(path)))
    for status, response in follows.items():
        _merge(responses, str(status), response)
    if path == EXCHANGES:
        _merge(responses, "503", problems(ledger.LedgerHalted)[503])
    for status, response in responses.items():  # `client-suspended` is of two: 401, and found out in the commit 403
        shown = response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {})
        for code in [code for code in shown if examples[code]["value"]["status"] != int(status)]:
            del shown[code]
    operation["responses"] = dict(sorted(responses.items()))
    scopes = [scope for way in operation.get("security", ()) for scope in way.get("client", ())]
    ways = [way for each in operation.get("security", ()) for way in each]
    operation["description"] = "\n\n".join(filter(None, (operation.get("description"), _callers(ways, scopes))))


def _callers(ways: list[str], scopes: list[str]) -> str:
    if not ways:
        return ""
    said = [f"a client whose token carries the scope `{' '.join(scopes)}`"] if "client" in ways else []
    said += ["a person, by their own token"] if "person" in ways else []
    return f"Called by {', or by '.join(said)}."


def _of_pages(path: str) -> Iterator[type[GatewayError]]:
    """Who asks how the gateway is, is never turned away; `/oauth/token` says in its own form that it is crowded."""
    if not path.startswith(("/health/", "/oauth/")):
        yield TooManyConnections


def _follows(operation: Mapping[str, Any]) -> Iterator[type[GatewayError]]:
    ways = {way for each in operation.get("security", ()) for way in each}
    yield from _OF_STORAGE
    yield TooManyConnections
    yield UnknownParameter
    if ways:
        yield from _OF_CALLER
    if "client" in ways:
        yield from _OF_CLIENT
    if len(ways) == 1:
        yield WrongKindOfCaller
    if "requestBody" in operation:
        yield from _OF_BODY
        yield StorageFull
    elif any(
        one["in"] == "query" or one["schema"].get("type") != "string" for one in operation.get("parameters", ())
    ):
        yield InvalidRequest


def _merge(responses: dict[str, Any], status: str, more: dict[str, Any]) -> None:
    held = responses.setdefault(status, more)
    if held is not more:
        told = held["content"][MEDIA_TYPE]["examples"] | more["content"][MEDIA_TYPE]["examples"]
        lines = dict.fromkeys((*held["description"].split("\n"), *more["description"].split("\n")))
        responses[status] = {
            **held,
            "description": "\n".join(lines),
            "content": {MEDIA_TYPE: {**held["content"][MEDIA_TYPE], "examples": told}},
        }


def _untitle(document: dict[str, Any]) -> None:
    """Drop titles made of names torn apart ("Exchangeid"): what is left is the name itself. And what is sent in a
    query, a header or a body may be left out, but is never null."""
    for schema in document["components"]["schemas"].values():
        schema.pop("title", None)
        for part in schema.get("properties", {}).values():
            part.pop("title", None)
    for _, operation in operations(document):
        sent = [*operation.get("parameters", ()), *operation.get("requestBody", {}).get("content", {}).values()]
        for one in sent:
            one["schema"] = _one_of(one["schema"])
        for response in operation["responses"].values():
            for content in response.get("content", {}).values():
                content.get("schema", {}).pop("title", None)


def _one_of(schema: dict[str, Any]) -> dict[str, Any]:
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    rest = {name: value for name, value in schema.items() if name not in ("title", "description")}
    return kinds[0] if len(kinds) == 1 and rest.keys() == {"anyOf"} else rest
