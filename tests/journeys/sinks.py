"""Everything that a gateway writes or says, as named bytes, for the search for what must not be in them."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
from sqlmodel import SQLModel

from gateway.db.connection import Connection
from tests.journeys.canaries import Canary, Leak, Search
from tests.journeys.chatter import Call
from tests.journeys.realm import Realm
from tests.journeys.source import Read

SAID = ("errors", "answers", "urls")


@dataclass(slots=True)
class Sinks:
    """Name -> places, each a name and its bytes."""

    found: dict[str, list[tuple[str, bytes]]] = field(default_factory=dict)

    def put(self, sink: str, place: str, data: bytes) -> None:
        """Keep these bytes."""
        self.found.setdefault(sink, []).append((place, data))

    def say(self, kind: str, call: Call, answer: httpx.Response) -> None:
        """Keep an answer: all of it, but the record that was rightly released."""
        heads = b"\n".join(name + b": " + value for name, value in answer.headers.raw)
        content = answer.content
        if answer.status_code == 201 and call.path == "/v1/exchanges":
            body = answer.json()
            body.pop("record", None)
            content = json.dumps(body, ensure_ascii=False).encode()
        sink = "errors" if answer.status_code >= 400 else "answers"
        self.put(sink, kind, heads + b"\n\n" + content)
        for name in ("location", "link", "www-authenticate"):
            if name in answer.headers:
                self.put("urls", kind, answer.headers[name].encode())

    def read(self, reads: list[Read]) -> None:
        """The addresses at which the source was asked."""
        for read in reads:
            self.put("urls", "the source's log", read.target.encode())

    def leaks(self, search: Search) -> list[tuple[str, Leak]]:
        """(sink, leak) of every value found anywhere."""
        return [
            (sink, leak)
            for sink, places in self.found.items()
            for place, data in _joined(places)
            for leak in search.leaks(data, place)
        ]

    def size(self, sink: str) -> int:
        """Its bytes."""
        return sum(len(data) for _, data in self.found.get(sink, ()))


def _joined(places: list[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Places of one name together, so that many small ones are one search."""
    by_name: dict[str, list[bytes]] = {}
    for place, data in places:
        by_name.setdefault(place, []).append(data)
    for place, parts in by_name.items():
        yield place, b"\n".join(parts)


def tables(realm: Realm) -> bytes:
    """Every row of every table, written out: what a page's compression might hide."""

    def read(connection: Connection) -> list[Any]:
        return [row for table in SQLModel.metadata.sorted_tables for row in connection.all(table.select())]

    rows = realm.in_gateway(lambda gateway: gateway.store.read(read))
    return b"\n".join(
        cell if isinstance(cell, bytes) else str(cell).encode() for row in rows for cell in row if cell is not None
    )


def sqlite_files(sinks: Sinks, path: Path) -> None:
    """The database file, and the write-ahead log beside it, as they are now."""
    sinks.put("database", path.name, path.read_bytes())
    for more in ("-wal", "-shm"):
        file = path.with_name(path.name + more)
        if file.exists():
            sinks.put("write-ahead log", file.name, file.read_bytes())


def postgres_files(sinks: Sinks, url: str) -> None:
    """The server's whole data directory once all is written to it; its log too."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        row = connection.execute("SHOW data_directory").fetchone()
    assert row is not None
    folder = Path(row[0])
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            name = str(file.relative_to(folder))
            sinks.put("write-ahead log" if name.startswith("pg_wal") else "database", name, file.read_bytes())


def install(folder: Path, module: Path, kind: str, name: str) -> dict[str, str]:
    """Install a distribution that offers an adapter, in a folder; the environment in which it is found."""
    folder.mkdir()
    (folder / module.name).write_text(module.read_text())
    about = folder / f"{kind}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {kind}\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[threekeys.adapters]\n{kind} = {module.stem}:{name}\n")
    path = os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))
    return {**os.environ, "PYTHONPATH": path}


def identifiers(one: Canary) -> dict[str, str]:
    """Their identifiers, as an identity provider knows them."""
    return {"nino": one.nino, "nhs-number": one.nhs_number}
