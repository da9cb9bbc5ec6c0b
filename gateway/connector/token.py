"""The token of a client: asked for when needed, kept until shortly before it expires."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.clock import MICROSECONDS, Clock
from gateway.connector.errors import NotAGateway, TokenRefused, Unreachable
from gateway.connector.proofs import ASSERTION_TYPE, ProofMaker

PATH = "/oauth/token"
_EARLY = 30  # seconds before its end at which a token is renewed
_NOT_THERE = (404, 405, 410)
"""No token endpoint answers so, whatever it is asked. What is none may do so with an `error` in JSON, too."""


@dataclass(slots=True)
class Token:
    """A client's current token, if it has one."""

    clock: Clock
    scope: str | None = None
    text: str = ""
    _until: int = 0

    @property
    def usable(self) -> bool:
        """Whether there is a token with some life left."""
        return bool(self.text) and self.clock.now() < self._until

    def drop(self, text: str) -> None:
        """Forget this token: the gateway does not take it any more. One that came since is kept."""
        if self.text == text:
            self.text = ""

    def form(self, maker: ProofMaker) -> dict[str, str]:
        """The body of a token request."""
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": maker.assertion(),
        }
        return form if self.scope is None else {**form, "scope": self.scope}

    def take(self, status: int, answer: object) -> str:
        """Keep what the endpoint answered. Raises `TokenRefused`, or `Unreachable` where it is no such answer."""
        if not isinstance(answer, Mapping) or (status != 200 and "error" not in answer) or status in _NOT_THERE:
            if status >= 500:  # a proxy, before a gateway that is down
                raise Unreachable(f"the gateway is not reached: its token endpoint answers {status}")
            raise NotAGateway(f"what answers is no gateway: {PATH} answered {status}, and not as RFC 6749 says")
        if status != 200:
            raise TokenRefused(status, str(answer["error"]), str(answer.get("error_description", "")))
        text, kind, seconds = (answer.get(name) for name in ("access_token", "token_type", "expires_in"))
        if not isinstance(text, str) or str(kind).lower() != "dpop" or not isinstance(seconds, int):
            raise NotAGateway("what answers is no gateway: its token is not bound to a key (DPoP)")
        self._until = self.clock.now() + max(seconds - _EARLY, 1) * MICROSECONDS
        self.text = text
        return text
