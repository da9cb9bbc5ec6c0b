"""The sandbox's people and its real systems, each started once a run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from gateway.sandbox.people import Person, people, write_seed
from tests.sandbox.running import SYSTEMS, Running, started

TODAY = datetime.now(UTC).date()
BENEFITS = {"BENEFITS_CLIENT_ID": "threekeys", "BENEFITS_CLIENT_SECRET": "an-open-secret"}
PRIMARY_CARE = {"PRIMARY_CARE_KEY": "a-key-of-the-sandbox"}


@pytest.fixture(scope="session")
def everyone() -> dict[str, Person]:
    """The people by handle."""
    return {person.handle: person for person in people(TODAY)}


@pytest.fixture(scope="session")
def seed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The seed file."""
    path = tmp_path_factory.mktemp("seed") / "people.json"
    write_seed(path, TODAY)
    return path


@pytest.fixture(scope="session")
def licensing(postgres_server: str, seed: Path) -> str:
    """The licensing register in a database of its own; the URL is that of the role that may only read."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE licensing")
    url = make_url(postgres_server).set(database="licensing")
    fill_licensing(seed, url.render_as_string(hide_password=False))
    return url.set(username="drivers_reader").render_as_string(hide_password=False)


def fill_licensing(seed: Path, url: str) -> str:
    """Run the licensing system once; returns what it printed."""
    command = [sys.executable, "-I", str(SYSTEMS / "licensing.py"), "--seed", str(seed), "--url", url]
    ended = subprocess.run(command, capture_output=True, text=True, cwd="/", env=dict(os.environ), timeout=60)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


@pytest.fixture(scope="session")
def benefits(seed: Path) -> Iterator[Running]:
    """The benefits API."""
    with started("benefits", "--seed", seed, "--port", "0", environment=BENEFITS) as running:
        yield running


@pytest.fixture(scope="session")
def primary_care(seed: Path) -> Iterator[Running]:
    """The primary care system."""
    with started("primary_care", "--seed", seed, "--port", "0", environment=PRIMARY_CARE) as running:
        yield running


@pytest.fixture(scope="session")
def council(seed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder in which the council drops its files."""
    directory = tmp_path_factory.mktemp("council")
    with started("council", "--seed", seed, "--directory", directory):
        yield directory
