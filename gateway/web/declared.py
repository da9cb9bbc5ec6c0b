"""What the OpenAPI document says of answers, once for every room's routes.

A route names the errors that it gives: `responses=problems(NoSuchConsent, ConsentNotOpen)`. What every route gives
(no token, a malformed body, a database that is gone) is added by `gateway.document`, which also holds an example of
each problem type under `#/components/examples`.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from gateway.errors import GatewayError

Responses = dict[int | str, dict[str, Any]]
MEDIA_TYPE = "application/problem+json"
_SCHEMA = {"$ref": "#/components/schemas/Problem"}
_TEXT = {"type": "string"}
_HEADERS: Mapping[int, tuple[str, str]] = {
    401: ("WWW-Authenticate", "What is wrong with token or proof, and how to authenticate (RFC 9449)"),
    409: ("Retry-After", "Seconds, where waiting alone would mend it"),
    429: ("Retry-After", "Seconds until it would be taken"),
    503: ("Retry-After", "Seconds after which to try again"),
    507: ("Retry-After", "Seconds after which to try again"),
}


class Kind(Protocol):
    """A kind of problem that is no error's class: a reason code of the policy."""

    @property
    def code(self) -> str: ...
    @property
    def status(self) -> int: ...
    @property
    def title(self) -> str: ...


def problems(*kinds: type[GatewayError] | Kind) -> Responses:
    """The responses of these errors, a status each; the description names each code. The first is shown first."""
    told = {kind.code: (kind.status, kind.title) for kind in kinds}
    found: Responses = {}
    for code, (status, title) in told.items():
        response = found.setdefault(status, _response(status))
        response["description"] = "\n".join(filter(None, (response["description"], f"- `{code}`: {title}")))
        response["content"][MEDIA_TYPE]["examples"][code] = {"$ref": f"#/components/examples/{code}"}
    return found


def _response(status: int) -> dict[str, Any]:
    response: dict[str, Any] = {
        "description": "",
        "content": {MEDIA_TYPE: {"schema": _SCHEMA, "examples": {}}},
    }
    if status in _HEADERS:
        name, description = _HEADERS[status]
        response["headers"] = {name: {"description": description, "schema": _TEXT}}
    return response


def answer(status: int, description: str, *, headers: Mapping[str, str] | None = None, **examples: Any) -> Responses:
    """What comes where all went well: `examples` by name, JSON-ready."""
    response: dict[str, Any] = {"description": description}
    if examples:
        shown = {name.replace("_", "-"): {"value": value} for name, value in examples.items()}
        response["content"] = {"application/json": {"examples": shown}}
    if headers:
        response["headers"] = {name: {"description": said, "schema": _TEXT} for name, said in headers.items()}
    return {status: response}


def served(description: str, media_type: str, schema: Mapping[str, Any], **more: Any) -> Responses:
    """A 200 of another media type than a model's, or of a schema that is named."""
    return {200: {"description": description, "content": {media_type: {"schema": schema, **more}}}}


def shown_as(**examples: Any) -> dict[str, Any]:
    """Examples of a request's body by name, as `Body(openapi_examples=…)` takes them."""
    return {name.replace("_", "-"): {"value": value} for name, value in examples.items()}
