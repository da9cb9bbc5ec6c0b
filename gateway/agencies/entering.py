"""What the ledger is told of agencies and clients: who was registered or changed, and whose standing changed."""

import json
from hashlib import sha256

from gateway.agencies.repository import AgencyRow, ClientRow
from gateway.db.intent import Transaction
from gateway.ledger.entry import append


def enter_agency(tx: Transaction, row: AgencyRow, kind: str) -> None:
    """An agency's entry."""
    append(tx, {"kind": kind, "agency": row.id, "name": row.name, "status": row.status}, (row.id,))


def enter_client(tx: Transaction, row: ClientRow, kind: str) -> None:
    """A client's entry. Of its keys the hash: a key that was swapped shows."""
    event = {
        "kind": kind,
        "client": row.id,
        "agency": row.agency_id,
        "status": row.status,
        "scopes": json.loads(row.scopes),
        "keys": row.jwks_uri or sha256(row.jwks.encode()).hexdigest(),
    }
    append(tx, event, (row.agency_id,))
