"""Setting up tells how far it is, package by package."""

import subprocess
from pathlib import Path

SCRIPTS = Path(__file__).parents[1] / "scripts"
PIP = """\
Looking in indexes: https://index.invalid/simple
Ignoring colorama: markers 'sys_platform == "win32"' don't match your environment
Collecting alembic==1.20.1 (from -r requirements-demo.txt (line 1))
  Downloading alembic-1.20.1-py3-none-any.whl (248 kB)
Processing /srv/wheels/annotated_types-0.8.0-py3-none-any.whl (from -r requirements-demo.txt (line 11))
Requirement already satisfied: psycopg-binary==3.3.9 in /venv/lib (from -r requirements-demo.txt (line 20)) (3.3.9)
Installing collected packages: alembic, annotated-types
Successfully installed alembic-1.20.1 annotated-types-0.8.0
"""


def test_each_package_that_pip_fetches_is_counted_and_named() -> None:
    done = subprocess.run([SCRIPTS / "progress", "4"], input=PIP, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "  2 of 4  alembic",
        "  3 of 4  annotated_types",
        "  4 of 4  psycopg-binary",
        "  unpacking 4 packages…",
    ]
