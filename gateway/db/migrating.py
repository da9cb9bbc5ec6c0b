"""Bring a database to the newest schema (Alembic). The scripts are in `gateway/migrations`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError

from gateway.db.open import open_engine
from gateway.settings import ConfigurationError

SCRIPTS = Path(__file__).parent.parent / "migrations"


def migrate(url: str, revision: str = "head") -> None:
    """Upgrade to the newest schema, or to a revision; nothing to do where it is there. Raises as the driver does."""
    engine = open_engine(url).alembic_engine()
    config = _config()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


def check(url: str) -> None:
    """Raises `ConfigurationError` where the database does not answer, or lacks the newest schema."""
    engine = open_engine(url).alembic_engine()
    try:
        with engine.connect() as connection:
            there = MigrationContext.configure(connection).get_current_revision()
    except DBAPIError as error:
        raise ConfigurationError(f"the database cannot be reached: {said(error)}") from None
    finally:
        engine.dispose()
    if there != ScriptDirectory.from_config(_config()).get_current_head():
        raise ConfigurationError("the database has not the newest schema: run `threekeys migrate` first")


def said(error: DBAPIError) -> str:
    """The first line of what the driver says; a connection's failure names host, port, user, and no password."""
    return str(error.orig).partition("\n")[0].strip()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    return config
