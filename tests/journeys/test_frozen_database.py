"""A database that neither answers nor fails: the gateway still ends when it is told to."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psycopg

from tests.world import World

_SERVE = """
import sys
from pathlib import Path
from gateway import serve
from gateway.settings import Settings
serve.GRACE_SECONDS = 1.0
serve.serve(Settings.model_validate_json(Path(sys.argv[1]).read_text()), lambda: print("ready", flush=True))
"""
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'threekeys' AND datname = current_database()"


def test_a_gateway_ends_when_it_is_told_to_though_its_database_does_not_answer(
    postgres_url: str, tmp_path: Path
) -> None:
    with World(postgres_url) as world:
        world.stop()
        settings = tmp_path / "settings.json"
        settings.write_text(world.settings.model_copy(update={"drain_seconds": 1}).model_dump_json(by_alias=True))
        process = subprocess.Popen(
            [sys.executable, "-c", _SERVE, str(settings)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        while "ready" not in process.stdout.readline():
            assert process.poll() is None
        with psycopg.connect(postgres_url, autocommit=True) as connection:
            backends = [row[0] for row in connection.execute(_BACKENDS)]
        assert backends
        for pid in backends:
            os.kill(pid, signal.SIGSTOP)
        try:
            process.terminate()
            _, said = process.communicate(timeout=20)
        finally:
            for pid in backends:
                os.kill(pid, signal.SIGCONT)
            process.kill()
        assert process.returncode == 3
        assert "not everything could be closed in time" in said
