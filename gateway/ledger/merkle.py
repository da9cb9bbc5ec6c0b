"""The Merkle tree of RFC 6962 (section 2.1), and the proofs of RFC 9162 (section 2.1), over SHA-256. Pure.

A tree is given by a function `node(level, index)`: the hash of the complete subtree over the 2**level leaves from
leaf index * 2**level on. All else follows.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256

HASH = 32
EMPTY_ROOT = sha256(b"").digest()

Node = Callable[[int, int], bytes]


def leaf_hash(data: bytes) -> bytes:
    """The hash of an entry's data."""
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def root(size: int, node: Node) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _range(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """The hashes that lead from leaf `index` to the root of the first `size` leaves: PATH, leaf's end first."""
    if not 0 <= index < size:
        raise ValueError("no such leaf in a tree of this size")
    return _path(index, 0, size, node)


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """The hashes that show that the tree of the first `old` leaves is a prefix of that of `new`: PROOF."""
    if not 0 <= old <= new:
        raise ValueError("a tree is consistent with larger trees only")
    return [] if old in (0, new) else _subproof(old, 0, new, node, True)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], expected: bytes) -> bool:
    """Does `proof` lead from the leaf's hash to the root `expected`? (RFC 9162, section 2.1.3.2)"""
    if not 0 <= index < size:
        return False
    fn, sn, found = index, size - 1, leaf
    for sibling in proof:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            found = node_hash(sibling, found)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            found = node_hash(found, sibling)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and found == expected


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Is the tree of `old` leaves a prefix of that of `new`? (RFC 9162, section 2.1.4.2)"""
    if not 0 <= old <= new:
        return False
    if old == new:
        return not proof and old_root == new_root
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    steps = list(proof) if old & (old - 1) else [old_root, *proof]
    if not steps:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(step, fr), node_hash(step, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and fr == old_root and sr == new_root


class Frontier:
    """A tree that only grows: O(log n) memory, its root at any moment. For whoever reads a log from its start."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []

    def append(self, leaf: bytes) -> None:
        """Add the next leaf's hash."""
        size, found = self.size, leaf
        while size & 1:
            found = node_hash(self._peaks.pop(), found)
            size >>= 1
        self._peaks.append(found)
        self.size += 1

    def root(self) -> bytes:
        """The root of what was appended so far."""
        if not self._peaks:
            return EMPTY_ROOT
        found = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            found = node_hash(peak, found)
        return found


def _split(size: int) -> int:
    """The largest power of two smaller than `size`."""
    return 1 << ((size - 1).bit_length() - 1)


def _range(start: int, end: int, node: Node) -> bytes:
    size = end - start
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(size)
    return node_hash(_range(start, middle, node), _range(middle, end, node))


def _path(index: int, start: int, end: int, node: Node) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, middle, node), _range(middle, end, node)]
    return [*_path(index, middle, end, node), _range(start, middle, node)]


def _subproof(old: int, start: int, end: int, node: Node, whole: bool) -> list[bytes]:
    """SUBPROOF over leaves start..end, of which those before `old` are the older tree's."""
    if old == end:
        return [] if whole else [_range(start, end, node)]
    middle = start + _split(end - start)
    if old <= middle:
        return [*_subproof(old, start, middle, node, whole), _range(middle, end, node)]
    return [*_subproof(old, middle, end, node, False), _range(start, middle, node)]
