"""Who acts through an intent: a client for its agency, looked at again inside the transaction.

The door let it pass some time before. Once its own suspension, or its agency's, is durable, nothing more of what it
sent is committed: every intent of a caller locks what `locks` names and begins with `must_be_active`. The exchange
asks the policy instead, which enters the refusal.
"""

from dataclasses import dataclass

from gateway.agencies.repository import client_status
from gateway.agencies.tables import agency, client
from gateway.auth.errors import ClientSuspended
from gateway.db.intent import AGENCY, CLIENT, Lock, Transaction


@dataclass(frozen=True, slots=True)
class Actor:
    """A client and its agency, by id."""

    client_id: str
    agency_id: str

    def locks(self) -> tuple[Lock, Lock]:
        """The rows that could stop it."""
        return (
            Lock(CLIENT, self.client_id, client, share=True),
            Lock(AGENCY, self.agency_id, agency, share=True),
        )

    def is_active(self, tx: Transaction) -> bool:
        """Whether it may act; its rows are locked by the intent."""
        status = client_status(tx, self.client_id)
        return status is not None and status.active and status.agency_id == self.agency_id

    def must_be_active(self, tx: Transaction) -> None:
        """Raises `ClientSuspended`."""
        if not self.is_active(tx):
            raise ClientSuspended
