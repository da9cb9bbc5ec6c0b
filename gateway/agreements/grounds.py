"""The grounds of a decision: who takes part, which dataset, under which agreement."""

from dataclasses import dataclass

from gateway.agencies import repository as agencies
from gateway.agencies.repository import GROUNDS
from gateway.agreements import repository, terms
from gateway.catalogue import repository as catalogue
from gateway.catalogue.repository import DatasetRow
from gateway.db.connection import Connection
from gateway.db.intent import Ahead, Transaction
from gateway.policy import AgreementFacts, DatasetFacts, PartyFacts
from schemas.records import field_paths


@dataclass(frozen=True, slots=True)
class Grounds:
    """Facts that change seldom: who, which dataset, under which agreement."""

    parties: PartyFacts
    dataset: DatasetFacts | None
    agreement: AgreementFacts | None
    row: DatasetRow | None


def grounds(
    connection: Connection,
    client_id: str,
    consumer_id: str,
    dataset_id: str,
    purpose: str,
    *,
    agreement_id: str | None = None,
    now: int | None = None,
) -> Grounds:
    """Read them: for a dry look on a reader's connection, or inside a transaction that has locked their rows.

    Of several agreements on the dataset the best at `now` (a transaction knows its own) is chosen, or `agreement_id`
    where the caller has locked that one.
    """
    if now is None and isinstance(connection, Transaction):
        now = connection.now
    client = agencies.client_status(connection, client_id)
    row = catalogue.find(connection, dataset_id)
    provider = agencies.find_agency(connection, row.provider_id) if row else None
    parties = PartyFacts(
        client=client.client_status if client and client.agency_id == consumer_id else "unknown",
        consumer=client.agency_status if client else "unknown",
        provider=provider.status if provider else "unknown",
    )
    if agreement_id is not None:
        locked = repository.find(connection, agreement_id)
        mine = locked and (locked.consumer_id, locked.dataset_id) == (consumer_id, dataset_id)
        found = [locked] if locked and mine else []
    else:
        found = repository.between(connection, consumer_id, dataset_id) if consumer_id else []
    agreement = terms.choose(found, purpose, connection, now)
    return Grounds(parties, dataset_facts(row) if row else None, agreement, row)


def grounds_in_hand(
    tx: Transaction, client_id: str, consumer_id: str, dataset_id: str, purpose: str, agreement_id: str | None
) -> Grounds:
    """The same, read once a transaction that has locked the rows: until one of them is written in it."""
    return tx.memo(
        (GROUNDS, client_id, consumer_id, dataset_id, purpose, agreement_id),
        lambda: grounds(tx, client_id, consumer_id, dataset_id, purpose, agreement_id=agreement_id),
    )


def look_ahead(ahead: Ahead, client_id: str, dataset_id: str, provider_id: str, agreement_id: str | None) -> None:
    """What `grounds_in_hand` and the counters will read."""
    agencies.client_status(ahead, client_id)
    catalogue.find(ahead, dataset_id)
    agencies.find_agency(ahead, provider_id)
    if agreement_id is not None:
        repository.find(ahead, agreement_id)
        repository.usage_row(ahead, agreement_id)


def dataset_facts(row: DatasetRow) -> DatasetFacts:
    """The dataset as a fact."""
    return DatasetFacts(
        id=row.id,
        status=row.status,
        special_category=bool(row.special_category),
        criminal_offence=bool(row.criminal_offence),
        show_to_subject=bool(row.show_to_subject),
        fields=field_paths(row.record_type),
    )
