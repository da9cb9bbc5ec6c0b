"""`POST /v1/exchanges` before FastAPI's per-route machinery: pure ASGI, otherwise like any other route.

It stands in the one OpenAPI document (`endpoints.py` declares it), answers errors by the one handler's code, and uses
the same authentication, bodies and service. The reasons, measured: docs/adr/0002-the-hot-path.md.
"""

from functools import partial

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from gateway.auth.caller import Caller, ClientCaller, Credentials
from gateway.auth.errors import ScopeMissing
from gateway.auth.service import Auth
from gateway.deadline import Deadline
from gateway.errors import GatewayError, InvalidRequest
from gateway.exchange.errors import ShuttingDown
from gateway.exchange.rates import MOST_OF_A_PERSON, PerMinute, TooManyExchanges
from gateway.exchange.service import Exchanges
from gateway.telemetry.log import logger, where
from gateway.web.bodies import (
    App,
    HungUp,
    Receive,
    Scope,
    Send,
    check_content_type,
    check_json,
    check_length,
    read_body,
    send_problem,
)
from gateway.web.errors import MalformedJson
from gateway.web.faults import of_body
from gateway.web.query import UnknownParameter
from schemas.api.exchanges import ExchangeRequest
from schemas.api.subject import REFERENCE

PATH = "/v1/exchanges"
SCOPE = "exchanges:write"


class ExchangeRoute:
    """ASGI middleware that answers `POST /v1/exchanges` and hands everything else on."""

    def __init__(self, app: App, exchanges: Exchanges, auth: Auth, base_url: str) -> None:
        self.app = app
        self.exchanges = exchanges
        self.auth = auth
        self.base_url = base_url
        self.draining = False
        self._deadline = Deadline()
        self._people = PerMinute(auth.clock, MOST_OF_A_PERSON, TooManyExchanges)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        scope["threekeys.route"] = PATH
        try:
            body, headers = await self._answer(scope, receive)
        except HungUp:
            return
        except GatewayError as error:
            await send_problem(scope, send, error, self.base_url)
            return
        except Exception as error:
            logger("exchange").error("unexpected", requestId=scope.get("threekeys.request_id", ""), **where(error))
            await send_problem(scope, send, GatewayError(), self.base_url)
            return
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[bytes, list[tuple[bytes, bytes]]]:
        check_length(scope)
        if self.draining:
            raise ShuttingDown(headers={"Retry-After": "1", "Connection": "close"})
        caller = await self.auth.authenticate("POST", PATH, Credentials.of(scope["headers"]))
        scope["threekeys.caller"] = caller.id if isinstance(caller, ClientCaller) else "person"
        if isinstance(caller, ClientCaller) and SCOPE not in caller.scopes:
            raise ScopeMissing(SCOPE)
        if not isinstance(caller, ClientCaller):
            self._people.admit(caller.id)
        if scope["query_string"]:
            raise UnknownParameter(())
        check_content_type(scope)
        body = await read_body(receive, self._deadline)  # of somebody known: strangers hold no memory with it
        try:
            request = parse(body)
        except ValidationError as error:
            raise await self._invalid(caller, body, error) from None
        reply = await self.exchanges.exchange(caller, request, idempotency_key(scope))
        answer = to_json(reply.body)
        return answer, [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(answer)).encode()),
            (b"location", f"{PATH}/{reply.exchange_id}".encode()),
            (b"cache-control", b"no-store"),
        ]

    async def _invalid(self, caller: Caller, body: bytes, error: ValidationError) -> InvalidRequest:
        """Every fault of a body whose shape has failed."""
        errors, rules = error.errors(include_url=False, include_input=False), partial(self.exchanges.rules, caller)
        return InvalidRequest(errors=await of_body(ExchangeRequest, from_json(body), errors, rules))


def parse(body: bytes) -> ExchangeRequest:
    """The request. Raises `MalformedJson`, and pydantic's `ValidationError`."""
    if not body:
        raise MalformedJson("the body is empty")
    check_json(body)
    return ExchangeRequest.model_validate_json(body)


def idempotency_key(scope: Scope) -> str | None:
    """The header `Idempotency-Key`, or None. Raises `InvalidRequest` where it is not of its form."""
    found = [value for name, value in scope["headers"] if name == b"idempotency-key"]
    if not found:
        return None
    key = str(found[0].decode("latin-1"))
    if len(found) > 1 or REFERENCE.fullmatch(key) is None:
        raise InvalidRequest("send one Idempotency-Key of 1 to 64 characters A-Z a-z 0-9 . _ -")
    return key
