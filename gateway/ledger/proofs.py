"""Proofs as they cross the wire: everything that an offline check needs beside a public key."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Annotated

from pydantic import AfterValidator, Field

from gateway.ledger.merkle import HASH, leaf_hash, verify_consistency, verify_inclusion
from schemas.base import WireModel, shown
from schemas.examples import ledger as examples


def _is_hash(text: str) -> str:
    try:
        data = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        data = b""
    if len(data) != HASH:
        raise ValueError("expected 32 bytes in base64")
    return text


Hash = Annotated[str, AfterValidator(_is_hash)]
Size = Annotated[int, Field(ge=0, lt=2**63)]
CommitmentHex = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class InclusionProof(WireModel):
    """Entry `leaf_index`, whose data is `commitment`, is in the tree that `checkpoint` signs (RFC 9162, 2.1.3)."""

    model_config = shown(examples.INCLUDED)

    leaf_index: Size
    tree_size: Size
    commitment: CommitmentHex
    hashes: Annotated[list[Hash], Field(max_length=64)]
    checkpoint: str

    def leads_to(self, root: bytes) -> bool:
        """Do the hashes lead from the commitment to this root of the tree of `tree_size`?"""
        leaf = leaf_hash(bytes.fromhex(self.commitment))
        return verify_inclusion(leaf, self.leaf_index, self.tree_size, _decoded(self.hashes), root)


class ConsistencyProof(WireModel):
    """The tree of `old_size` is a prefix of that of `new_size` (RFC 9162, 2.1.4); the note is that of the newer one
    where the log signed it at that size."""

    model_config = shown(examples.CONSISTENT)

    old_size: Size
    new_size: Size
    hashes: Annotated[list[Hash], Field(max_length=64)]
    checkpoint: str | None = None

    def connects(self, old_root: bytes, new_root: bytes) -> bool:
        """Do the hashes show that the older root's tree is a prefix of the newer root's?"""
        return verify_consistency(self.old_size, self.new_size, old_root, new_root, _decoded(self.hashes))


def _decoded(hashes: list[str]) -> list[bytes]:
    return [b64decode(text) for text in hashes]
