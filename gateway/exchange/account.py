"""What was decided, told to both parties and to the person: never a value of a record."""

import json
from collections.abc import Callable

from gateway.auth.caller import Caller, ClientCaller
from gateway.db.connection import Connection
from gateway.db.store import Store
from gateway.exchange import repository
from gateway.exchange.errors import NoSuchExchange
from gateway.exchange.repository import EntryRow
from gateway.ledger import repository as ledger
from gateway.signing.pseudonyms import PseudonymKeys
from gateway.subjects import repository as subjects
from gateway.subjects.pseudonym import pseudonyms
from schemas.api.exchanges import ExchangeAccount, ExchangeEvent


async def account(store: Store, keys: PseudonymKeys, caller: Caller, exchange_id: str) -> ExchangeAccount:
    """The entries about an exchange that this caller may read. `NoSuchExchange` for anybody else."""
    if isinstance(caller, ClientCaller):
        agency = caller.agency_id
        return await store.read(_read, exchange_id, lambda _, row: _of_party(row, agency))
    known_as = pseudonyms(keys, dict(caller.identifiers))

    def own(connection: Connection, row: EntryRow) -> bool:
        return row.audience == "both" and subjects.is_theirs(connection, exchange_id, known_as)

    return await store.read(_read, exchange_id, own)


def _of_party(row: EntryRow, agency: str) -> bool:
    return agency == row.provider_id or (agency == row.consumer_id and row.audience == "both")


def _read(
    connection: Connection, exchange_id: str, may_read: Callable[[Connection, EntryRow], bool]
) -> ExchangeAccount:
    events: list[ExchangeEvent] = []
    outcome, restricted = "", False
    for row in repository.entries(connection, exchange_id):
        opening = ledger.opening(connection, row.entry_id) if may_read(connection, row) else None
        entry = ledger.find(connection, row.entry_id) if opening else None
        if opening is None or entry is None:
            continue
        event = json.loads(opening[1])
        if event["kind"] != "exchange-detail":
            outcome = "released" if event["outcome"] == "repeated" else event["outcome"]
        elif event["found"] == "restricted":
            restricted = True
        events.append(
            ExchangeEvent(
                entry_id=row.entry_id,
                at=event["at"],
                commitment=entry[1].hex(),
                salt=opening[0].hex(),
                event=event,
            )
        )
    if not events:
        raise NoSuchExchange
    outcome = "restricted" if restricted and outcome != "released" else outcome
    return ExchangeAccount(exchange_id=exchange_id, outcome=outcome, entries=events)
