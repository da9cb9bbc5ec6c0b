"""The only place with SQL of the room."""

import json
from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Select, bindparam, func, insert, or_, select, update

from gateway.agencies.repository import GROUNDS
from gateway.agreements.tables import agreement, agreement_acceptance, agreement_usage, agreement_version
from gateway.db.connection import Connection
from gateway.db.held import padded
from gateway.db.intent import Transaction
from schemas.api.agreements import Status


class AgreementRow(NamedTuple):
    """The lockable row."""

    id: str
    consumer_id: str
    provider_id: str
    dataset_id: str
    status: Status
    version: int
    in_force: int
    suspended_by: str | None
    created_at: int

    @property
    def parties(self) -> tuple[str, str]:
        """Its two agencies: (consumer, provider)."""
        return self.consumer_id, self.provider_id

    @property
    def suspenders(self) -> list[str]:
        """Those of them that have suspended it."""
        found: list[str] = json.loads(self.suspended_by or "[]")
        return found


class AcceptanceRow(NamedTuple):
    """One acceptance."""

    agency_id: str
    client_id: str
    version: int
    jws: str
    accepted_at: int


_COLUMNS = [agreement.c[name] for name in AgreementRow._fields]
_BY_ID = select(*_COLUMNS).where(agreement.c.id == bindparam("id"))
_PAIR = (agreement.c.consumer_id == bindparam("consumer"), agreement.c.dataset_id == bindparam("dataset"))
_NEWEST_FIRST = (agreement.c.created_at.desc(), agreement.c.id.desc())
# Few, so sorted here: ordered by the database, it might walk all of them in that order instead.
_LIVE = select(*_COLUMNS).where(*_PAIR, or_(agreement.c.status == "in-force", agreement.c.status == "suspended"))
_NEWEST = select(*_COLUMNS).where(*_PAIR).order_by(*_NEWEST_FIRST).limit(1)
_OPEN_DRAFTS = (
    select(func.count())
    .select_from(agreement)
    .join(
        agreement_version, (agreement_version.c.agreement_id == agreement.c.id) & (agreement_version.c.version == 1)
    )
    .where(
        *_PAIR,
        or_(agreement.c.status == "draft", agreement.c.status == "accepted"),
        agreement_version.c.drafted_by == bindparam("drafted_by"),
    )
)
_OF_PARTY = (
    select(*_COLUMNS)
    .where(
        or_(agreement.c.consumer_id == bindparam("agency"), agreement.c.provider_id == bindparam("agency")),
        agreement.c.id > bindparam("after"),
    )
    .order_by(agreement.c.id)
    .limit(bindparam("limit"))
)
_MAY_ASK = (
    select(*_COLUMNS)
    .where(
        agreement.c.consumer_id == bindparam("consumer"),
        or_(agreement.c.status == "in-force", agreement.c.status == "suspended"),
        agreement.c.id > bindparam("after"),
    )
    .order_by(agreement.c.id)
    .limit(bindparam("limit"))
)
_MAY_ASK_FOR = _MAY_ASK.where(agreement.c.dataset_id == bindparam("dataset"))
_ALL = select(*_COLUMNS).order_by(agreement.c.consumer_id, agreement.c.dataset_id, agreement.c.id)
_IN_FORCE = (
    select(*_COLUMNS)
    .where(agreement.c.status == "in-force", agreement.c.id > bindparam("after"))
    .order_by(agreement.c.id)
    .limit(bindparam("limit"))
)
_INSERT = insert(agreement).values({name: bindparam(name) for name in AgreementRow._fields})
_WRITE = (
    update(agreement)
    .where(agreement.c.id == bindparam("key"))
    .values({name: bindparam(name) for name in ("status", "version", "in_force", "suspended_by")})
)
_VERSION = select(agreement_version.c.text, agreement_version.c.sha256).where(
    agreement_version.c.agreement_id == bindparam("agreement_id"), agreement_version.c.version == bindparam("version")
)
_VERSION_FIELDS = ("agreement_id", "version", "text", "sha256", "drafted_by", "created_at")
_INSERT_VERSION = insert(agreement_version).values({name: bindparam(name) for name in _VERSION_FIELDS})
_ACCEPTANCES = (
    select(*[agreement_acceptance.c[name] for name in AcceptanceRow._fields])
    .where(agreement_acceptance.c.agreement_id == bindparam("agreement_id"))
    .order_by(agreement_acceptance.c.version, agreement_acceptance.c.accepted_at)
)
_INSERT_ACCEPTANCE = insert(agreement_acceptance).values(
    {name: bindparam(name) for name in ("agreement_id", *AcceptanceRow._fields)}
)
_USAGE = select(agreement_usage.c.day, agreement_usage.c.day_count, agreement_usage.c.recent).where(
    agreement_usage.c.agreement_id == bindparam("agreement_id")
)
_INSERT_USAGE = insert(agreement_usage).values(
    agreement_id=bindparam("agreement_id"), day=0, day_count=0, recent="[]"
)
_WRITE_USAGE = (
    update(agreement_usage)
    .where(agreement_usage.c.agreement_id == bindparam("key"))
    .values({name: bindparam(name) for name in ("day", "day_count", "recent")})
)


