"""What the ledger answers: checkpoints, tiles, entries, proofs, openings."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.db.connection import Connection
from gateway.db.store import Store
from gateway.ledger import repository
from gateway.ledger.errors import EntryPending, LedgerNotFound
from gateway.ledger.merkle import HASH, consistency_proof, inclusion_proof
from gateway.ledger.proofs import ConsistencyProof, InclusionProof
from gateway.ledger.tiles import WIDTH, TileNodes, TilePath, entry_bundle


@dataclass(frozen=True, slots=True)
class Opening:
    """What a commitment commits to: SHA-256(salt ‖ event). `event` is RFC 8785 JSON."""

    entry_id: str
    salt: bytes
    event: str


class Ledger:
    """Reads of the log, each from one committed state. Writing is `entry.append` and the sequencer."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def checkpoint(self) -> str:
        """The latest signed checkpoint. `LedgerNotFound` before the first entry is numbered."""
        return (await self._store.read(_latest))[1]

    async def tile(self, path: str) -> bytes:
        """A tile or an entry bundle by its path (`tile/0/000`, `tile/entries/000.p/12`). `LedgerNotFound`."""
        try:
            wanted = TilePath.parse(path)
        except ValueError:
            raise LedgerNotFound from None
        return await self._store.read(_tile, wanted)

    async def inclusion_of_entry(self, entry_id: str) -> InclusionProof:
        """The proof for an entry by its id, to the latest checkpoint. `EntryPending`, `LedgerNotFound`."""
        return await self._store.read(_inclusion_of_entry, entry_id)

    async def inclusion_of_commitment(self, commitment_hex: str) -> InclusionProof:
        """The proof for an entry by its commitment, to the latest checkpoint. `EntryPending`, `LedgerNotFound`."""
        return await self._store.read(_inclusion_of_commitment, commitment_hex)

    async def consistency(self, old: int, new: int) -> ConsistencyProof:
        """The proof between two sizes up to the latest checkpoint's. `LedgerNotFound`."""
        return await self._store.read(_consistency, old, new)

    async def opening(self, entry_id: str, agency_id: str) -> Opening:
        """An entry's opening, for an agency that is party to it. `LedgerNotFound` for others, or once forgotten."""
        return await self._store.read(_opening, entry_id, agency_id)


def _latest(connection: Connection) -> tuple[int, str]:
    found = repository.latest(connection)
    if found is None:
        raise LedgerNotFound
    return found.size, found.note


def _tile(connection: Connection, wanted: TilePath) -> bytes:
    size, _ = _latest(connection)
    level = wanted.level or 0
    if wanted.index * WIDTH + wanted.width > size >> 8 * level:
        raise LedgerNotFound
    if wanted.level is None:
        start = wanted.index * WIDTH
        return entry_bundle(repository.commitments(connection, start, start + wanted.width))
    return repository.tile(connection, level, wanted.index)[: wanted.width * HASH]


def _inclusion_of_entry(connection: Connection, entry_id: str) -> InclusionProof:
    found = repository.find(connection, entry_id)
    if found is None:
        raise LedgerNotFound
    if found[0] is None:
        raise EntryPending
    return _inclusion(connection, found[0], found[1])


def _inclusion_of_commitment(connection: Connection, commitment_hex: str) -> InclusionProof:
    try:
        commitment = bytes.fromhex(commitment_hex)
    except ValueError:
        raise LedgerNotFound from None
    index = repository.find_commitment(connection, commitment)
    if index is not None:
        return _inclusion(connection, index, commitment)
    if repository.is_pending(connection, commitment):
        raise EntryPending
    raise LedgerNotFound


def _inclusion(connection: Connection, index: int, commitment: bytes) -> InclusionProof:
    size, note = _latest(connection)
    hashes = inclusion_proof(index, size, _nodes(connection).node)
    return InclusionProof(
        leaf_index=index,
        tree_size=size,
        commitment=commitment.hex(),
        hashes=_encoded(hashes),
        checkpoint=note,
    )


def _consistency(connection: Connection, old: int, new: int) -> ConsistencyProof:
    size, _ = _latest(connection)
    if not 0 <= old <= new <= size:
        raise LedgerNotFound
    hashes = consistency_proof(old, new, _nodes(connection).node)
    notes = repository.checkpoints(connection, new - 1, new)
    return ConsistencyProof(
        old_size=old, new_size=new, hashes=_encoded(hashes), checkpoint=notes[0] if notes else None
    )


def _opening(connection: Connection, entry_id: str, agency_id: str) -> Opening:
    found = repository.opening(connection, entry_id)
    if found is None or agency_id not in found[2].split():
        raise LedgerNotFound
    return Opening(entry_id, found[0], found[1])


def _nodes(connection: Connection) -> TileNodes:
    return TileNodes(lambda level, index: repository.tile(connection, level, index))


def _encoded(hashes: Sequence[bytes]) -> list[str]:
    return [b64encode(data).decode() for data in hashes]
