"""Tiles: the tree as C2SP tlog-tiles stores and serves it (https://c2sp.org/tlog-tiles). Pure.

A tile holds up to 256 hashes; each hash of a tile at level l+1 is the root of one full tile at level l. A tile only
ever grows at its end, so a narrower tile is a prefix of a wider one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.ledger.errors import LedgerCorrupt
from gateway.ledger.merkle import HASH, node_hash

HEIGHT = 8
WIDTH = 1 << HEIGHT
FULL = WIDTH * HASH

ReadTile = Callable[[int, int], bytes]
"""(level, index) -> the tile's hashes so far, empty where there is none."""

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9]|[1-5]\d|6[0-3])/(?P<index>(?:x\d{3}/)*\d{3})"
    r"(?:\.p/(?P<width>[1-9]\d?|1\d\d|2[0-4]\d|25[0-5]))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class TilePath:
    """The name of a tile. `level` is None for a bundle of entries; `width` is 256 for a full tile."""

    level: int | None
    index: int
    width: int = WIDTH

    @classmethod
    def parse(cls, path: str) -> "TilePath":
        """From `tile/0/x001/x234/067.p/12`; a ValueError where it is not such a path in its one canonical form."""
        match = _PATH.fullmatch(path)
        if match is None:
            raise ValueError("not a tile's path")
        level = None if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        found = cls(level, index, int(match["width"] or WIDTH))
        if str(found) != path:
            raise ValueError("not a tile's path: too many zeroes")
        return found

    def __str__(self) -> str:
        rest, last = divmod(self.index, 1000)
        elements = [f"{last:03d}"]
        while rest:
            rest, part = divmod(rest, 1000)
            elements.insert(0, f"x{part:03d}")
        level = "entries" if self.level is None else str(self.level)
        partial = f".p/{self.width}" if self.width < WIDTH else ""
        return f"tile/{level}/{'/'.join(elements)}{partial}"


@dataclass(frozen=True, slots=True)
class TileChange:
    """A tile to write: `fresh` where no row of it exists yet."""

    level: int
    index: int
    data: bytes
    fresh: bool


class TileNodes:
    """The nodes of a tree whose tiles `read` gives; each tile is read once."""

    def __init__(self, read: ReadTile) -> None:
        self._read = read
        self._tiles: dict[tuple[int, int], bytes] = {}

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete subtree. `LedgerCorrupt` where its tile is missing or too narrow."""
        tile_level, height = divmod(level, HEIGHT)
        first = index << height
        tile = first // WIDTH
        data = self._tiles.get((tile_level, tile))
        if data is None:
            data = self._tiles[tile_level, tile] = self._read(tile_level, tile)
        start = first % WIDTH * HASH
        end = start + (HASH << height)
        if len(data) < end:
            raise LedgerCorrupt(f"{TilePath(tile_level, tile)} is missing or too narrow")
        return subtree(data[start:end])


def subtree(hashes: bytes) -> bytes:
    """The root over a power of two of concatenated hashes."""
    row = [hashes[i : i + HASH] for i in range(0, len(hashes), HASH)]
    while len(row) > 1:
        row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
    return row[0]


def extend(size: int, leaves: Sequence[bytes], read: ReadTile) -> list[TileChange]:
    """What to write so that a tree of `size` leaves has `leaves` (hashes) after them."""
    changes: list[TileChange] = []
    level, hashes = 0, leaves
    while hashes:
        first, width = divmod(size, WIDTH)
        held = read(level, first)[: width * HASH] if width else b""
        if len(held) != width * HASH:
            raise LedgerCorrupt(f"{TilePath(level, first)} is missing or too narrow")
        row = held + b"".join(hashes)
        tiles = [row[start : start + FULL] for start in range(0, len(row), FULL)]
        changes += [TileChange(level, first + n, data, fresh=n > 0 or width == 0) for n, data in enumerate(tiles)]
        hashes = [subtree(data) for data in tiles if len(data) == FULL]
        size, level = first, level + 1
    return changes


def entry_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries, each after its length as a big-endian uint16."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)
