"""The index of who looked, as it stands."""

from sqlalchemy import bindparam, select

from gateway.db.connection import Connection, flat
from gateway.subjects.tables import subject_exchange

_EXCHANGES = select(subject_exchange.c.exchange_id).where(subject_exchange.c.subject_id == bindparam("subject_id"))


def exchanges_about(connection: Connection, subject_id: str) -> list[str]:
    """Ids of the exchanges about a subject."""
    return flat(connection.all(_EXCHANGES, {"subject_id": subject_id}))
