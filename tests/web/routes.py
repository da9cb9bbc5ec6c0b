"""Every route of the gateway, as a test must call it. A route that is missing here fails `test_other_agencies.py`."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from tests.world import DATASET, World, agreement_text


@dataclass(frozen=True, slots=True)
class Things:
    """Ids of what belongs to one consumer, one provider and Ann, in one World."""

    consent: str
    """Hers, granted."""
    request: str
    """Hers, not decided yet."""
    exchange: str
    agreement: str
    entry: str
    """Of the ledger, about the exchange."""


Caller = Literal["public", "client", "person", "anyone"]
Body = Callable[[World], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """`path` is FastAPI's template; `scope` what a client needs; `thing` which of `Things` fills the template.

    `example` fills it where nothing of anybody's does; `query` makes a public call complete.
    """

    method: str
    path: str
    caller: Caller
    scope: str | None = None
    body: Body | None = None
    thing: str | None = None
    example: str | None = None
    query: str = ""

    @property
    def id(self) -> str:
        """As people name it."""
        return f"{self.method} {self.path}"

    def filled(self, value: str) -> str:
        """The path with its parameter filled; a number that follows it is 1."""
        head, brace, rest = self.path.partition("{")
        return head + value + rest.partition("}")[2].replace("{version}", "1") if brace else self.path

    def json(self, world: World) -> dict[str, Any]:
        """Keyword arguments of the call that carry its body."""
        return {"json": self.body(world)} if self.body else {}


def _ask(world: World) -> Any:
    return world.ask()


def _request(world: World) -> Any:
    return world.ask("cat", purpose="with-consent")


def _notice(world: World) -> Any:
    body = {name: part for name, part in world.ask(purpose="notified").items() if name != "fields"}
    return {**body, "noticeVersion": "notice-1", "channel": "letter", "givenAt": "2026-01-01T00:00:00Z"}


def _text(_: World) -> Any:
    return agreement_text(DATASET)


def _acceptance(_: World) -> Any:
    return {"version": 1, "jws": "x" * 40}


ROUTES = (
    Route("POST", "/v1/exchanges", "anyone", "exchanges:write", _ask),
    Route("GET", "/v1/exchanges/{exchange_id}", "anyone", "exchanges:read", thing="exchange"),
    Route("POST", "/v1/decisions", "anyone", "decisions:write", _ask),
    Route("POST", "/v1/consent-requests", "client", "consents:write", _request),
    Route("GET", "/v1/consent-requests", "anyone", "consents:read"),
    Route("POST", "/v1/consent-requests/{consent_id}/decisions", "person", body=lambda _: {"decision": "grant"},
          thing="request"),
    Route("GET", "/v1/consents/{consent_id}", "anyone", "consents:read", thing="consent"),
    Route("POST", "/v1/consents/{consent_id}/revocations", "anyone", "consents:write", lambda _: {}, thing="consent"),
    Route("GET", "/v1/consents/{consent_id}/receipt", "anyone", "consents:read", thing="consent"),
    Route("POST", "/v1/notices", "client", "notices:write", _notice),
    Route("POST", "/v1/agreements", "client", "agreements:write", _text),
    Route("GET", "/v1/agreements", "client", "agreements:read"),
    Route("GET", "/v1/agreements/{agreement_id}", "client", "agreements:read", thing="agreement"),
    Route("GET", "/v1/agreements/{agreement_id}/versions/{version}", "client", "agreements:read", thing="agreement"),
    Route("POST", "/v1/agreements/{agreement_id}/versions", "client", "agreements:write", _text, thing="agreement"),
    Route("POST", "/v1/agreements/{agreement_id}/acceptances", "client", "agreements:accept", _acceptance,
          thing="agreement"),
    Route("POST", "/v1/agreements/{agreement_id}/suspensions", "client", "agreements:write",
          lambda _: {"action": "suspend"}, thing="agreement"),
    Route("GET", "/v1/permissions", "client", "permissions:read"),
    Route("GET", "/v1/ledger/openings/{entry_id}", "anyone", "ledger:read", thing="entry"),
    Route("GET", "/v1/status", "public"),
    Route("GET", "/v1/register", "public"),
    Route("GET", "/v1/agencies", "public"),
    Route("GET", "/v1/datasets", "public"),
    Route("GET", "/v1/datasets/{agency}/{name}", "public", example=f"/v1/datasets/{DATASET.rpartition('/')[0]}"),
    Route("GET", "/v1/datasets/{agency}/{name}/{version}", "public", example=f"/v1/datasets/{DATASET}"),
    Route("GET", "/v1/record-types", "public"),
    Route("GET", "/v1/record-types/{name}", "public", example="/v1/record-types/driving-licence"),
    Route("GET", "/v1/record-types/{name}/{version}", "public", example="/v1/record-types/driving-licence/v1"),
    Route("GET", "/v1/ledger/checkpoint", "public"),
    Route("GET", "/v1/ledger/tile/{path:path}", "public", example="/v1/ledger/tile/0/000.p/1"),
    Route("GET", "/v1/ledger/entries/{path:path}", "public", example="/v1/ledger/entries/000.p/1"),
    Route("GET", "/v1/ledger/proofs/inclusion", "public", query="?entry={entry}"),
    Route("GET", "/v1/ledger/proofs/consistency", "public", query="?from=1&to=1"),
    Route("POST", "/oauth/token", "public"),
    Route("GET", "/.well-known/oauth-authorization-server", "public"),
    Route("GET", "/.well-known/oauth-protected-resource", "public"),
    Route("GET", "/.well-known/jwks.json", "public"),
    Route("GET", "/problems", "public"),
    Route("GET", "/problems/{code}", "public", example="/problems/consent-required"),
    Route("GET", "/health/live", "public"),
    Route("GET", "/health/ready", "public"),
    Route("GET", "/metrics", "public"),
    Route("GET", "/openapi.json", "public"),
    Route("GET", "/", "public"),
    Route("GET", "/docs", "public"),
    Route("GET", "/docs/", "public"),
    Route("GET", "/docs/swagger-ui-bundle.js", "public"),
    Route("GET", "/docs/swagger-ui.css", "public"),
    Route("GET", "/docs/start.js", "public"),
)  # fmt: skip


def served(routes: Any) -> Iterator[tuple[str, str]]:
    """(method, template) of every route that an app answers, whether or not it stands in the OpenAPI document."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from served(inner.routes)
        else:
            for method in (getattr(route, "methods", None) or {"*"}) - {"HEAD"}:
                yield method, route.path
