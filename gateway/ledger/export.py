"""The whole log as JSON lines, for whoever wants to recompute it without us.

One header, then for every 256 entries: the stored tile of their hashes, the entries in order, and the checkpoints
that end among them. With `openings`, an entry carries its salt and event where these are not forgotten.

    {"threekeysLedgerExport": 1, "origin": "…", "size": 1234, "keys": ["origin+id+key", …], "handOvers": ["…", …]}
    {"tile": "tile/0/000", "hashes": "base64"}
    {"seq": 0, "id": "…", "commitment": "hex", "salt": "hex", "event": {…}}
    {"checkpoint": "a signed note"}
"""

import json
from base64 import b64encode
from collections.abc import Sequence
from typing import TextIO

from gateway.db.connection import Connection
from gateway.ledger import repository
from gateway.ledger.errors import LedgerNotFound
from gateway.ledger.merkle import HASH
from gateway.ledger.note import Verifier
from gateway.ledger.tiles import WIDTH, TilePath
from gateway.signing.keys import SigningKey

VERSION = 1


def export(connection: Connection, out: TextIO, keys: Sequence[SigningKey], *, openings: bool = True) -> int:
    """Write the log up to its latest checkpoint; returns how many entries. `LedgerNotFound` while there is none.

    `keys` are all checkpoint keys that ever signed, oldest first. What is appended meanwhile is left for the next
    export.
    """
    latest = repository.latest(connection)
    if latest is None:
        raise LedgerNotFound
    size, origin = latest.size, latest.origin
    header = {
        "threekeysLedgerExport": VERSION,
        "origin": origin,
        "size": size,
        "keys": [str(Verifier(origin, key.public_bytes())) for key in keys],
        "handOvers": [key.hand_over for key in keys if key.hand_over],
    }
    _write(out, header)
    for start in range(0, size, WIDTH):
        end = min(start + WIDTH, size)
        hashes = repository.tile(connection, 0, start // WIDTH)[: (end - start) * HASH]
        path = TilePath(0, start // WIDTH, end - start)
        _write(out, {"tile": str(path), "hashes": b64encode(hashes).decode()})
        for entry_id, seq, commitment, salt, event in repository.exported(connection, start, end):
            line: dict[str, object] = {"seq": seq, "id": entry_id, "commitment": commitment.hex()}
            if openings and salt is not None:
                line |= {"salt": salt.hex(), "event": json.loads(event)}
            _write(out, line)
        for note in repository.checkpoints(connection, start, end):
            _write(out, {"checkpoint": note})
    return size


def _write(out: TextIO, line: dict[str, object]) -> None:
    out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
