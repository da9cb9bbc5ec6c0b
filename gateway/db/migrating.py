"""Bring a database to the newest schema (Alembic). The scripts are in `gateway/migrations`."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from gateway.db.open import open_engine

SCRIPTS = Path(__file__).parent.parent / "migrations"


def migrate(url: str) -> None:
    """Upgrade to the newest schema; nothing to do where it is there. Raises what the driver raises."""
    engine = open_engine(url).alembic_engine()
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    engine.dispose()
