"""A database that was migrated has the tables that the rooms declare, no more and no less."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from gateway.db.migrating import migrate
from gateway.db.open import open_engine
from gateway.migrations.tables import METADATA


def test_the_newest_schema_is_what_the_rooms_declare(database_url: str) -> None:
    migrate(database_url)
    engine = open_engine(database_url).alembic_engine()
    try:
        with engine.connect() as connection:
            assert compare_metadata(MigrationContext.configure(connection), METADATA) == []
    finally:
        engine.dispose()