def find(connection: Connection, agreement_id: str) -> AgreementRow | None:
    """One agreement by id."""
    row = connection.first(_BY_ID, {"id": agreement_id})
    return None if row is None else AgreementRow._make(row)


def between(connection: Connection, consumer_id: str, dataset_id: str) -> list[AgreementRow]:
    """Those by which this consumer may ask for this dataset, newest first: in force or suspended, which both agencies
    have signed; where there is none, the newest of any status. However many one party drafts or ends, none of them
    is read beside those."""
    pair = {"consumer": consumer_id, "dataset": dataset_id}
    rows = connection.all(_LIVE, pair) or connection.all(_NEWEST, pair)
    found = [AgreementRow._make(row) for row in rows]
    return sorted(found, key=lambda row: (row.created_at, row.id), reverse=True)


def open_drafts(connection: Connection, consumer_id: str, dataset_id: str, drafted_by: str) -> int:
    """How many agreements, not yet in force, an agency has drafted for this consumer and dataset."""
    pair = {"consumer": consumer_id, "dataset": dataset_id}
    return int(connection.all(_OPEN_DRAFTS, {**pair, "drafted_by": drafted_by})[0][0])


def of_party(connection: Connection, agency_id: str, after: str, limit: int) -> list[AgreementRow]:
    """The agreements of an agency, by id."""
    rows = connection.all(_OF_PARTY, {"agency": agency_id, "after": after, "limit": limit})
    return [AgreementRow._make(row) for row in rows]


def may_ask(
    connection: Connection, consumer_id: str, dataset_id: str | None, after: str, limit: int
) -> list[AgreementRow]:
    """By which agreements a consumer may ask, in force or suspended, for one dataset or for any; by id."""
    values = {"consumer": consumer_id, "after": after, "limit": limit}
    if dataset_id is None:
        rows = connection.all(_MAY_ASK, values)
    else:
        rows = connection.all(_MAY_ASK_FOR, {**values, "dataset": dataset_id})
    return [AgreementRow._make(row) for row in rows]


def everything(connection: Connection) -> list[AgreementRow]:
    """Every agreement, whatever its status, by consumer and dataset: for the operator."""
    return [AgreementRow._make(row) for row in connection.all(_ALL)]


def in_force(connection: Connection, after: str, limit: int) -> list[AgreementRow]:
    """Every agreement in force, by id."""
    return [AgreementRow._make(row) for row in connection.all(_IN_FORCE, {"after": after, "limit": limit})]


@cache
def _in_force_for(size: int) -> Select[Any]:
    datasets: list[BindParameter[str]] = [bindparam(f"k{n}") for n in range(size)]
    about = agreement.c.dataset_id.in_(datasets)
    return select(*_COLUMNS).where(agreement.c.status == "in-force", about).order_by(agreement.c.id)


def in_force_for(connection: Connection, dataset_ids: Iterable[str]) -> list[AgreementRow]:
    """Those in force for these datasets."""
    found = []
    for part in padded(sorted(dataset_ids)):
        rows = connection.all(_in_force_for(len(part)), {f"k{n}": one for n, one in enumerate(part)})
        found += [AgreementRow._make(row) for row in rows]
    return found


def insert_agreement(connection: Connection, row: AgreementRow) -> None:
    """Write a new agreement and its counter."""
    connection.run(_INSERT, row._asdict())
    connection.run(_INSERT_USAGE, {"agreement_id": row.id})


def write_agreement(tx: Transaction, row: AgreementRow) -> AgreementRow:
    """Write the state of an agreement."""
    tx.forget_all(GROUNDS)
    values = {name: getattr(row, name) for name in ("status", "version", "in_force", "suspended_by")}
    tx.run(_WRITE, {"key": row.id, **values})
    return row


def version_text(connection: Connection, agreement_id: str, version: int) -> tuple[str, str] | None:
    """(text, sha256) of a version."""
    row = connection.first(_VERSION, {"agreement_id": agreement_id, "version": version})
    return None if row is None else (row[0], row[1])


def insert_version(
    connection: Connection, agreement_id: str, version: int, text: str, sha256: str, drafted_by: str, now: int
) -> None:
    """Write a version, once and for all."""
    values = (agreement_id, version, text, sha256, drafted_by, now)
    connection.run(_INSERT_VERSION, dict(zip(_VERSION_FIELDS, values, strict=True)))


def acceptances(connection: Connection, agreement_id: str) -> list[AcceptanceRow]:
    """All acceptances of all versions."""
    return [AcceptanceRow._make(row) for row in connection.all(_ACCEPTANCES, {"agreement_id": agreement_id})]


def insert_acceptance(connection: Connection, agreement_id: str, row: AcceptanceRow) -> None:
    """Write an acceptance."""
    connection.run(_INSERT_ACCEPTANCE, {"agreement_id": agreement_id, **row._asdict()})


def usage_row(connection: Connection, agreement_id: str) -> tuple[Any, ...] | None:
    """(day, day_count, recent)."""
    return connection.first(_USAGE, {"agreement_id": agreement_id})


def write_usage(connection: Connection, agreement_id: str, day: int, day_count: int, recent: str) -> None:
    """Write the counts."""
    connection.run(_WRITE_USAGE, {"key": agreement_id, "day": day, "day_count": day_count, "recent": recent})
