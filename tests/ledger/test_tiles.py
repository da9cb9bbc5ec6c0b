"""Tiles, held to the C2SP specification's own examples and to the tree."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.errors import LedgerCorrupt
from gateway.ledger.merkle import HASH, Frontier, inclusion_proof, leaf_hash, root, verify_inclusion
from gateway.ledger.tiles import WIDTH, TileNodes, TilePath, entry_bundle, extend


class Tiles:
    """Tiles in memory, written as the sequencer writes them."""

    def __init__(self) -> None:
        self.size = 0
        self.data: dict[tuple[int, int], bytes] = {}

    def read(self, level: int, index: int) -> bytes:
        return self.data.get((level, index), b"")

    def grow(self, leaves: list[bytes]) -> None:
        for change in extend(self.size, leaves, self.read):
            assert change.fresh == ((change.level, change.index) not in self.data)
            assert change.data.startswith(self.read(change.level, change.index)), "a tile grows at its end only"
            self.data[change.level, change.index] = change.data
        self.size += len(leaves)


def test_a_tree_of_70000_entries_has_the_tiles_that_the_specification_counts() -> None:
    tiles = Tiles()
    leaves = [leaf_hash(n.to_bytes(4, "big")) for n in range(70_000)]
    tiles.grow(leaves)
    widths = {key: len(data) // HASH for key, data in tiles.data.items()}
    full = {level: sum(w == WIDTH for (lvl, _), w in widths.items() if lvl == level) for level in range(3)}
    partial = {level: [w for (lvl, _), w in widths.items() if lvl == level and w < WIDTH] for level in range(3)}
    assert full == {0: 273, 1: 1, 2: 0}
    assert partial == {0: [112], 1: [17], 2: [1]}
    frontier = Frontier()
    for leaf in leaves:
        frontier.append(leaf)
    nodes = TileNodes(tiles.read)
    assert root(70_000, nodes.node) == frontier.root()
    for index in (0, 255, 256, 65_535, 65_536, 69_999):
        assert verify_inclusion(
            leaves[index], index, 70_000, inclusion_proof(index, 70_000, nodes.node), frontier.root()
        )


def test_growing_in_any_steps_gives_the_same_tiles_and_the_right_root() -> None:
    seed = 7
    chance = random.Random(seed)
    leaves = [leaf_hash(n.to_bytes(4, "big")) for n in range(1_200)]
    whole = Tiles()
    whole.grow(leaves)
    for _ in range(5):
        stepwise, frontier, start = Tiles(), Frontier(), 0
        while start < len(leaves):
            end = min(start + chance.choice((1, 2, 200, 256, 300)), len(leaves))
            stepwise.grow(leaves[start:end])
            for leaf in leaves[start:end]:
                frontier.append(leaf)
            assert root(end, TileNodes(stepwise.read).node) == frontier.root()
            start = end
        assert stepwise.data == whole.data, f"seed {seed}"


def test_a_missing_or_narrow_tile_is_noticed() -> None:
    tiles = Tiles()
    tiles.grow([leaf_hash(b"x")] * 300)
    tiles.data[0, 1] = tiles.data[0, 1][:-HASH]
    with pytest.raises(LedgerCorrupt, match="tile/0/001"):
        root(300, TileNodes(tiles.read).node)
    with pytest.raises(LedgerCorrupt, match="tile/0/001"):
        extend(300, [leaf_hash(b"y")], tiles.read)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("tile/0/000", TilePath(0, 0)),
        ("tile/3/x001/x234/067", TilePath(3, 1_234_067)),
        ("tile/63/999.p/255", TilePath(63, 999, 255)),
        ("tile/entries/x001/000.p/1", TilePath(None, 1000, 1)),
    ],
)
def test_a_path_is_read_and_written_as_the_specification_says(path: str, expected: TilePath) -> None:
    assert TilePath.parse(path) == expected
    assert str(expected) == path


@pytest.mark.parametrize(
    "path",
    ["", "tile/0/0", "tile/00/000", "tile/64/000", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01",
     "tile/0/x000/001", "tile/0/001/002", "tile/0/x001", "tile/data/000", "tile/0/000/", "/tile/0/000",
     "tile/0/٠٠٠", "tile/0/000\n", "tile/-1/000", "tile/0/../000"],
)  # fmt: skip
def test_what_is_no_path_of_a_tile_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="not a tile's path"):
        TilePath.parse(path)


@given(st.integers(0, 63), st.integers(0, 2**48), st.integers(1, 256))
def test_every_path_is_read_back(level: int, index: int, width: int) -> None:
    path = TilePath(level, index, width)
    assert TilePath.parse(str(path)) == path


def test_a_bundle_holds_each_entry_after_its_length() -> None:
    assert entry_bundle([b"abc", bytes(32)]) == b"\x00\x03abc\x00\x20" + bytes(32)
