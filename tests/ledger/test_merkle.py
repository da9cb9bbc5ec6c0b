"""The tree, held to the recursive definition of RFC 6962 for every size up to 130, and attacks on its proofs."""

import random
from hashlib import sha256

from gateway.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    Node,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root,
    verify_consistency,
    verify_inclusion,
)

MOST = 130
DATA = [n.to_bytes(4, "big") for n in range(MOST)]
LEAVES = [leaf_hash(data) for data in DATA]


def naive(data: list[bytes]) -> bytes:
    """MTH, word for word as in RFC 6962, section 2.1."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    k = 1
    while k * 2 < len(data):
        k *= 2
    return sha256(b"\x01" + naive(data[:k]) + naive(data[k:])).digest()


def naive_path(m: int, data: list[bytes]) -> list[bytes]:
    """PATH, word for word."""
    if len(data) == 1:
        return []
    k = 1
    while k * 2 < len(data):
        k *= 2
    if m < k:
        return [*naive_path(m, data[:k]), naive(data[k:])]
    return [*naive_path(m - k, data[k:]), naive(data[:k])]


def nodes(leaves: list[bytes]) -> Node:
    """Complete subtrees over these leaves."""

    def node(level: int, index: int) -> bytes:
        start = index << level
        assert start + (1 << level) <= len(leaves), "only complete subtrees are asked for"
        frontier = Frontier()
        for leaf in leaves[start : start + (1 << level)]:
            frontier.append(leaf)
        return frontier.root()

    return node


ROOTS = [naive(DATA[:size]) for size in range(MOST + 1)]
NODE = nodes(LEAVES)


def test_the_root_is_that_of_the_definition_for_every_size() -> None:
    frontier = Frontier()
    assert root(0, NODE) == EMPTY_ROOT == frontier.root()
    for size in range(1, MOST + 1):
        frontier.append(LEAVES[size - 1])
        assert root(size, nodes(LEAVES[:size])) == ROOTS[size] == frontier.root()


def test_the_roots_are_those_of_the_known_answers_of_certificate_transparency() -> None:
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [leaf_hash(bytes.fromhex(text)) for text in inputs]
    known = {
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    for size, expected in known.items():
        assert root(size, nodes(leaves[:size])).hex() == expected


def test_inclusion_proofs_are_those_of_the_definition_and_verify() -> None:
    for size in range(1, MOST + 1):
        node = nodes(LEAVES[:size])
        for index in range(size):
            proof = inclusion_proof(index, size, node)
            if size <= 40:
                assert proof == naive_path(index, DATA[:size])
            assert verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size])


def test_an_inclusion_proof_fits_one_leaf_one_place_one_size_and_one_root() -> None:
    for size in (1, 2, 3, 7, 8, 13, 64, 65):
        for index in range(size):
            proof = inclusion_proof(index, size, NODE)
            for other in range(size):
                if other != index:
                    assert not verify_inclusion(LEAVES[other], index, size, proof, ROOTS[size])
                    assert not verify_inclusion(LEAVES[index], other, size, proof, ROOTS[size])
            assert not verify_inclusion(LEAVES[index], index, size, proof, ROOTS[size + 1])
            assert not verify_inclusion(LEAVES[index], index, size, [*proof, LEAVES[0]], ROOTS[size])
            if proof:
                assert not verify_inclusion(LEAVES[index], index, size, proof[:-1], ROOTS[size])
                assert not verify_inclusion(LEAVES[index], index, size, [*proof[:-1], bytes(32)], ROOTS[size])
            for bad in (-1, size, size + 1):
                assert not verify_inclusion(LEAVES[index], bad, size, proof, ROOTS[size])


def test_an_inner_node_is_not_taken_for_a_leaf() -> None:
    pair = LEAVES[0] + LEAVES[1]  # what the inner node over the first two leaves hashes
    assert verify_inclusion(NODE(1, 0), 0, 2, [NODE(1, 1)], ROOTS[4])
    assert not verify_inclusion(leaf_hash(pair), 0, 2, [NODE(1, 1)], ROOTS[4])


def test_consistency_proofs_verify_for_every_pair_of_sizes() -> None:
    for new in range(MOST + 1):
        node = nodes(LEAVES[:new])
        for old in range(new + 1):
            proof = consistency_proof(old, new, node)
            assert verify_consistency(old, new, ROOTS[old], ROOTS[new], proof)
            if proof:
                assert not verify_consistency(old, new, ROOTS[old], ROOTS[new], proof[:-1])
                assert not verify_consistency(old, new, ROOTS[old], ROOTS[new], [*proof, LEAVES[0]])
                assert not verify_consistency(old, new, ROOTS[old + 1], ROOTS[new], proof) or old + 1 == new


def test_a_forked_tree_is_consistent_with_no_checkpoint_from_before_the_fork() -> None:
    seed = 20261124
    print(f"seed {seed}")
    chance = random.Random(seed)
    for _ in range(300):
        new = chance.randint(2, MOST)
        old = chance.randint(1, new - 1)
        changed = chance.randrange(old)
        fork = [*LEAVES[:changed], leaf_hash(b"another history"), *LEAVES[changed + 1 : new]]
        forked_root = root(new, nodes(fork))
        for source in (nodes(fork), NODE):  # a proof made from either history
            proof = consistency_proof(old, new, source)
            assert not verify_consistency(old, new, ROOTS[old], forked_root, proof)


def test_a_fork_after_the_older_tree_is_a_growth_of_it() -> None:
    fork = [*LEAVES[:50], leaf_hash(b"another history")]
    proof = consistency_proof(50, 51, nodes(fork))
    assert verify_consistency(50, 51, ROOTS[50], root(51, nodes(fork)), proof)
    assert not verify_consistency(50, 51, ROOTS[50], ROOTS[51], proof)
