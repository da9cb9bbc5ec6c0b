"""A database that was migrated has the tables that the rooms declare, and what stood in it means the same."""

import json
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text as sql

from gateway.agreements import repository as agreements
from gateway.agreements import terms
from gateway.agreements.drafting import canonical_text
from gateway.consent import repository as consents
from gateway.db.connection import Connection
from gateway.db.migrating import check, migrate
from gateway.db.open import open_engine
from gateway.migrations.tables import METADATA
from gateway.settings import ConfigurationError
from schemas.api.agreements import AgreementText
from tests.world import CONSUMER, DATASET, PROVIDER, agreement_text

_CONSENT = {
    "id": "c", "subject_id": "s", "consumer_id": CONSUMER, "provider_id": PROVIDER, "client_id": "k",
    "dataset_id": DATASET, "purpose": "with-consent", "agreement_id": "a", "agreement_version": 1,
    "legal_power": "Test Act 2024, section 1", "required": '["status"]', "optional": "[]", "chosen": "[]",
    "status": "active", "valid_days": 365, "max_uses": None, "uses": 0, "requested_at": 1, "decided_at": 2,
    "expires_at": 3, "revoked_at": None, "evidence": "{}", "entry_id": "e",
}  # fmt: skip
_AGREEMENT = {
    "id": "a", "consumer_id": CONSUMER, "provider_id": PROVIDER, "dataset_id": DATASET, "status": "suspended",
    "version": 2, "in_force": 1, "suspended_by": PROVIDER, "created_at": 1,
}  # fmt: skip


def insert(url: str, table: str, *rows: dict[str, Any]) -> None:
    """As the older schema's own gateway wrote it."""
    engine = open_engine(url).alembic_engine()
    names = ", ".join(rows[0])
    marks = ", ".join(f":{name}" for name in rows[0])
    with engine.begin() as connection:
        connection.execute(sql(f"INSERT INTO {table} ({names}) VALUES ({marks})"), list(rows))
    engine.dispose()


def read(url: str) -> Connection:
    return open_engine(url).connect(writing=False)


def test_the_newest_schema_is_what_the_rooms_declare(database_url: str) -> None:
    migrate(database_url)
    engine = open_engine(database_url).alembic_engine()
    try:
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    finally:
        engine.dispose()


def test_a_consent_of_the_first_schema_holds_under_the_terms_of_its_version(database_url: str) -> None:
    migrate(database_url, "0001")
    with pytest.raises(ConfigurationError, match="newest schema"):
        check(database_url)
    insert(database_url, "agreement", _AGREEMENT)
    for version, retention in enumerate(("A year.", "Ten years."), start=1):
        text = agreement_text(retention=retention, controllers=["Test provider", "Test consumer"])
        stored, sha256 = canonical_text(AgreementText.model_validate(text))
        one = {"agreement_id": "a", "version": version, "text": stored, "sha256": sha256}
        insert(database_url, "agreement_version", {**one, "drafted_by": CONSUMER, "created_at": 1})
    insert(database_url, "consent", _CONSENT, {**_CONSENT, "id": "d", "agreement_version": 2, "entry_id": "f"})
    migrate(database_url)
    check(database_url)
    connection = read(database_url)
    try:
        row, first, second = agreements.find(connection, "a"), *(consents.find(connection, one) for one in "cd")
        assert row is not None
        assert first is not None
        assert second is not None
        terms._kept.clear()
        in_force = terms.facts(connection, row).purposes["with-consent"].digest
        assert first.terms == in_force
        assert second.terms != in_force
        # Of two that were active for the same, which could be then, the newest stays so.
        assert first._asdict() == {**_CONSENT, "terms": in_force, "status": "replaced"}
        assert second.status == "active"
        assert row.suspenders == [PROVIDER]
        assert json.loads(row.suspended_by or "") == [PROVIDER]
    finally:
        terms._kept.clear()
        connection.raw.close()


def test_of_several_active_consents_the_newest_in_force_stays(database_url: str) -> None:
    migrate(database_url, "0006")
    far = 32_503_680_000_000_000  # the year 3000
    rows = [{"id": f"c{n}", "requested_at": n, "expires_at": until} for n, until in enumerate((far, far, 3))]
    insert(database_url, "consent", *({**_CONSENT, "terms": "t", **row} for row in rows))
    migrate(database_url)
    connection = read(database_url)
    try:
        found = [consents.find(connection, f"c{n}") for n in range(3)]
        assert [row.status for row in found if row] == ["replaced", "active", "replaced"]
    finally:
        connection.raw.close()


def test_a_url_of_several_hosts_leads_to_the_one_that_answers(postgres_url: str) -> None:
    before, _, socket = postgres_url.partition("?host=")
    several = f"{before}?host=127.0.0.1,{socket}&port=1,5432"
    migrate(several)
    check(several)
    read(several).raw.close()
