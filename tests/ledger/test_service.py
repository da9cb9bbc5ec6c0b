"""What the ledger answers, checked as a stranger would: with the public key and the tiles alone."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from gateway.ledger.checkpoint import Checkpoint
from gateway.ledger.entry import append
from gateway.ledger.errors import EntryPending, LedgerNotFound
from gateway.ledger.merkle import HASH, leaf_hash, root
from gateway.ledger.proofs import InclusionProof
from gateway.ledger.service import Ledger
from gateway.ledger.tiles import TileNodes, TilePath
from gateway.ledger.verify import verify_lines
from tests.ledger.log import ORIGIN, Append, opened

Run = Callable[[Any], Any]


def test_proofs_by_entry_and_by_commitment_lead_to_the_signed_root(
    run: Run, database_url: str, tmp_path: Path
) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            made = await log.append(*(f"event {n}" for n in range(300)))
            await log.sequencer.number()
            ledger = Ledger(log.store)
            checkpoint = Checkpoint.open(await ledger.checkpoint(), ORIGIN, log.verifiers())
            for entry in (made[0], made[255], made[256], made[299]):
                proof = await ledger.inclusion_of_entry(entry.entry_id)
                assert proof == await ledger.inclusion_of_commitment(entry.commitment_hex)
                assert proof.commitment == entry.commitment_hex
                assert proof.leads_to(checkpoint.root)
                assert InclusionProof.model_validate_json(proof.model_dump_json()) == proof
                assert not proof.model_copy(update={"commitment": "0" * 64}).leads_to(checkpoint.root)

    run(body())


def test_an_entry_without_a_number_is_pending_and_an_unknown_one_is_not_there(
    run: Run, database_url: str, tmp_path: Path
) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            ledger = Ledger(log.store)
            with pytest.raises(LedgerNotFound):
                await ledger.checkpoint()
            (entry,) = await log.append("one")
            for pending in (
                ledger.inclusion_of_entry(entry.entry_id),
                ledger.inclusion_of_commitment(entry.commitment_hex),
            ):
                with pytest.raises(EntryPending) as caught:
                    await pending
                assert caught.value.headers == {"Retry-After": "1"}
            for unknown in ("", "xyz", "00" * 32):
                with pytest.raises(LedgerNotFound):
                    await ledger.inclusion_of_entry(unknown)
                with pytest.raises(LedgerNotFound):
                    await ledger.inclusion_of_commitment(unknown)

    run(body())


def test_every_two_checkpoints_are_consistent(run: Run, database_url: str, tmp_path: Path) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            ledger = Ledger(log.store)
            checkpoints = []
            for n in (1, 2, 254, 10):
                await log.append(*(f"event {m}" for m in range(n)))
                await log.sequencer.number()
                checkpoints.append(Checkpoint.open(await ledger.checkpoint(), ORIGIN, log.verifiers()))
            assert [checkpoint.size for checkpoint in checkpoints] == [1, 3, 257, 267]
            for old in checkpoints:
                for new in checkpoints:
                    if old.size > new.size:
                        with pytest.raises(LedgerNotFound):
                            await ledger.consistency(old.size, new.size)
                        continue
                    proof = await ledger.consistency(old.size, new.size)
                    assert proof.connects(old.root, new.root)
                    assert proof.checkpoint is not None
                    assert Checkpoint.open(proof.checkpoint, ORIGIN, log.verifiers()) == new
                    assert not proof.connects(bytes(HASH), new.root)
            assert (await ledger.consistency(2, 266)).checkpoint is None
            with pytest.raises(LedgerNotFound):
                await ledger.consistency(1, 268)

    run(body())


def test_tiles_and_bundles_are_enough_to_recompute_the_root(run: Run, database_url: str, tmp_path: Path) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            ledger = Ledger(log.store)
            await log.append(*(f"event {m}" for m in range(300)))
            await log.sequencer.number()
            first = Checkpoint.open(await ledger.checkpoint(), ORIGIN, log.verifiers())
            await log.append(*(f"event {m}" for m in range(20)))
            await log.sequencer.number()
            fetched = {
                (path.level, path.index): await ledger.tile(str(path))
                for path in (TilePath(0, 0), TilePath(0, 1, 44), TilePath(1, 0, 1))
            }
            nodes = TileNodes(lambda level, index: fetched[level, index])
            assert root(300, nodes.node) == first.root
            bundle = await ledger.tile("tile/entries/001.p/44")
            entries = [bundle[start + 2 : start + 34] for start in range(0, len(bundle), 34)]
            assert bundle[:2] == b"\x00\x20"
            assert b"".join(map(leaf_hash, entries)) == fetched[0, 1]
            for absent in ("tile/0/001", "tile/0/001.p/65", "tile/1/000.p/2", "tile/2/000.p/1", "tile/9/000", "x"):
                with pytest.raises(LedgerNotFound):
                    await ledger.tile(absent)

    run(body())


def test_an_opening_is_shown_to_its_parties_only_and_opens_the_commitment(
    run: Run, database_url: str, tmp_path: Path
) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            ledger = Ledger(log.store)
            (entry,) = await log.store.commit(Append(("one",), parties=("licensing", "council")))
            for party in ("licensing", "council"):
                opening = await ledger.opening(entry.entry_id, party)
                assert sha256(opening.salt + opening.event.encode()).hexdigest() == entry.commitment_hex
                assert opening.salt == entry.salt
            for stranger in ("benefits", "licens", "licensing council", "", " "):
                with pytest.raises(LedgerNotFound):
                    await ledger.opening(entry.entry_id, stranger)

    run(body())


def test_forgetting_deletes_salt_and_event_and_every_proof_still_verifies(
    run: Run, database_url: str, tmp_path: Path
) -> None:
    async def body() -> None:
        async with opened(database_url, tmp_path / "keys") as log:
            ledger = Ledger(log.store)
            made = await log.append("one", "a name to forget", "three")
            await log.sequencer.number()
            before = await ledger.inclusion_of_entry(made[1].entry_id)
            assert await log.forget(made[1].entry_id, "unknown") == 1
            with pytest.raises(LedgerNotFound):
                await ledger.opening(made[1].entry_id, "licensing")
            assert await ledger.inclusion_of_entry(made[1].entry_id) == before
            lines = await log.exported()
            report = verify_lines(lines)
            assert (report.problem, report.entries, report.openings) == (None, 3, 2)
            assert "a name to forget" not in "".join(lines)
            assert made[1].salt.hex() not in "".join(lines)

    run(body())


def test_equal_events_have_unequal_commitments(run: Run, tmp_path: Path) -> None:
    async def body() -> None:
        async with opened(f"sqlite:///{tmp_path / 'l.db'}", tmp_path / "keys") as log:
            made = await log.append(*["the same"] * 50)
            assert len({entry.commitment_hex for entry in made}) == 50
            assert len({entry.salt for entry in made}) == 50

    run(body())


def test_an_event_has_a_kind(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="kind"):
        append(None, {"name": "x"})  # type: ignore[arg-type]  # it is refused before the transaction is touched
