"""The index of who looked, as it stands."""

from sqlalchemy import bindparam, select

from gateway.db.connection import Connection, flat
from gateway.subjects.tables import pseudonym_exchange, subject_exchange

_EXCHANGES = select(subject_exchange.c.exchange_id).where(subject_exchange.c.subject_id == bindparam("subject_id"))
_ASKED_WITH = select(pseudonym_exchange.c.digest).where(pseudonym_exchange.c.exchange_id == bindparam("exchange_id"))


def exchanges_about(connection: Connection, subject_id: str) -> list[str]:
    """Ids of the exchanges about a subject."""
    return flat(connection.all(_EXCHANGES, {"subject_id": subject_id}))


def asked_with(connection: Connection, exchange_id: str) -> list[str]:
    """The pseudonyms that an exchange was asked with while nobody was known by them."""
    return flat(connection.all(_ASKED_WITH, {"exchange_id": exchange_id}))
