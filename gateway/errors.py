"""The error tree of the gateway. One handler (`gateway.web.problems`) turns it into RFC 9457 problem+json.

GatewayError              code, status, title; never a personal value in any text
├── InvalidRequest  400/422   what was sent cannot be read; `errors` by JSON Pointer
├── Unauthenticated 401       who calls is not proven; WWW-Authenticate says how
├── NotAllowed      403       the caller lacks a scope
├── NotFound        404       not there, or not yours to see
├── Conflict        409       the state does not allow this verb
├── Refused         403/429   a decision of the policy: `reasons`, each with missing key and remedy
├── SourceFault     502-504   the agency's own system failed
└── Unavailable     503       the gateway cannot do it now (storage, shutting down)

A room's own errors subclass one of these in its `errors.py`, each with a code of its own; `catalogue_of_errors`
finds them all, and `/problems/{code}` shows a page for each.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self


class GatewayError(Exception):
    """A fault that a caller is told about.

    `code` names the problem type (`/problems/{code}`), `title` is constant for it, `explanation` stands on its
    page and says what to do; where there is no `detail`, it stands there in the problem too. `detail` is for this
    occurrence and holds no personal value.
    """

    code: str = "internal-error"
    status: int = 500
    title: str = "Something went wrong in the gateway"
    explanation: str = "Nothing was released. Try again; if it persists, give the request id to the operator."

    def __init__(
        self,
        detail: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


class InvalidRequest(GatewayError):
    """The request cannot be read. `errors`: [{"pointer": "/a/b", "detail": "…"}] (RFC 9457, section 3)."""

    code = "invalid-request"
    status = 422
    title = "The request does not have the right shape"
    explanation = "Each entry of `errors` names, by JSON Pointer, what is wrong and what is expected there."

    def __init__(
        self, detail: str | None = None, *, errors: Sequence[Mapping[str, str]] = (), **members: Any
    ) -> None:
        if errors:
            members["errors"] = list(errors)
        super().__init__(detail, **members)


class Unauthenticated(GatewayError):
    """Who calls is not proven."""

    code = "unauthenticated"
    status = 401
    title = "The caller is not authenticated"
    explanation = "Get a DPoP-bound access token from /oauth/token and send it with a fresh DPoP proof."


class NotAllowed(GatewayError):
    """The caller is known but may not use this verb."""

    code = "insufficient-scope"
    status = 403
    title = "The access token lacks a scope that this call needs"
    explanation = "Ask for a token with the scope named; if the client does not hold it, ask the operator."


class NotFound(GatewayError):
    """Not there, or belonging to another agency or person: the two are not told apart."""

    code = "not-found"
    status = 404
    title = "There is no such thing, or it is not yours to see"
    explanation = "Check the id. What belongs to another agency or person is answered the same way."


class Conflict(GatewayError):
    """The state of the thing does not allow this verb."""

    code = "conflict"
    status = 409
    title = "The state does not allow this"
    explanation = "Read the thing again and see its state."


class Refused(GatewayError):
    """The policy decided against. Made from a `Refusal`; `code` is that of its first reason."""

    code = "refused"
    status = 403
    title = "The exchange was refused"
    explanation = "`reasons` lists each missing key, and how to get it."

    def __init__(
        self,
        reasons: Sequence[Mapping[str, Any]] = (),
        *,
        code: str | None = None,
        status: int | None = None,
        title: str | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(headers=headers, reasons=list(reasons), **members)
        self.code = code or self.code
        self.status = status or self.status
        self.title = title or self.title


class SourceFault(GatewayError):
    """The providing agency's own system failed; nothing was released."""

    code = "source-unavailable"
    status = 503
    title = "The agency's own system does not answer"
    explanation = "Nothing was released, no use was counted against the consent. Try again later."
    asked = True
    """Whether the source was asked: only then a fetch is counted."""
    seen: Mapping[str, Any] = MappingProxyType({})
    """What the log says of it beside its code, and the caller is not told; no personal value either."""

    def seen_as(self, **seen: Any) -> Self:
        """The fault, with what was seen of it."""
        self.seen = seen
        return self


class Unavailable(GatewayError):
    """The gateway cannot do this now; nothing was released and nothing half-done."""

    code = "temporarily-unavailable"
    status = 503
    title = "The gateway cannot do this now"
    explanation = "Nothing was released. Try again after Retry-After."


def catalogue_of_errors() -> Iterator[type[GatewayError]]:
    """Every error class that has a code of its own, the base first."""
    seen: set[str] = set()
    stack: list[type[GatewayError]] = [GatewayError]
    while stack:
        error = stack.pop()
        if error.code not in seen:
            seen.add(error.code)
            yield error
        stack.extend(error.__subclasses__())
