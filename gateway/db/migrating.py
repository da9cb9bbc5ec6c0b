"""Bring a database to the newest schema (Alembic). The scripts are in `gateway/migrations`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from gateway.db.open import open_engine

SCRIPTS = Path(__file__).parent.parent / "migrations"


def migrate(url: str) -> None:
    """Upgrade to the newest schema; nothing to do where it is there. Raises what the driver raises."""
    engine = open_engine(url).alembic_engine()
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()


def schema_is_old(url: str) -> bool:
    """Whether the database answers and lacks the newest schema."""
    engine = open_engine(url).alembic_engine()
    try:
        with engine.connect() as connection:
            there = MigrationContext.configure(connection).get_current_revision()
    except OperationalError:
        return False
    finally:
        engine.dispose()
    return there != ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
