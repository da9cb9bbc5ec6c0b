"""Of which client a refused token request says that it is: for the operator's log alone.

Anybody may say so, and nobody has proven it. Only what is a registered client's id is taken; the caller is told
nothing of it, and has their answer before anything is looked up, so that neither says who is registered.
"""

from contextlib import suppress

from authlib.oauth2 import OAuth2Error

from gateway.agencies.repository import find_client
from gateway.auth import compact
from gateway.auth.form import parse_form
from gateway.auth.token_endpoint import PATH
from gateway.db.store import Store
from gateway.errors import Unavailable
from gateway.web.bodies import App, Message, Receive, Scope, Send
from gateway.web.requests import CLAIMED

_FORM = "application/x-www-form-urlencoded"


class ClaimedClients:
    """ASGI middleware before the token endpoint, behind what bounds its body."""

    def __init__(self, app: App, store: Store) -> None:
        self.app = app
        self.store = store

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH:
            await self.app(scope, receive, send)
            return
        body, status = b"", 0

        async def kept() -> Message:
            nonlocal body
            message = await receive()
            body += message.get("body", b"")
            return message

        async def seen(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        await self.app(scope, kept, seen)
        if status in (400, 401):
            with suppress(OAuth2Error, compact.Unreadable, Unavailable):
                await self._find(scope, body)

    async def _find(self, scope: Scope, body: bytes) -> None:
        claimed = compact.read(parse_form(_FORM, "", body).get("client_assertion", "")).claims.get("sub")
        if isinstance(claimed, str) and "\0" not in claimed:
            row = await self.store.read(find_client, claimed)
            if row is not None:
                scope[CLAIMED] = row.id
