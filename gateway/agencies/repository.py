"""The only place with SQL of the room. Reads work on a reader's connection and inside a transaction alike."""

from typing import NamedTuple

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert  # its ON CONFLICT compiles for SQLite too

from gateway.agencies.errors import NoSuchAgency, NoSuchClient
from gateway.agencies.tables import agency, client
from gateway.db.connection import Connection
from gateway.db.intent import Transaction

# The kind of what a transaction remembers of a decision's grounds (`Transaction.memo`): who may act, which dataset,
# under which agreement. Whoever writes such a row forgets it here, in the repository, so that no intent can omit to.
GROUNDS = "grounds"


class AgencyRow(NamedTuple):
    """An agency as stored."""

    id: str
    name: str
    kind: str
    status: str
    contact: str
    created_at: int


class ClientRow(NamedTuple):
    """A client as stored; `scopes` and `jwks` are JSON text."""

    id: str
    agency_id: str
    name: str
    status: str
    scopes: str
    jwks: str
    jwks_uri: str | None
    created_at: int


class ClientStatus(NamedTuple):
    """Whether a client may act: both statuses must be `active`."""

    client_status: str
    agency_id: str
    agency_status: str

    @property
    def active(self) -> bool:
        """The client and its agency both."""
        return self.client_status == "active" and self.agency_status == "active"


_AGENCY = [agency.c[name] for name in AgencyRow._fields]
_CLIENT = [client.c[name] for name in ClientRow._fields]

_STATUS = (
    select(client.c.status, client.c.agency_id, agency.c.status)
    .join_from(client, agency, agency.c.id == client.c.agency_id)
    .where(client.c.id == bindparam("id"))
)
_AGENCY_BY_ID = select(*_AGENCY).where(agency.c.id == bindparam("id"))
_AGENCIES = select(*_AGENCY).order_by(agency.c.id)
_CLIENT_BY_ID = select(*_CLIENT).where(client.c.id == bindparam("id"))
_CLIENTS_OF = select(*_CLIENT).where(client.c.agency_id == bindparam("agency_id")).order_by(client.c.id)

_INSERT_AGENCY = insert(agency).values({name: bindparam(name) for name in AgencyRow._fields}).on_conflict_do_nothing()
_INSERT_CLIENT = insert(client).values({name: bindparam(name) for name in ClientRow._fields}).on_conflict_do_nothing()
_WRITE_AGENCY = (
    update(agency)
    .where(agency.c.id == bindparam("agency_key"))
    .values({name: bindparam(name) for name in ("name", "kind", "status", "contact")})
)
_WRITE_CLIENT = (
    update(client)
    .where(client.c.id == bindparam("client_key"))
    .values({name: bindparam(name) for name in ("name", "status", "scopes", "jwks", "jwks_uri")})
)


def client_status(connection: Connection, client_id: str) -> ClientStatus | None:
    """The status of a client and of its agency; None where there is no such client."""
    row = connection.first(_STATUS, {"id": client_id})
    return None if row is None else ClientStatus._make(row)


def find_agency(connection: Connection, agency_id: str) -> AgencyRow | None:
    """One agency by id."""
    row = connection.first(_AGENCY_BY_ID, {"id": agency_id})
    return None if row is None else AgencyRow._make(row)


def the_agency(connection: Connection, agency_id: str) -> AgencyRow:
    """The agency of this id. Raises `NoSuchAgency`, which names it: for the operator."""
    row = find_agency(connection, agency_id)
    if row is None:
        raise NoSuchAgency(f"there is no agency {agency_id}: `threekeys agency list` shows those that there are")
    return row


def all_agencies(connection: Connection) -> list[AgencyRow]:
    """Every agency, by id."""
    return [AgencyRow._make(row) for row in connection.all(_AGENCIES)]


def find_client(connection: Connection, client_id: str) -> ClientRow | None:
    """One client by id."""
    row = connection.first(_CLIENT_BY_ID, {"id": client_id})
    return None if row is None else ClientRow._make(row)


def the_client(connection: Connection, client_id: str) -> ClientRow:
    """The client of this id. Raises `NoSuchClient`, which names it: for the operator."""
    row = find_client(connection, client_id)
    if row is None:
        raise NoSuchClient(f"there is no client {client_id}: `threekeys client list` shows those that there are")
    return row


def clients_of(connection: Connection, agency_id: str) -> list[ClientRow]:
    """The clients of an agency, by id."""
    return [ClientRow._make(row) for row in connection.all(_CLIENTS_OF, {"agency_id": agency_id})]


def insert_agency(connection: Connection, row: AgencyRow) -> bool:
    """Write a new agency; False where the id is taken."""
    return connection.run(_INSERT_AGENCY, row._asdict()) == 1


def write_agency(tx: Transaction, row: AgencyRow) -> AgencyRow:
    """Write an agency that exists."""
    tx.forget_all(GROUNDS)
    tx.run(
        _WRITE_AGENCY,
        {"agency_key": row.id, "name": row.name, "kind": row.kind, "status": row.status, "contact": row.contact},
    )
    return row


def insert_client(connection: Connection, row: ClientRow) -> bool:
    """Write a new client; False where the id is taken."""
    return connection.run(_INSERT_CLIENT, row._asdict()) == 1


def write_client(tx: Transaction, row: ClientRow) -> ClientRow:
    """Write a client that exists; it never moves to another agency."""
    values = {name: getattr(row, name) for name in ("name", "status", "scopes", "jwks", "jwks_uri")}
    tx.forget_all(GROUNDS)
    tx.run(_WRITE_CLIENT, {"client_key": row.id, **values})
    return row
