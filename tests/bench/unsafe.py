"""What the bench, and nothing else, may switch off: proof of possession and receipts. Never for production."""

from typing import Any, cast

from gateway.auth.caller import ClientCaller, Credentials
from gateway.auth.errors import NoCredentials
from gateway.auth.service import Auth
from gateway.ledger.entry import Commitment
from gateway.receipts.issue import ReceiptIssuer, Statement


class UnsafeAuthWithoutProof(Auth):
    """Takes a bound token without its proof: whoever stole it could use it."""

    async def client(self, method: str, path: str, credentials: Credentials) -> ClientCaller:
        scheme, _, text = credentials.authorization.partition(b" ")
        if scheme.lower() != b"dpop":
            raise NoCredentials
        token = self.tokens.verify(text, self.clock.now())
        no_proof = cast(bytes, None)  # `Ask.proof` may be None: a person's bearer token has none either
        return ClientCaller(token.client_id, token.agency_id, token.scopes, token.jkt, no_proof)


class UnsafeNoReceipts(ReceiptIssuer):
    """Signs nothing."""

    def issue(self, statement: Statement, entry: Commitment, committed_at: int) -> str:
        return ""


def without_proof_and_receipts(gateway: Any) -> None:
    """Put the doubles into a gateway that is built and not yet started."""
    auth, settings = gateway.auth, gateway.settings
    gateway.route.auth = UnsafeAuthWithoutProof(
        auth.base_url, auth.store, auth.keys, auth.pseudonyms, auth.clock, auth.issuers
    )
    object.__setattr__(
        gateway.exchanges.replier, "receipts", UnsafeNoReceipts(gateway.keys, settings.base_url, settings.origin)
    )
