"""Who may call, as the type of an endpoint's parameter. The app keeps its `Auth` as `app.state.auth`.

    async def show(caller: Annotated[ClientCaller, client_with("consents:read")]) -> …
    async def decide(caller: Person) -> …
    async def look(caller: Annotated[Caller, anyone_with("exchanges:read")]) -> …

A client's status is read for each request, so a suspended client's token dies at once here too; a proof that writes
is used up across all gateways. The exchange does both in its own commit. Who writes is asked for before the body is
read (`gateway.web.bodies`), which FastAPI's dependencies come too late for: these find the answer in the scope.
"""

from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security.http import HTTPBase

from gateway.agencies.repository import client_status
from gateway.auth.caller import Caller, ClientCaller, Credentials, PersonCaller
from gateway.auth.errors import ClientSuspended, ProofInvalid, ScopeMissing, WrongKindOfCaller
from gateway.auth.once import UseProof
from gateway.auth.service import Auth
from gateway.web.bodies import Scope
from gateway.web.faults import CALLER

_client_scheme = HTTPBase(
    scheme="DPoP",
    scheme_name="client",
    description="A client's DPoP-bound access token of POST /oauth/token, with a DPoP proof (RFC 9449).",
    auto_error=False,
)
_person_scheme = HTTPBase(
    scheme="Bearer",
    scheme_name="person",
    description="A person's token of an issuer that the gateway trusts.",
    auto_error=False,
)


def auth_of(request: Request) -> Auth:
    """The app's `Auth`."""
    auth: Auth = request.app.state.auth
    return auth


async def authenticate(auth: Auth, scope: Scope) -> Caller:
    """Who calls, of either kind; an active client where it is one. Uses up the proof of a request that writes."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    caller = await auth.authenticate(scope["method"], path, Credentials.of(scope["headers"]))
    if isinstance(caller, ClientCaller):
        status = await auth.store.read(client_status, caller.client_id)
        if status is None or not status.active:
            raise ClientSuspended
    # What only reads may be read twice: there the process's own cache of proofs has to do.
    writes = scope["method"] not in ("GET", "HEAD")
    if writes and caller.proof is not None and not await auth.store.commit(UseProof(caller.proof)):
        raise ProofInvalid("the proof was used before")
    return caller


async def authenticated(request: Request) -> Caller:
    """The same, as a dependency."""
    known: Caller | None = request.scope.get(CALLER)
    return known if known is not None else await authenticate(auth_of(request), request.scope)


def client_with(scope: str) -> Any:
    """An agency's client whose token carries this scope; a person is refused."""

    async def dependency(
        caller: Annotated[Caller, Depends(authenticated)],
        _: Annotated[object, Security(_client_scheme, scopes=[scope])],
    ) -> ClientCaller:
        if not isinstance(caller, ClientCaller):
            raise WrongKindOfCaller("only an agency's client may do this")
        return _holding(caller, scope)

    return Depends(dependency)


def anyone_with(scope: str) -> Any:
    """A client whose token carries this scope, or any person."""

    async def dependency(
        caller: Annotated[Caller, Depends(authenticated)],
        _: Annotated[object, Security(_client_scheme, scopes=[scope])],
        __: Annotated[object, Depends(_person_scheme)],
    ) -> Caller:
        return _holding(caller, scope) if isinstance(caller, ClientCaller) else caller

    return Depends(dependency)


async def _person(
    caller: Annotated[Caller, Depends(authenticated)], _: Annotated[object, Depends(_person_scheme)]
) -> PersonCaller:
    if not isinstance(caller, PersonCaller):
        raise WrongKindOfCaller("only the person may do this, by a person's token")
    return caller


def _holding(caller: ClientCaller, scope: str) -> ClientCaller:
    if scope not in caller.scopes:
        raise ScopeMissing(scope)
    return caller


Person = Annotated[PersonCaller, Depends(_person)]
"""A person; a client's token never passes."""
